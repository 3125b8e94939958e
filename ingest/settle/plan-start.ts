import type { LocalDay } from './local-day.ts'
import type { PlanStart, RestateReason } from './plan.ts'

/** What the store says was settled: epoch ms of each bucket -> when what it was made of was read. */
export interface Published {
  readonly minutes: ReadonlyMap<number, number>
  readonly hours: ReadonlyMap<number, number>
  readonly days: ReadonlyMap<number, number>
}

/** Batches that came after their time: samples of [fromMs, toMs], minutes both, stored at insertedAtMs. */
export interface LateBatches {
  readonly fromMs: number
  readonly toMs: number
  readonly insertedAtMs: number
}

/** A capacity interval as far as settling depends on it: from when, and decided when. */
export interface CapacityChange {
  readonly fromMs: number
  readonly toMs: number
  /** Wall clock of the decision, epoch ms. */
  readonly decidedAtMs: number
}

export interface StartFacts {
  readonly published: Published
  readonly late: readonly LateBatches[]
  readonly capacity: readonly CapacityChange[]
  /** Start of the earliest capacity that still has raw samples, or null. */
  readonly fromMs: number | null
  /** No minute before this can be settled: its raw samples are gone. */
  readonly horizonMs: number
  readonly dayOf: (ms: number) => LocalDay
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** A 60 s cell and the two empty ones it may be bridged over. */
const REACH_MS = 180_000

/**
 * Where settling stood when the last process ended, from what is stored alone: nothing that a crash could
 * have lost in memory is needed. Pure.
 */
export function planStart(facts: StartFacts): PlanStart {
  const { published, fromMs, horizonMs, dayOf } = facts
  if (fromMs === null) {
    const nothing = { untilMs: null, hoursUntilMs: null, daysUntilMs: null }
    return { fromMs, ...nothing, dirtyMinutes: new Map(), dirtyHours: [], dirtyDays: [] }
  }
  const firstMs = Math.max(floorTo(fromMs, MINUTE_MS), horizonMs)
  const minutesEndMs = contiguous(published.minutes, firstMs, (ms) => ms + MINUTE_MS)
  const untilMs = minutesEndMs === firstMs ? null : minutesEndMs
  // Buckets that began before the horizon are left as they are.
  const isCut = firstMs > fromMs
  const firstHourMs = floorTo(firstMs + (isCut ? HOUR_MS - 1 : 0), HOUR_MS)
  const firstDay = dayOf(firstMs)
  const firstDayMs = isCut ? firstDay.endMs : firstDay.startMs
  // A day of a zone that the site was in before begins within one of now, and is no longer read.
  const ownDays = new Map([...published.days].filter(([ms]) => dayOf(ms).startMs === ms))
  return {
    fromMs,
    untilMs,
    hoursUntilMs: contiguous(published.hours, firstHourMs, (ms) => ms + HOUR_MS),
    daysUntilMs: contiguous(ownDays, firstDayMs, (ms) => dayOf(ms).endMs),
    dirtyMinutes: outdatedMinutes(facts, firstMs, minutesEndMs),
    dirtyHours: outdatedBuckets(published, published.hours, (ms) => ms + HOUR_MS),
    dirtyDays: outdatedBuckets(published, ownDays, (ms) => dayOf(ms).endMs),
  }
}

/** End of the run of buckets that begins at a start; the start itself when the first one is missing. */
function contiguous(
  buckets: ReadonlyMap<number, number>,
  firstMs: number,
  endOf: (ms: number) => number,
): number {
  let ms = firstMs
  while (buckets.has(ms)) ms = endOf(ms)
  return ms
}

/** Minutes that were read before something that they depend on was stored. */
function outdatedMinutes(
  { published, late, capacity }: StartFacts,
  firstMs: number,
  untilMs: number,
): Map<number, RestateReason> {
  const dirty = new Map<number, RestateReason>()
  const isOlder = (minuteMs: number, thanMs: number) =>
    (published.minutes.get(minuteMs) ?? Infinity) < thanMs
  for (const { fromMs, toMs, insertedAtMs } of late) {
    const endMs = Math.min(toMs + MINUTE_MS + REACH_MS, untilMs)
    for (let ms = Math.max(fromMs, firstMs); ms < endMs; ms += MINUTE_MS)
      if (isOlder(ms, insertedAtMs)) dirty.set(ms, 'late rows')
  }
  // Each edge of capacity concerns all minutes behind it; only the latest decision counts.
  const edges = capacity
    .flatMap(({ fromMs, toMs, decidedAtMs }) => [
      { atMs: fromMs, decidedAtMs, reason: 'capacity accepted' as const },
      { atMs: toMs, decidedAtMs, reason: 'capacity retired' as const },
    ])
    .sort((a, b) => a.atMs - b.atMs)
  let decided: { decidedAtMs: number; reason: RestateReason } | null = null
  let next = 0
  for (let ms = firstMs; ms < untilMs; ms += MINUTE_MS) {
    for (; next < edges.length; next += 1) {
      const edge = edges[next]
      if (edge === undefined || edge.atMs >= ms + MINUTE_MS) break
      if (decided === null || edge.decidedAtMs > decided.decidedAtMs) decided = edge
    }
    if (decided === null || !isOlder(ms, decided.decidedAtMs)) continue
    const known = dirty.get(ms)
    dirty.set(ms, known === undefined ? decided.reason : `${known}; ${decided.reason}`)
  }
  return dirty
}

/** Hours or days that were made before one of their minutes was settled again. */
function outdatedBuckets(
  { minutes }: Published,
  buckets: ReadonlyMap<number, number>,
  endOf: (ms: number) => number,
): number[] {
  return [...buckets].flatMap(([bucketMs, asOfMs]) => {
    const endMs = endOf(bucketMs)
    for (let ms = bucketMs; ms < endMs; ms += MINUTE_MS)
      if ((minutes.get(ms) ?? 0) > asOfMs) return [bucketMs]
    return []
  })
}

const floorTo = (ms: number, unit: number) => Math.floor(ms / unit) * unit
