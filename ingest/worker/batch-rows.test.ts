import { expect, test } from 'vitest'
import { batchColumns, batchJson, batchRows } from './batch-rows.ts'
import { iso } from './rows.ts'

const T0 = Date.UTC(2026, 4, 1)
const sender = { cluster: 'c', collector: 'k', boot: 'b' }
const range = { sender, from: 3, to: 5, minTsMs: T0, maxTsMs: T0 + 9, reachMs: T0 + 20, rows: 24 }
const rows = batchRows({
  stored: [range],
  lost: [{ sender, range: { from: 6, to: 7 }, atMs: T0 + 0.5 }],
})

test('columns and the JSON of a note say the same of every row', () => {
  const intent = { shard: 2, epoch: 'e#1', first: 10, last: 11, leftOut: [] }
  const columns = batchColumns(rows, intent, T0 + 99)
  const place = { shard: 2, epoch: 'e#1', first_position: 10, last_position: 11 }
  for (const [index, row] of rows.entries()) {
    const native = columns.map(({ name, type, values }) => {
      const value = values[index]
      return [name, type.startsWith('Date') ? iso(Number(value)) : value]
    })
    const json = { reach_at: iso(0), ...batchJson(row), ...place, inserted_at: iso(T0 + 99) }
    const plain = native.map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value,
    ])
    expect(Object.fromEntries(plain)).toEqual(json)
  }
})

test('what was given up has no samples and reaches nowhere', () => {
  expect(rows.slice(1).map(batchJson)).toEqual([
    {
      ...sender,
      first_seq: 6,
      last_seq: 7,
      min_ts: iso(T0),
      max_ts: iso(T0),
      row_count: 0,
      lost: 1,
    },
  ])
})
