import { z } from 'zod'
import { IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import type { Ledger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
import type { Work } from '../settle/plan.ts'
import type { Store } from '../store/store.ts'
import type { Span } from './spans.ts'

export interface SettleSpanOptions {
  readonly store: Pick<Store, 'query'>
  readonly ledger: Ledger
  /** Minutes that were settled since this moment, epoch ms, are settled. */
  readonly sinceMs: number
  /** IANA zone of the days. */
  readonly timeZone: string
  /** Devices of the data set: many of them are settled in shorter pieces. */
  readonly devices: number
  /** Share done, 0..1. */
  readonly onProgress: (share: number) => void
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Pieces that are settled side by side. A statement of settling takes one core, whatever it is allowed. */
const LANES = 2
/** So far before their own time minutes change others: quiet stretches become idle with hindsight. */
const REACH_MS = IDLE_WINDOW_MINUTES_MAX * MINUTE_MS
/** Device minutes that one statement settles at most, as in the settle role. */
const CHUNK_DEVICE_MINUTES = 500_000
/** A week. */
const CHUNK_MINUTES_MAX = 10_080

/**
 * Settles minutes, hours and days that a span of samples touches and that were not settled since: a second call does
 * nothing. Returns the number of minutes settled.
 */
export async function settleSpan(span: Span, options: SettleSpanOptions): Promise<number> {
  const { ledger, onProgress } = options
  const works = staleWorks(
    { fromMs: floorTo(span.fromMs, MINUTE_MS), toMs: ceilTo(span.toMs, MINUTE_MS) },
    options,
  )
  let minutes = 0
  let done = 0
  let stopped = false
  const lane = async () => {
    while (!stopped) {
      // Both lanes ask the same generator: it answers, and work is begun, in order.
      const next = await works.next()
      if (next.done === true) return
      const { work, share } = next.value
      try {
        await ledger.settle(work)
      } catch (error) {
        stopped = true
        throw error
      }
      if (work.kind === 'minutes') minutes += (work.toMs - work.fromMs) / MINUTE_MS
      done = Math.max(done, share)
      onProgress(done)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  onProgress(1)
  return minutes
}

interface StaleWork {
  readonly work: Work
  /** How far all is when this is done, 0..1. */
  readonly share: number
}

/**
 * What is to be settled, in an order in which work that is begun side by side waits little for each other: minutes, and
 * one chunk behind them the hours and days that later minutes do not reach any more.
 */
async function* staleWorks(span: Span, options: SettleSpanOptions): AsyncGenerator<StaleWork> {
  const perChunk = Math.floor(CHUNK_DEVICE_MINUTES / Math.max(options.devices, 1))
  const chunkMs = Math.max(1, Math.min(CHUNK_MINUTES_MAX, perChunk)) * MINUTE_MS
  const settled: Span[] = []
  const sums = [...hoursOf(span, chunkMs), ...daysOf(span, options.timeZone)].toSorted(
    (a, b) => a.toMs - b.toMs,
  )
  const sumsUntil = async function* (untilMs: number) {
    for (let work = sums[0]; work !== undefined && work.toMs <= untilMs; work = sums[0]) {
      sums.shift()
      const resolution = work.kind === 'hours' ? '1h' : '1d'
      if (touches(work, settled) || (await staleRuns(work, resolution, options)).length > 0)
        yield work
    }
  }
  for (let fromMs = span.fromMs; fromMs < span.toMs; fromMs += chunkMs) {
    const chunk = { fromMs, toMs: Math.min(fromMs + chunkMs, span.toMs) }
    const share = (chunk.toMs - span.fromMs) / (span.toMs - span.fromMs)
    for (const run of await staleRuns(chunk, '1m', options)) {
      settled.push(run)
      yield { work: { kind: 'minutes', ...run, reason: null }, share }
    }
    for await (const work of sumsUntil(fromMs - REACH_MS)) yield { work, share }
  }
  for await (const work of sumsUntil(Infinity)) yield { work, share: 1 }
}

/** Whole hours, also where only a part of their minutes is there: they are sums. */
function hoursOf(span: Span, chunkMs: number): Work[] {
  const stepMs = Math.max(HOUR_MS, floorTo(chunkMs, HOUR_MS))
  const endMs = ceilTo(span.toMs, HOUR_MS)
  const works: Work[] = []
  for (let fromMs = floorTo(span.fromMs, HOUR_MS); fromMs < endMs; fromMs += stepMs)
    works.push({ kind: 'hours', fromMs, toMs: Math.min(fromMs + stepMs, endMs) })
  return works
}

function daysOf(span: Span, timeZone: string): Work[] {
  const dayOf = createLocalDays(timeZone)
  const works: Work[] = []
  for (let day = dayOf(span.fromMs); day.startMs < span.toMs; day = dayOf(day.endMs))
    works.push({ kind: 'day', fromMs: day.startMs, toMs: day.endMs, date: day.date })
  return works
}

const touches = ({ fromMs, toMs }: Span, runs: readonly Span[]) =>
  runs.some((run) => run.fromMs < toMs && run.toMs > fromMs)

const Bucket = z.object({ bucket_ms: z.coerce.number().int() })

/** Buckets of a span of a week at most that nobody settled since, as runs. */
async function staleRuns(
  part: Span,
  resolution: '1m' | '1h' | '1d',
  { store, sinceMs }: Pick<SettleSpanOptions, 'store' | 'sinceMs'>,
): Promise<Span[]> {
  const rows = await store.query(
    `SELECT toUnixTimestamp(bucket) * 1000 AS bucket_ms FROM revisions
     WHERE resolution = {resolution:String}
       AND bucket >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
       AND bucket < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
     GROUP BY bucket HAVING max(as_of) >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
     ORDER BY bucket`,
    { resolution, from_ms: part.fromMs, to_ms: part.toMs, since_ms: sinceMs },
  )
  const stepMs = { '1m': MINUTE_MS, '1h': HOUR_MS, '1d': part.toMs - part.fromMs }[resolution]
  const runs: Span[] = []
  let fromMs = part.fromMs
  for (const { bucket_ms } of z.array(Bucket).parse(rows)) {
    if (bucket_ms > fromMs) runs.push({ fromMs, toMs: bucket_ms })
    fromMs = bucket_ms + stepMs
  }
  if (fromMs < part.toMs) runs.push({ fromMs, toMs: part.toMs })
  return runs
}

const floorTo = (ms: number, unit: number) => Math.floor(ms / unit) * unit
const ceilTo = (ms: number, unit: number) => Math.ceil(ms / unit) * unit
