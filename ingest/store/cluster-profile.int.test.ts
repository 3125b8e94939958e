import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { readMigrations } from './migrate.ts'
import { migrationStatements } from './migration-text.ts'

/** The cluster profile as far as one engine can say: every statement is its grammar, and means what it should. */

const folder = fileURLToPath(new URL('./migrations', import.meta.url))
const migrations = await readMigrations(folder)
const profile = { kind: 'cluster', cluster: 'fleet' } as const
let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())

/** The statement as the engine understood it; rejects with its complaint. */
async function understood(statement: string): Promise<string> {
  const [row] = await engine.store.query('SELECT formatQuerySingleLine({text:String}) AS text', {
    text: statement,
  })
  return String(Object(row).text)
}

describe.each(migrations)('$name for a cluster', ({ source }) => {
  const statements = migrationStatements(source, profile)

  it("is in the engine's grammar, statement by statement", async () => {
    for (const statement of statements) {
      const text = await understood(statement)
      expect(text.length, statement).toBeGreaterThan(10)
      // What it prints is the same statement to it.
      expect(await understood(text)).toBe(text)
    }
  })

  it('reaches every server, and every table that holds rows is replicated', async () => {
    for (const statement of statements) {
      const text = await understood(statement)
      expect(text, text).toContain('ON CLUSTER fleet')
      if (!text.startsWith('CREATE TABLE')) continue
      const [, name = '', engineName = ''] =
        /^CREATE TABLE IF NOT EXISTS (\w+) .*?ENGINE = (\w+)/.exec(text) ?? []
      expect(engineName, text).toMatch(
        name.endsWith('_local') ? /^Replicated\w*MergeTree$/ : /^Distributed$/,
      )
    }
  })

  it('changes columns of the tables with rows before those of the distributed ones over them', async () => {
    // Settings of merges and indexes are of the tables with rows alone.
    const columns = statements.filter((text) => !/ (MODIFY SETTING|ADD INDEX)\b/.test(text))
    const altered = columns.flatMap((text) => /^ALTER TABLE (\w+)/m.exec(text)?.[1] ?? [])
    for (const [index, name] of altered.entries())
      if (name.endsWith('_local')) expect(altered[index + 1]).toBe(name.replace(/_local$/, ''))
      else expect(altered[index - 1]).toBe(`${name}_local`)
  })
})

it('the engine refuses what is not its grammar, so the test above can fail', async () => {
  await expect(
    understood('CREATE TABLE IF NOT EXISTS x (a UInt8 ENGINE = MergeTree'),
  ).rejects.toThrow(/Syntax error/)
})
