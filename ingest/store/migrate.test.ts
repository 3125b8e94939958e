import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { pendingMigrations, readMigrations } from './migrate.ts'
import { migrationStatements } from './migration-text.ts'

const folder = fileURLToPath(new URL('./migrations', import.meta.url))
const file = (number: number, sha256: string) => ({
  number,
  name: `00${number}-x`,
  sha256,
  source: '',
})
const row = (number: number, sha256: string) => ({ number, name: `00${number}-x`, sha256 })

test('only what was not applied is pending', () => {
  const files = [file(1, 'a'), file(2, 'b')]
  expect(pendingMigrations(files, [row(1, 'a')])).toEqual([files[1]])
  expect(pendingMigrations(files, [row(1, 'a'), row(1, 'a'), row(2, 'b')])).toEqual([])
})

test('an applied migration that changed, or that this program does not have, stops the start', () => {
  const changed = () => pendingMigrations([file(1, 'a')], [row(1, 'other')])
  expect(changed).toThrow(expect.objectContaining({ code: 'E_MIGRATION_CHANGED' }))
  const newer = () => pendingMigrations([file(1, 'a')], [row(1, 'a'), row(2, 'b')])
  expect(newer).toThrow(expect.objectContaining({ code: 'E_MIGRATION_CHANGED' }))
})

test('the migrations of this repository are numbered without gaps and render in both profiles', async () => {
  const migrations = await readMigrations(folder)
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1))
  for (const { source, name } of migrations) {
    for (const profile of [{ kind: 'single' }, { kind: 'cluster', cluster: 'c' }] as const) {
      const statements = migrationStatements(source, profile)
      expect(statements.length, name).toBeGreaterThan(0)
      expect(statements.join('\n').replaceAll(/--.*$/gm, ''), name).not.toMatch(/\{\{/)
    }
  }
})
