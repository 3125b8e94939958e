/** What to write, epoch ms: `fromMs` on the hour, `fineFromMs` on ten minutes, `toMs` on the minute. */
export interface HistoryPlan {
  /** From here a sample a minute… */
  readonly fromMs: number
  /** …from here one every ten seconds. */
  readonly fineFromMs: number
  /** On the hour. What is older is added up here and settled in the background; the rest is settled at once. */
  readonly settledFromMs: number
  readonly toMs: number
}

export interface HistoryWish {
  readonly nowMs: number
  readonly days: number
  /** Newest hours that are settled by the settler itself before the demo is ready. */
  readonly settledHours?: number
}

const MINUTE = 60_000
const HOUR = 3_600_000
const FINE_MS = 2 * HOUR
const SETTLED_HOURS = 24

/** History that ends with the last whole minute. `days` of it, the last two hours in ten seconds. */
export function planHistory({
  nowMs,
  days,
  settledHours = SETTLED_HOURS,
}: HistoryWish): HistoryPlan {
  const toMs = floorTo(nowMs, MINUTE)
  const fromMs = floorTo(nowMs, HOUR) - Math.round(days * 24) * HOUR
  // On the border of the table's first sort key.
  const fineFromMs = Math.max(fromMs, floorTo(nowMs - FINE_MS, 10 * MINUTE))
  const settledFromMs = Math.min(
    floorTo(fineFromMs, HOUR),
    floorTo(nowMs, HOUR) - settledHours * HOUR,
  )
  return { fromMs, fineFromMs, settledFromMs: Math.max(fromMs, settledFromMs), toMs }
}

/** Half-open, epoch ms. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** Device minutes that one statement settles at most, as in the settle role. */
const CHUNK_DEVICE_MINUTES = 250_000

/** Cuts a range of whole minutes into pieces that one statement settles, the more devices the shorter. */
export function settleChunks({ fromMs, toMs }: TimeRange, devices: number): TimeRange[] {
  const stepMs = Math.max(1, Math.floor(CHUNK_DEVICE_MINUTES / devices)) * MINUTE
  const chunks: TimeRange[] = []
  for (let ms = fromMs; ms < toMs; ms += stepMs)
    chunks.push({ fromMs: ms, toMs: Math.min(ms + stepMs, toMs) })
  return chunks
}

const floorTo = (ms: number, unit: number) => Math.floor(ms / unit) * unit
