import type { ResendAsked } from '#schemas/pipeline-report.ts'
import type { Clock } from '#schemas/role.ts'
import type { Sender } from '../worker/delivery.ts'
import type { Accepted } from '../worker/read-message.ts'
import type { SeqRange } from '../worker/seq-ranges.ts'
import type { Staged } from '../worker/stage.ts'
import {
  BYTES_BOUNDS,
  COUNT_BOUNDS,
  createHistogram,
  type Histogram,
  SECONDS_BOUNDS,
} from './histogram.ts'

/** What of an insert is counted. */
export type MeteredInsert = Pick<Staged, 'poison' | 'stored' | 'lost'> & {
  readonly samples: Pick<Staged['samples'], 'rows' | 'rejected'>
}

/** Numbers of one shard that need more than a counter. Fed once per insert, never per message. */
export interface ShardMeter {
  readonly insertSeconds: Histogram
  readonly insertRows: Histogram
  readonly insertMessages: Histogram
  readonly insertBytes: Histogram
  insertedBytes: number
  /** Time of the newest stored sample, epoch ms. */
  newestSampleMs: number | null
  /** When a collector was last told what is stored, epoch ms. */
  watermarkMs: number | null
  readonly quarantined: Map<string, number>
  readonly rejected: Map<string, number>
  /** Ranges given up by collectors, and the batches in them, by reason. */
  readonly gaps: Map<string, number>
  readonly gapBatches: Map<string, number>
  batchesAsked: number
  batchesReceived: number
  /** The latest ranges asked for, newest first. */
  readonly recentResends: ResendAsked[]
  stored(staged: MeteredInsert, kept: readonly Accepted[], tookMs: number): void
  asked(sender: Sender, range: SeqRange): void
}

/** Ranges asked for that have not come yet; beyond, the oldest is forgotten and no longer counted when it comes. */
const WAITING_MAX = 10_000
const RECENT_MAX = 8

interface Waiting extends SeqRange {
  readonly key: string
}

export function createShardMeter(clock: Clock): ShardMeter {
  const waiting = new Map<string, Waiting>()
  const meter: ShardMeter = {
    insertSeconds: createHistogram(SECONDS_BOUNDS, clock),
    insertRows: createHistogram(COUNT_BOUNDS, clock),
    insertMessages: createHistogram(COUNT_BOUNDS, clock),
    insertBytes: createHistogram(BYTES_BOUNDS, clock),
    insertedBytes: 0,
    newestSampleMs: null,
    watermarkMs: null,
    quarantined: new Map(),
    rejected: new Map(),
    gaps: new Map(),
    gapBatches: new Map(),
    batchesAsked: 0,
    batchesReceived: 0,
    recentResends: [],
    stored(staged, kept, tookMs) {
      let bytes = 0
      for (const { message } of kept) bytes += message.payload.length
      meter.insertedBytes += bytes
      meter.insertSeconds.observe(Math.max(0, tookMs) / 1_000)
      meter.insertRows.observe(staged.samples.rows)
      meter.insertMessages.observe(kept.length)
      meter.insertBytes.observe(bytes)
      for (const { rows, maxTsMs } of staged.stored)
        if (rows > 0) meter.newestSampleMs = Math.max(meter.newestSampleMs ?? 0, maxTsMs)
      for (const { reason } of staged.poison) add(meter.quarantined, reason, 1)
      for (const [metric, count] of staged.samples.rejected) add(meter.rejected, metric, count)
      for (const { range, reason } of staged.lost) {
        if (reason === undefined) continue
        add(meter.gaps, reason, 1)
        add(meter.gapBatches, reason, range.to - range.from + 1)
      }
      if (waiting.size > 0) meter.batchesReceived += received(waiting, staged)
    },
    asked(sender, { from, to }) {
      const key = keyOf(sender)
      const before = waiting.get(key)
      // The same hole is asked for again and again: only what is new in it counts.
      const isNew = before === undefined || before.to < from || to < before.from
      meter.batchesAsked += isNew
        ? to - from + 1
        : Math.max(0, before.from - from) + Math.max(0, to - before.to)
      waiting.delete(key)
      waiting.set(key, isNew ? { key, from, to } : span(before, { from, to }))
      const [oldest] = waiting.keys()
      if (waiting.size > WAITING_MAX && oldest !== undefined) waiting.delete(oldest)
      const { cluster, collector } = sender
      const recent = { at_ms: clock(), cluster, collector, from_seq: from, to_seq: to }
      meter.recentResends.unshift(recent)
      if (meter.recentResends.length > RECENT_MAX) meter.recentResends.pop()
    },
  }
  return meter
}

/** Stored batches that had been asked for; what is complete is no longer waited for. */
function received(waiting: Map<string, Waiting>, staged: MeteredInsert): number {
  let count = 0
  for (const { sender, from, to } of staged.stored) {
    const key = keyOf(sender)
    const asked = waiting.get(key)
    if (asked === undefined) continue
    count += Math.max(0, Math.min(to, asked.to) - Math.max(from, asked.from) + 1)
    // A hole is filled from its start.
    if (from <= asked.from && to >= asked.to) waiting.delete(key)
    else if (from <= asked.from && to >= asked.from) waiting.set(key, { ...asked, from: to + 1 })
  }
  return count
}

const span = (before: Waiting, { from, to }: SeqRange): Waiting => ({
  key: before.key,
  from: Math.min(before.from, from),
  to: Math.max(before.to, to),
})

const keyOf = ({ cluster, collector, boot }: Sender) => `${cluster}/${collector}/${boot}`

function add(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}
