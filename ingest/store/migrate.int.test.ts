import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { migrate } from './migrate.ts'
import { connectStore } from './store.ts'

const log: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const profile = { kind: 'single' } as const
let engine: TestEngine
let folder: string
let databases = 0
let database: string

beforeAll(async () => {
  engine = await startTestEngine()
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-migrations-'))
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  databases += 1
  database = `migrated_${databases}`
})

const connection = () => ({
  url: engine.url,
  user: engine.user,
  password: engine.password,
  database,
})
const run = (from?: string) =>
  migrate({
    connection: connection(),
    profile,
    log,
    ...(from === undefined ? {} : { folder: from }),
  })

test('the schema of this repository is created, and a second run has nothing to do', async () => {
  const applied = await run()
  expect(applied[0]).toBe('001-tables')
  expect(await run()).toEqual([])
  const store = connectStore(connection())
  const tables = await store.query(
    'SELECT name FROM system.tables WHERE database = {database:String}',
    {
      database,
    },
  )
  expect(tables).toContainEqual({ name: 'samples' })
  await store.close()
})

test('a file that stopped half way is run again, and one that changed after it was applied is refused', async () => {
  const path = join(folder, '001-x.sql')
  const good = 'CREATE TABLE IF NOT EXISTS a (id UInt8) ENGINE = {{engine:MergeTree}} ORDER BY id'
  await writeFile(path, `${good}\n;\nCREATE TABLE b (broken`)
  await expect(run(folder)).rejects.toThrow(/001-x, statement 2: /)
  await writeFile(path, `${good}\n;\n`)
  expect(await run(folder)).toEqual(['001-x'])
  await writeFile(path, `${good} -- harmless\n;\n`)
  await expect(run(folder)).rejects.toMatchObject({ code: 'E_MIGRATION_CHANGED' })
})

test('two programs that migrate at once leave one record of each', async () => {
  await Promise.all([run(), run()])
  const store = connectStore(connection())
  const rows = await store.query(
    'SELECT number, toUInt32(count()) AS n FROM schema_migrations GROUP BY number HAVING n > 1',
  )
  expect(rows).toEqual([])
  await store.close()
})
