import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import type { NativeColumn } from './native-block.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(async () => {
  await engine.stop()
})

const TABLE = `CREATE OR REPLACE TABLE rows_t (
  ts DateTime64(3, 'UTC'), id UInt64, model LowCardinality(String), power Nullable(Float32),
  joules Nullable(Float64), flags UInt8 DEFAULT 0
) ENGINE = MergeTree PARTITION BY toYYYYMMDD(ts) ORDER BY (id, ts)
SETTINGS non_replicated_deduplication_window = 1000`

beforeEach(async () => {
  await engine.store.command(TABLE)
})

const DAY_MS = 86_400_000
const START_MS = Date.UTC(2026, 0, 1)

/** Rows spread over `days` partitions; every tenth power is null. */
function columns(rows: number, days: number, startMs = START_MS): NativeColumn[] {
  const ts = new Float64Array(rows)
  const id = new BigUint64Array(rows)
  const power = new Float32Array(rows)
  const nulls = new Uint8Array(rows)
  const joules = new Float64Array(rows)
  const model: string[] = []
  for (let row = 0; row < rows; row += 1) {
    ts[row] = startMs + (row % days) * DAY_MS + row
    id[row] = 2n ** 63n + BigInt(row)
    power[row] = row / 2
    nulls[row] = row % 10 === 0 ? 1 : 0
    joules[row] = 1e10 + row
    model.push(row % 2 === 0 ? '昇腾 910B' : "H100 'SXM' \\ \n\t")
  }
  return [
    { name: 'ts', type: "DateTime64(3, 'UTC')", values: ts },
    { name: 'id', type: 'UInt64', values: id },
    { name: 'model', type: 'String', values: model },
    { name: 'power', type: 'Nullable(Float32)', values: power, nulls },
    { name: 'joules', type: 'Nullable(Float64)', values: joules },
  ]
}

const count = async () => {
  const [row] = await engine.store.query('SELECT toUInt32(count()) AS rows FROM rows_t')
  return row
}

test('a Native block comes back value for value', async () => {
  await engine.store.insertNative('rows_t', columns(3, 2), 3, 't1')
  const rows = await engine.store.query(
    'SELECT toUnixTimestamp64Milli(ts) AS ms, id, model, power, joules, flags FROM rows_t ORDER BY id',
  )
  const h100 = "H100 'SXM' \\ \n\t"
  expect(rows).toEqual([
    {
      ms: String(START_MS),
      id: '9223372036854775808',
      model: '昇腾 910B',
      power: null,
      joules: 1e10,
      flags: 0,
    },
    {
      ms: String(START_MS + DAY_MS + 1),
      id: '9223372036854775809',
      model: h100,
      power: 0.5,
      joules: 1e10 + 1,
      flags: 0,
    },
    {
      ms: String(START_MS + 2),
      id: '9223372036854775810',
      model: '昇腾 910B',
      power: 1,
      joules: 1e10 + 2,
      flags: 0,
    },
  ])
})

test('200,000 rows over five partitions go in as one insert and once per token', async () => {
  const block = columns(200_000, 5)
  await engine.store.insertNative('rows_t', block, 200_000, 'big')
  await engine.store.insertNative('rows_t', block, 200_000, 'big')
  expect(await count()).toEqual({ rows: 200_000 })
  const [sums] = await engine.store.query(
    'SELECT toUInt32(countIf(power IS NULL)) AS nulls, sum(joules) - count() * 1e10 AS joules FROM rows_t',
  )
  expect(sums).toEqual({ nulls: 20_000, joules: (200_000 * 199_999) / 2 })
})

test('an insert under another token is not swallowed by an earlier one, and equal rows are kept', async () => {
  await engine.store.insertNative('rows_t', columns(10, 1), 10, 'a')
  await engine.store.insertNative('rows_t', columns(10, 1), 10, 'b')
  await engine.store.command('INSERT INTO rows_t (ts, id) SELECT now64(3), 1')
  await engine.store.command('INSERT INTO rows_t (ts, id) SELECT now64(3), 1')
  expect(await count()).toEqual({ rows: 22 })
})

test('INSERT ... SELECT takes a token too', async () => {
  const sql = 'INSERT INTO rows_t (ts, id) SELECT {at:DateTime64(3)}, number FROM numbers(7)'
  const at = '2026-01-01 00:00:00.125'
  await engine.store.command(sql, { at }, { token: 'settle:1' })
  await engine.store.command(sql, { at }, { token: 'settle:1' })
  await engine.store.command(sql, { at }, { token: 'settle:2' })
  expect(await count()).toEqual({ rows: 14 })
})

test('rows as JSON keep 64-bit integers, times and nulls, once per token', async () => {
  const row = {
    ts: '2026-01-01T00:00:00.250Z',
    id: 2n ** 64n - 1n,
    model: 'x',
    power: null,
    flags: 3,
  }
  await engine.store.insertJson('rows_t', [row], 'json')
  await engine.store.insertJson('rows_t', [row], 'json')
  const rows = await engine.store.query(
    'SELECT toUnixTimestamp64Milli(ts) AS ms, id, power, flags FROM rows_t',
  )
  expect(rows).toEqual([
    { ms: String(START_MS + 250), id: '18446744073709551615', power: null, flags: 3 },
  ])
})

test('rows as JSON with an unknown column are refused whole', async () => {
  const bad = engine.store.insertJson('rows_t', [{ id: 1 }, { id: 2, nope: 1 }], 'unknown')
  await expect(bad).rejects.toThrow(/nope/)
  expect(await count()).toEqual({ rows: 0 })
})

test('a cut Native block is refused whole', async () => {
  const response = await fetch(
    `${engine.url}/?database=plimsoll&query=${encodeURIComponent('INSERT INTO rows_t FORMAT Native')}`,
    { method: 'POST', headers: engine.headers, body: Buffer.from([1, 200, 1, 2, 105, 100]) },
  )
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(await response.text()).toMatch(/^Code: \d+\. DB::Exception/)
  expect(await count()).toEqual({ rows: 0 })
})
