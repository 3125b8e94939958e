import { expect, test } from 'vitest'
import type { StoredRange } from '../worker/stage.ts'
import { createShardMeter, type MeteredInsert } from './shard-meter.ts'

const NOW = Date.UTC(2026, 4, 4, 8)
const sender = { cluster: 'c', collector: 'k', boot: 'b' }
const range = (from: number, to: number, more: Partial<StoredRange> = {}): StoredRange => ({
  sender,
  from,
  to,
  minTsMs: NOW,
  maxTsMs: NOW,
  reachMs: NOW,
  rows: 1,
  ...more,
})
const staged = (more: Partial<MeteredInsert> = {}): MeteredInsert => ({
  poison: [],
  stored: [],
  lost: [],
  samples: { rows: 0, rejected: new Map() },
  ...more,
})

test('what was asked for is counted once, and what came of it', () => {
  const meter = createShardMeter(() => NOW)
  meter.asked(sender, { from: 5, to: 9 })
  meter.asked(sender, { from: 5, to: 9 })
  expect([meter.batchesAsked, meter.batchesReceived]).toEqual([5, 0])
  meter.stored(staged({ stored: [range(5, 6), range(20, 30)] }), [], 1)
  expect(meter.batchesReceived).toBe(2)
  // The rest of the hole is asked for again: nothing new.
  meter.asked(sender, { from: 7, to: 9 })
  meter.stored(staged({ stored: [range(7, 9)] }), [], 1)
  expect([meter.batchesAsked, meter.batchesReceived]).toEqual([5, 5])
  meter.stored(staged({ stored: [range(10, 12)] }), [], 1)
  expect(meter.batchesReceived).toBe(5)
})

test('of the ranges asked for the latest are remembered, newest first and no more than eight', () => {
  const meter = createShardMeter(() => NOW)
  for (let at = 1; at <= 20; at += 1)
    meter.asked({ ...sender, boot: `b${at}` }, { from: at, to: at })
  expect(meter.recentResends).toHaveLength(8)
  expect(meter.recentResends[0]).toEqual({
    at_ms: NOW,
    cluster: 'c',
    collector: 'k',
    from_seq: 20,
    to_seq: 20,
  })
})

test('gaps count by reason with their batches; a message only the quarantine has is no gap', () => {
  const meter = createShardMeter(() => NOW)
  const lost = { sender, atMs: NOW }
  meter.stored(
    staged({
      lost: [
        { ...lost, range: { from: 1, to: 10 }, reason: 'spool_full' },
        { ...lost, range: { from: 20, to: 20 }, reason: 'spool_full' },
        { ...lost, range: { from: 30, to: 31 } },
      ],
    }),
    [],
    1,
  )
  expect([...meter.gaps]).toEqual([['spool_full', 2]])
  expect([...meter.gapBatches]).toEqual([['spool_full', 11]])
})

test('the newest sample is never older than it was, and records alone have none', () => {
  const meter = createShardMeter(() => NOW)
  meter.stored(staged({ stored: [range(1, 1, { rows: 0, maxTsMs: NOW + 5_000 })] }), [], 1)
  expect(meter.newestSampleMs).toBeNull()
  meter.stored(staged({ stored: [range(2, 2)] }), [], 1)
  meter.stored(staged({ stored: [range(3, 3, { maxTsMs: NOW - 3_600_000 })] }), [], 1)
  expect(meter.newestSampleMs).toBe(NOW)
})

test('an insert is observed once, with values refused by metric', () => {
  const meter = createShardMeter(() => NOW)
  const rejected = new Map([['power_watts', 3]])
  meter.stored(staged({ samples: { rows: 80, rejected } }), [], 20)
  meter.stored(staged({ samples: { rows: 80, rejected } }), [], -5)
  expect([...meter.rejected]).toEqual([['power_watts', 6]])
  expect(meter.insertSeconds.recent()).toMatchObject({ count: 2, max: 0.02 })
  expect(meter.insertRows.recent()?.max).toBe(80)
})
