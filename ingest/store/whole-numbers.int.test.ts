import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BUSY_SOURCES, DEVICE_METRICS } from '#schemas/metrics.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { migrate } from './migrate.ts'
import type { NativeColumn } from './native-block.ts'
import { connectStore, type Store } from './store.ts'
import { FLAG_BUSY_IS_COUNTER, NEW_ARRAYS, WHOLE_NUMBERS, wholeColumns } from './whole-numbers.ts'

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const AT = '2026-05-01T00:00:00.000Z'
let engine: TestEngine
let older = ''
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  older = await mkdtemp(join(tmpdir(), 'plimsoll-migrations-'))
  for (const file of await readdir(FOLDER))
    if (file < '011') await cp(join(FOLDER, file), join(older, file))
})
afterAll(async () => {
  await engine.stop()
  await rm(older, { recursive: true, force: true })
})

async function emptyStore(database: string, folder?: string): Promise<Store> {
  const connection = { url: engine.url, user: engine.user, password: engine.password, database }
  const profile = { kind: 'single' } as const
  await migrate({ connection, profile, log: silent, ...(folder === undefined ? {} : { folder }) })
  return connectStore(connection)
}

it('every stored number reads back as the very float that came in, under the name of its metric', async () => {
  const floats = [
    0, 1, 0.123456, 0.1, 1e-6, 0.333333343267440796, 0.9999999, 123.456, 2_000_000, 3e9,
  ]
  const doubles = [0, 1e9 + 0.001, 123_456_789.123, 1 / 3, 9e15, 320_000_000_000.123]
  const rows = floats.length + 1
  const values = new Float32Array([...floats, 0])
  const nulls = Uint8Array.from({ length: rows }, (_, row) => (row === rows - 1 ? 1 : 0))
  const energy = Float64Array.from({ length: rows }, (_, row) => doubles[row] ?? row / 8)
  const columns: NativeColumn[] = [
    {
      name: 'device_id',
      type: 'UInt64',
      values: BigUint64Array.from(nulls, (_, row) => BigInt(row)),
    },
    { name: 'step_ms', type: 'UInt32', values: new Uint32Array(rows).fill(10_000) },
  ]
  for (const as of WHOLE_NUMBERS.values()) {
    const given = as.type === 'Int32' ? { values, nulls } : { values: energy, nulls }
    columns.push(...wholeColumns(given, as, NEW_ARRAYS))
  }
  await engine.store.insertNative('samples', columns, rows, 'whole')
  const names = [...WHOLE_NUMBERS.keys()]
  const read = await engine.store.query(
    `SELECT ${names.join(', ')} FROM samples ORDER BY device_id`,
  )
  expect(read).toHaveLength(rows)
  for (const [name, as] of WHOLE_NUMBERS)
    expect(
      read.map((row) => toNumber(Object(row)[name], as.type === 'Int32')),
      name,
    ).toEqual(
      Array.from(as.type === 'Int32' ? values : energy, (value, row) =>
        nulls[row] === 1 ? null : value,
      ),
    )
})

/** JSON has the shortest decimal of a Float32. */
const toNumber = (value: unknown, isFloat32: boolean) =>
  value === null ? null : isFloat32 ? Math.fround(Number(value)) : Number(value)

it('busy_ratio is the counter that busy_source names where the row says so, else its own', async () => {
  const store = await emptyStore('busy')
  const row = { ts: AT, step_ms: 10_000, busy_ratio_f32: 0.0625 }
  const counters = {
    gr_engine_active_ratio_ppm: 125_000,
    gpu_util_ratio: 0.25,
    npu_util_ratio: 0.5,
    aicore_ratio: 0.75,
  }
  const rows = BUSY_SOURCES.flatMap((_, busy_source) => [
    { ...row, ...counters, device_id: busy_source, busy_source, flags: FLAG_BUSY_IS_COUNTER },
    { ...row, ...counters, device_id: 10 + busy_source, busy_source, flags: 1 },
  ])
  await store.insertJson('samples', rows, 'busy')
  const read = await store.query('SELECT busy_ratio AS busy FROM samples ORDER BY device_id')
  const own = BUSY_SOURCES.map(() => ({ busy: 0.0625 }))
  const copied = [null, 0.125, 0.25, 0.5, 0.75, null, null].map((busy) => ({ busy }))
  expect(read).toEqual([...copied, ...own])
  await store.close()
})

it('what was stored as floats before stays what it was; a migration that ran and was forgotten runs again', async () => {
  const store = await emptyStore('before', older)
  const values = Object.fromEntries(
    DEVICE_METRICS.map(({ name, min, max }, at) => [
      name,
      Math.min(max, Math.max(min, 1 / (at + 2))),
    ]),
  )
  for (const code of ['row_remap_failed', 'row_remap_pending', 'xid_code', 'health_code'])
    values[code] = 1
  const names = DEVICE_METRICS.filter(({ wire }) => wire === 'f32' || wire === 'f64').map(
    ({ name }) => name,
  )
  const floats = Object.fromEntries(names.map((name) => [name, values[name]]))
  const row = { ts: AT, device_id: 1, step_ms: 10_000, busy_source: 1, flags: 1 }
  await store.insertJson(
    'samples',
    [
      { ...row, ...floats },
      { ...row, device_id: 2 },
    ],
    'old',
  )
  const question = `SELECT ${names.join(', ')} FROM samples ORDER BY device_id`
  const before = await store.query(question)
  await store.close()
  const migrated = await emptyStore('before')
  expect(await migrated.query(question)).toEqual(before)
  // As if the program had died between the change and its note.
  await migrated.command("DELETE FROM schema_migrations WHERE name = '011-whole-numbers'")
  await migrated.close()
  const again = await emptyStore('before')
  expect(await again.query(question)).toEqual(before)
  await again.close()
})
