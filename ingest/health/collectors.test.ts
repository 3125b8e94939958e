import { expect, test } from 'vitest'
import type { CollectorStatus } from '../worker/record-rows.ts'
import { createCollectorTable, stateOf } from './collectors.ts'

const NOW = Date.UTC(2026, 4, 4, 8)
const status = (name: string, more: Partial<CollectorStatus> = {}): CollectorStatus => ({
  sender: { cluster: 'c', collector: name, boot: 'b' },
  atMs: NOW,
  receivedAtMs: NOW,
  shiftMs: 0,
  simulated: false,
  record: {
    kind: 'collector_status',
    at_ms: NOW,
    node: 'n',
    version: '0.3.0',
    interval_ms: 60_000,
    started_at_ms: NOW - 1_000,
    stopping: false,
    devices: 8,
    targets: { ok: 1, failed: 0, absent: 0 },
    batches: 1,
    rows: 1,
    published: 1,
    refused: 0,
    resent: 0,
    lost: 0,
    dropped_records: 0,
    watermark_ms: null,
    spool: {
      bytes: 10,
      max_bytes: 100,
      waiting: 1,
      oldest_ms: NOW - 5_000,
      memory_bytes: 0,
      memory_batches: 0,
      dropped: 0,
      damaged: 0,
      disk_errors: 0,
      alarm: '',
    },
    rss_bytes: 1,
    cpu_seconds: 1,
  },
  ...more,
})
const withSpool = (name: string, bytes: number) => {
  const one = status(name)
  return { ...one, record: { ...one.record, spool: { ...one.record.spool, bytes } } }
}

test('a collector is silent after two and a half of its intervals, unless it said that it stops', () => {
  const one = status('k')
  expect(stateOf(one, NOW + 150_000)).toBe('reporting')
  expect(stateOf(one, NOW + 150_001)).toBe('silent')
  const stopping = { ...one, record: { ...one.record, stopping: true } }
  expect(stateOf(stopping, NOW + 3_600_000)).toBe('stopped')
})

test('an older word that comes late does not replace a newer one', () => {
  const table = createCollectorTable()
  table.note([withSpool('k', 50)])
  table.note([{ ...withSpool('k', 99), atMs: NOW - 60_000 }])
  expect(table.takeRows().map((row) => row.spool_bytes)).toEqual([50])
  expect(table.takeRows()).toEqual([])
})

test('rows that could not be written come again, but never over a newer word', () => {
  const table = createCollectorTable()
  table.note([withSpool('a', 1), withSpool('b', 2)])
  const rows = table.takeRows()
  table.note([{ ...withSpool('a', 3), atMs: NOW + 1 }])
  table.restore(rows)
  expect(table.takeRows().map((row) => [row.collector, row.spool_bytes])).toEqual([
    ['a', 3],
    ['b', 2],
  ])
})

test('only the five fullest spools are named, however many collectors there are', () => {
  const table = createCollectorTable()
  table.note(Array.from({ length: 50 }, (_, at) => withSpool(`k${at}`, at)))
  const families = table.families(NOW + 1_000)
  const of = (name: string) => families.find((family) => family.name === name)?.samples ?? []
  expect(of('collectors_worst_spool_ratio').map(({ labels }) => labels?.['collector'])).toEqual([
    'k49',
    'k48',
    'k47',
    'k46',
    'k45',
  ])
  expect(of('collectors_worst_spool_age_seconds')[0]?.value).toBe(6)
  expect(of('collectors_spool_bytes')).toEqual([{ value: 1_225 }])
  expect(of('collectors').map(({ labels, value }) => [labels?.['state'], value])).toEqual([
    ['reporting', 50],
    ['silent', 0],
    ['stopped', 0],
  ])
})

test('nobody heard of has no sum: unknown, not 0', () => {
  const table = createCollectorTable()
  expect(table.spoolBytes(NOW)).toBeNull()
  expect(table.families(NOW).some(({ name }) => name === 'collectors_spool_bytes')).toBe(false)
  table.note([status('k')])
  expect(table.spoolBytes(NOW)).toBe(10)
  expect(table.spoolBytes(NOW + 2 * 86_400_000)).toBeNull()
})

test('impossible times of a collector become times the store can hold', () => {
  const one = status('k')
  const record = { ...one.record, started_at_ms: 8.64e15, watermark_ms: 0 }
  const table = createCollectorTable()
  table.note([{ ...one, shiftMs: -60_000, record }])
  const [row] = table.takeRows()
  expect(row?.started_at).toBe(new Date(NOW).toISOString())
  expect(row?.watermark_at).toBe(new Date(0).toISOString())
})
