import { expect, it } from 'vitest'
import { silent } from '../worker/ingest.testing.ts'
import { createCapacity, OPEN_MS, type CapacityInterval } from './capacity.ts'
import { createCorrections } from './corrections.ts'

const T0 = Date.UTC(2026, 4, 1)
const HOUR = 3_600_000
const interval = (id: bigint, fromMs: number, toMs = OPEN_MS, version = 1): CapacityInterval => ({
  deviceId: id,
  fromMs,
  toMs,
  reason: 'inventory',
  detail: '',
  version,
})
const row = (kind: string, { deviceId, fromMs, toMs, version, reason }: CapacityInterval) => ({
  kind,
  device_id: String(deviceId),
  from_ms: String(fromMs),
  to_ms: String(toMs),
  reason,
  detail: '',
  version: String(version),
})

/** Corrections over rows that the test changes, with a clock that goes on by itself. */
function world(intervals: readonly CapacityInterval[]) {
  const capacity = createCapacity({ intervals, nodes: new Map(), pending: [] })
  const rows = intervals.map((one) => row('capacity', one))
  const touched: (readonly [from: number, to: number, reason: string])[] = []
  const adopted: CapacityInterval[] = []
  let nowMs = T0
  let reads = 0
  const store = {
    async query(sql: string) {
      if (sql.includes('digest')) return [{ intervals: '0', digest: JSON.stringify(rows) }]
      reads += 1
      return rows
    },
  }
  const plan = {
    begin: () => undefined,
    horizonMs: () => T0 - 24 * HOUR,
    touch: (from: number, to: number, reason: string) => void touched.push([from, to, reason]),
  }
  const parts = { store, capacity, intervals, plan, log: silent }
  const corrections = createCorrections({
    ...parts,
    clock: () => (nowMs += 60_000),
    onAdopted: (found) => void adopted.push(...found),
  })
  return { corrections, capacity, rows, touched, adopted, reads: () => reads }
}

it('a moved end touches what lies between the old and the new one, and capacity follows', async () => {
  const { corrections, capacity, rows, touched, adopted } = world([interval(1n, T0)])
  await corrections.look()
  expect([touched, adopted]).toEqual([[], []])
  rows[0] = row('capacity', interval(1n, T0, T0 + 5 * HOUR, 2))
  await corrections.look()
  expect(touched).toEqual([[T0 + 5 * HOUR, Infinity, 'capacity corrected']])
  expect(adopted.map(({ toMs }) => toMs)).toEqual([T0 + 5 * HOUR])
  expect(capacity.acceptedDevices).toBe(0)
  rows[0] = row('capacity', interval(1n, T0, T0 + 7 * HOUR, 3))
  await corrections.look()
  expect(touched.at(-1)).toEqual([T0 + 5 * HOUR, T0 + 7 * HOUR, 'capacity corrected'])
})

it('an interval taken back touches all of it, and its device is in capacity no more', async () => {
  const { corrections, capacity, rows, touched } = world([interval(1n, T0, T0 + HOUR)])
  rows[0] = row('capacity', interval(1n, T0, T0, 2))
  await corrections.look()
  expect(touched).toEqual([[T0, T0 + HOUR, 'capacity corrected']])
  expect(capacity.acceptedDevices).toBe(0)
})

it('an inventory that begins before the discovered time takes its place, and the device stays in capacity', async () => {
  const { corrections, capacity, rows, touched } = world([
    { ...interval(1n, T0 + HOUR), reason: 'discovered' },
  ])
  await corrections.look()
  // As the store has them, by start.
  rows.unshift(row('capacity', interval(1n, T0)))
  rows[1] = row('capacity', interval(1n, T0 + HOUR, T0 + HOUR, 2))
  // The mirror tells capacity before it writes.
  capacity.adopt([interval(1n, T0), interval(1n, T0 + HOUR, T0 + HOUR, 2)])
  expect(capacity.acceptedDevices).toBe(1)
  await corrections.look()
  expect(capacity.isAccepted(1n)).toBe(true)
  expect(touched).toEqual([[T0, Infinity, 'capacity corrected']])
})

it('what this process wrote itself is no correction', async () => {
  const { corrections, capacity, rows, touched } = world([])
  await corrections.look()
  const own = { ...interval(2n, T0), reason: 'discovered' }
  capacity.adopt([own])
  rows.push(row('capacity', own))
  const closed = capacity.retire(2n, T0 + HOUR, T0 + HOUR)
  await corrections.look()
  expect(closed?.toMs).toBe(T0 + HOUR)
  // The open row was superseded before anybody looked: touched once more than needed, never less.
  expect(touched.length).toBeLessThanOrEqual(1)
})

it('a drained interval that is corrected touches its own window, one that is merely found at the start does not', async () => {
  const { corrections, rows, touched } = world([])
  rows.push(row('drained', interval(3n, T0, T0 + 4 * HOUR)))
  await corrections.look()
  expect(touched).toEqual([])
  rows[0] = row('drained', interval(3n, T0, T0 + 3 * HOUR, 2))
  rows.push(row('failed', interval(3n, T0 + HOUR, T0 + 2 * HOUR)))
  await corrections.look()
  expect(touched).toEqual([
    [T0 + 3 * HOUR, T0 + 4 * HOUR, 'drained corrected'],
    [T0 + HOUR, T0 + 2 * HOUR, 'failed corrected'],
  ])
})

it('reads the rows only when their digest changed', async () => {
  const { corrections, rows, reads } = world([interval(1n, T0)])
  for (let look = 0; look < 5; look += 1) await corrections.look()
  expect(reads()).toBe(1)
  rows.push(row('capacity', interval(4n, T0)))
  await corrections.look()
  expect(reads()).toBe(2)
})

it('an inventory of many devices touches one stretch, no older than what can be settled', async () => {
  const { corrections, rows, touched } = world([])
  await corrections.look()
  const year = 365 * 24 * HOUR
  for (let id = 1n; id <= 5_000n; id += 1n)
    rows.push(row('capacity', interval(id, T0 - 3 * year + Number(id) * HOUR)))
  rows.push(row('capacity', interval(9_999n, T0 - 3 * year, T0 - 2 * year)))
  await corrections.look()
  expect(touched).toEqual([[T0 - 24 * HOUR, Infinity, 'capacity corrected']])
})
