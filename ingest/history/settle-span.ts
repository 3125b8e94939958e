import { z } from 'zod'
import type { Ledger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
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
/** Device minutes that one statement settles at most, as in the settle role. */
const CHUNK_DEVICE_MINUTES = 500_000
/** A week. */
const CHUNK_MINUTES_MAX = 10_080

/**
 * Settles minutes, hours and days that a span of samples touches and that were not settled since: a second call does
 * nothing. Returns the number of minutes settled.
 */
export async function settleSpan(span: Span, options: SettleSpanOptions): Promise<number> {
  const { ledger } = options
  const [fromMs, toMs] = [floorTo(span.fromMs, MINUTE_MS), ceilTo(span.toMs, MINUTE_MS)]
  const perChunk = Math.floor(CHUNK_DEVICE_MINUTES / Math.max(options.devices, 1))
  const chunkMs = Math.max(1, Math.min(CHUNK_MINUTES_MAX, perChunk)) * MINUTE_MS
  const settled: Span[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += chunkMs) {
    const chunk = { fromMs: atMs, toMs: Math.min(atMs + chunkMs, toMs) }
    for (const run of await staleRuns(chunk, '1m', options)) {
      await ledger.settle({ kind: 'minutes', ...run, reason: null })
      settled.push(run)
    }
    options.onProgress((MINUTES_SHARE * (chunk.toMs - fromMs)) / (toMs - fromMs))
  }
  await settleHours({ fromMs, toMs }, settled, { ...options, chunkMs })
  await settleDays({ fromMs, toMs }, settled, options)
  options.onProgress(1)
  return settled.reduce((sum, run) => sum + (run.toMs - run.fromMs) / MINUTE_MS, 0)
}

/** Part of the work that is minutes; measured with 856 devices. */
const MINUTES_SHARE = 0.85

/** Whole hours, also where only a part of their minutes is there: they are sums. */
async function settleHours(
  span: Span,
  settled: readonly Span[],
  options: SettleSpanOptions & { readonly chunkMs: number },
): Promise<void> {
  const stepMs = Math.max(HOUR_MS, floorTo(options.chunkMs, HOUR_MS))
  const endMs = ceilTo(span.toMs, HOUR_MS)
  for (let fromMs = floorTo(span.fromMs, HOUR_MS); fromMs < endMs; fromMs += stepMs) {
    const hours = { fromMs, toMs: Math.min(fromMs + stepMs, endMs) }
    if (touches(hours, settled) || (await staleRuns(hours, '1h', options)).length > 0)
      await options.ledger.settle({ kind: 'hours', ...hours })
  }
}

async function settleDays(
  span: Span,
  settled: readonly Span[],
  options: SettleSpanOptions,
): Promise<void> {
  const dayOf = createLocalDays(options.timeZone)
  for (let day = dayOf(span.fromMs); day.startMs < span.toMs; day = dayOf(day.endMs)) {
    const whole = { fromMs: day.startMs, toMs: day.endMs }
    if (touches(whole, settled) || (await staleRuns(whole, '1d', options)).length > 0)
      await options.ledger.settle({ kind: 'day', ...whole, date: day.date })
  }
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
