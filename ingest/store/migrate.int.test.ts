import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { migrate } from './migrate.ts'
import { type LockTiming, whileLocked } from './migration-lock.ts'
import { connectStore, type Store } from './store.ts'

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

test('of two programs that migrate at once one waits, and what is written meanwhile stays', async () => {
  const applied = await Promise.all([run(), run()])
  expect(applied).toContainEqual([])
  expect(applied.flat()).toContain('001-tables')
  const store = connectStore(connection())
  const rows = await store.query(
    'SELECT number, toUInt32(count()) AS n FROM schema_migrations GROUP BY number HAVING n > 1',
  )
  expect(rows).toEqual([])
  expect(await store.query('EXISTS TABLE schema_migrating')).toEqual([{ result: 0 }])
  await store.close()
})

test('a migration that failed lets the next one in at once', async () => {
  const path = join(folder, '001-x.sql')
  await writeFile(path, 'CREATE TABLE b (broken')
  await expect(run(folder)).rejects.toThrow(/001-x, statement 1: /)
  await writeFile(path, 'CREATE TABLE IF NOT EXISTS b (id UInt8) ENGINE = Memory')
  expect(await run(folder)).toEqual(['001-x'])
})

describe('the lock', () => {
  const hold = (store: Store, work: () => Promise<void>, timing?: LockTiming) =>
    whileLocked({ store, profile, log }, work, timing)
  let store: Store

  beforeEach(async () => {
    await writeFile(
      join(folder, '001-x.sql'),
      'CREATE TABLE IF NOT EXISTS b (id UInt8) ENGINE = Memory',
    )
    await run(folder)
    store = connectStore(connection())
  })
  afterEach(() => store.close())

  test('of a program that lives is waited for, however long it takes', async () => {
    const order: string[] = []
    const timing = { renewMs: 400, staleMs: 1_500 }
    const first = hold(
      store,
      async () => {
        order.push('first begins')
        await sleep(3_500)
        order.push('first ends')
      },
      timing,
    )
    await expect.poll(() => order.length).toBe(1)
    await hold(store, async () => void order.push('second'), timing)
    await first
    expect(order).toEqual(['first begins', 'first ends', 'second'])
  })

  test('of a program that is gone is taken', async () => {
    await store.command('CREATE TABLE schema_migrating (holder String) ENGINE = Memory')
    const begin = Date.now()
    await hold(store, async () => undefined, { renewMs: 500, staleMs: 1_000 })
    expect(Date.now() - begin).toBeGreaterThan(1_000)
  })
})
