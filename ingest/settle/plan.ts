import type { IntervalKind } from '#schemas/ledger.ts'
import type { LocalDay } from './local-day.ts'

/** Why settled minutes are settled again. */
export type RestateReason =
  | 'late rows'
  | 'capacity accepted'
  | 'capacity retired'
  | `${IntervalKind} corrected`
  | 'allocation corrected'
  | 'place corrected'
  | 'reference corrected'
  | 'owner corrected'
  | 'repair'
  | `repair: ${string}`
  /** Several causes that met before the minute was settled again, in the order they came. */
  | `${string}; ${string}`

/** What to do next; times are epoch ms, half-open. */
export type Work =
  /** `reason` is null for minutes that close for the first time. */
  | {
      readonly kind: 'minutes'
      readonly fromMs: number
      readonly toMs: number
      readonly reason: RestateReason | null
    }
  | { readonly kind: 'hours'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'day'; readonly fromMs: number; readonly toMs: number; readonly date: string }

export interface PlanOptions {
  /** Time after its end at which a minute is settled. */
  readonly delayMs: number
  /** A minute that was touched again is settled once it has been left alone for this long… */
  readonly quietMs: number
  /** …or has waited this long. */
  readonly waitMaxMs: number
  /** Raw samples older than this are gone: what was settled from them stays as it is. */
  readonly rawRetentionMs: number
  /** Buckets that begin before this moment, epoch ms, are settled by somebody else (the demo's history). */
  readonly earliestMs?: number
  readonly dayOf: (ms: number) => LocalDay
}

/** What was settled before this process started. */
export interface PlanStart {
  /** Start of the earliest capacity, or null when there is none yet. */
  readonly fromMs: number | null
  /** All minutes from there to here are settled. */
  readonly untilMs: number | null
  readonly hoursUntilMs: number | null
  readonly daysUntilMs: number | null
  readonly dirtyMinutes: ReadonlyMap<number, RestateReason>
  readonly dirtyHours: Iterable<number>
  /** First instants of days. */
  readonly dirtyDays: Iterable<number>
}

export interface SettlePlan {
  /** The next piece of work, at most `chunkMinutes` long; null when everything is settled. */
  next(nowMs: number, chunkMinutes: number): Work | null
  /** The piece is published. */
  done(work: Work): void
  /** It failed and has to be done again. */
  failed(work: Work): void
  /** What is known of [fromMs, toMs) changed: settled minutes in it are to be settled again. */
  touch(fromMs: number, toMs: number, reason: RestateReason, nowMs: number): void
  /** Capacity now begins here (or earlier than it did). */
  begin(fromMs: number): void
  /** This minute waits to be settled again. */
  isDirty(minuteMs: number): boolean
  /** Minutes before this are left as they are: their raw samples are gone, or somebody else settled them. */
  horizonMs(nowMs: number): number
  /** End of the last settled minute such that none before it is missing; null before the first. */
  readonly settledUntilMs: number | null
  readonly dirtyCount: number
}

interface Touched {
  reason: RestateReason
  readonly sinceMs: number
  lastMs: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Hours settled by one statement. */
const HOURS_MAX = 24
/** The earliest minute needs the samples of the cells that may be bridged into it. */
const LOOK_BACK_MS = 180_000

/** Causes of one restatement that are told; minutes that are touched for weeks may collect more. */
const CAUSES_MAX = 4

function withCause(reasons: RestateReason, cause: RestateReason): RestateReason {
  const causes = reasons.split('; ')
  return causes.includes(cause) || causes.length >= CAUSES_MAX ? reasons : `${reasons}; ${cause}`
}

const floorTo = (ms: number, unit: number) => Math.floor(ms / unit) * unit
const ceilTo = (ms: number, unit: number) => Math.ceil(ms / unit) * unit

/**
 * Which buckets to settle, in which order: closed minutes first, in order; then hours and days that are complete
 * for the first time; then minutes that changed, and the hours and days they belong to. So new minutes and
 * hours never wait for more than one or two pieces of a restatement, however large; a new day waits for its own. No I/O and no clock of its own.
 */
export function createSettlePlan(start: PlanStart, options: PlanOptions): SettlePlan {
  let { fromMs, untilMs, hoursUntilMs, daysUntilMs } = start
  const dirty = new Map<number, Touched>()
  const dirtyHours = new Set(start.dirtyHours)
  const dirtyDays = new Set(start.dirtyDays)
  let inFlight: Work | null = null
  for (const [minuteMs, reason] of start.dirtyMinutes)
    dirty.set(minuteMs, { reason, sinceMs: -Infinity, lastMs: -Infinity })

  const hasDirty = (bucketMs: number, endMs: number) => {
    if (dirty.size === 0) return false
    for (let ms = floorTo(bucketMs, MINUTE_MS); ms < endMs; ms += MINUTE_MS)
      if (dirty.has(ms)) return true
    return false
  }
  /** All of [bucketMs, endMs) is settled and will not change by what is known now. */
  const isReady = (bucketMs: number, endMs: number) =>
    untilMs !== null && endMs <= untilMs && !hasDirty(bucketMs, endMs)

  const closedMinutes = (nowMs: number, horizonMs: number, chunk: number): Work | null => {
    if (fromMs === null) return null
    const closedMs = floorTo(nowMs - options.delayMs, MINUTE_MS)
    const nextMs = Math.max(untilMs ?? floorTo(fromMs, MINUTE_MS), horizonMs)
    if (nextMs >= closedMs) return null
    // Ends on the hour where it can, so that a run of chunks is a run of whole hours.
    const wholeHours = Math.max(floorTo(nextMs + chunk * MINUTE_MS, HOUR_MS), 0)
    const endMs = wholeHours > nextMs ? wholeHours : nextMs + chunk * MINUTE_MS
    return { kind: 'minutes', fromMs: nextMs, toMs: Math.min(endMs, closedMs), reason: null }
  }
  const changedMinutes = (nowMs: number, horizonMs: number, chunk: number): Work | null => {
    const isDue = ({ sinceMs, lastMs }: Touched) =>
      nowMs - lastMs >= options.quietMs || nowMs - sinceMs >= options.waitMaxMs
    const waitingHourMs = hoursUntilMs ?? floorTo(fromMs ?? 0, HOUR_MS)
    const isWaiting = (ms: number) => ms >= waitingHourMs && ms < waitingHourMs + HOUR_MS
    let firstMs = Infinity
    let urgentMs = Infinity
    for (const [minuteMs, touched] of dirty) {
      if (minuteMs < horizonMs) dirty.delete(minuteMs)
      else if (!isDue(touched)) continue
      else {
        firstMs = Math.min(firstMs, minuteMs)
        if (isWaiting(minuteMs)) urgentMs = Math.min(urgentMs, minuteMs)
      }
    }
    // The next new hour, and all behind it, wait for their own changed minutes: those come first.
    if (untilMs !== null && waitingHourMs + HOUR_MS <= untilMs && urgentMs < Infinity)
      firstMs = urgentMs
    const first = dirty.get(firstMs)
    if (first === undefined) return null
    let endMs = firstMs
    while (endMs < firstMs + chunk * MINUTE_MS) {
      const touched = dirty.get(endMs)
      if (touched?.reason !== first.reason || !isDue(touched)) break
      dirty.delete(endMs)
      endMs += MINUTE_MS
    }
    return { kind: 'minutes', fromMs: firstMs, toMs: endMs, reason: first.reason }
  }
  const outdatedHour = (): Work | null => {
    for (const hourMs of dirtyHours)
      if (isReady(hourMs, hourMs + HOUR_MS))
        return { kind: 'hours', fromMs: hourMs, toMs: hourMs + HOUR_MS }
    return null
  }
  const nextHours = (): Work | null => {
    if (fromMs === null) return null
    const nextMs = hoursUntilMs ?? floorTo(fromMs, HOUR_MS)
    let endMs = nextMs
    while (endMs < nextMs + HOURS_MAX * HOUR_MS && isReady(endMs, endMs + HOUR_MS)) endMs += HOUR_MS
    return endMs > nextMs ? { kind: 'hours', fromMs: nextMs, toMs: endMs } : null
  }
  const dayWork = (ms: number): Work | null => {
    const day = options.dayOf(ms)
    if (!isReady(day.startMs, day.endMs)) return null
    return { kind: 'day', fromMs: day.startMs, toMs: day.endMs, date: day.date }
  }
  const outdatedDay = (): Work | null => {
    for (const dayMs of dirtyDays) {
      const work = dayWork(dayMs)
      if (work !== null) return work
    }
    return null
  }
  const nextDay = () => (fromMs === null ? null : dayWork(daysUntilMs ?? fromMs))
  /** Larger buckets that are settled and hold one of these minutes are settled again. */
  const outdate = (minutesFromMs: number, minutesToMs: number) => {
    for (let ms = floorTo(minutesFromMs, HOUR_MS); ms < minutesToMs; ms += HOUR_MS)
      if (hoursUntilMs !== null && ms < hoursUntilMs) dirtyHours.add(ms)
    for (let ms = minutesFromMs; ms < minutesToMs;) {
      const day = options.dayOf(ms)
      if (daysUntilMs !== null && day.startMs < daysUntilMs) dirtyDays.add(day.startMs)
      ms = day.endMs
    }
  }

  const horizonAt = (nowMs: number) => {
    const rawMs = ceilTo(nowMs - options.rawRetentionMs + LOOK_BACK_MS, MINUTE_MS)
    return Math.max(rawMs, options.earliestMs ?? 0)
  }

  return {
    next(nowMs, chunkMinutes) {
      const horizonMs = horizonAt(nowMs)
      inFlight =
        closedMinutes(nowMs, horizonMs, chunkMinutes) ??
        nextHours() ??
        nextDay() ??
        changedMinutes(nowMs, horizonMs, chunkMinutes) ??
        outdatedHour() ??
        outdatedDay()
      return inFlight
    },
    done(work) {
      inFlight = null
      if (work.kind === 'minutes') {
        if (work.reason === null) untilMs = work.toMs
        outdate(work.fromMs, work.toMs)
      } else if (work.kind === 'hours') {
        for (let ms = work.fromMs; ms < work.toMs; ms += HOUR_MS) dirtyHours.delete(ms)
        hoursUntilMs = Math.max(hoursUntilMs ?? 0, work.toMs)
      } else {
        dirtyDays.delete(work.fromMs)
        daysUntilMs = Math.max(daysUntilMs ?? 0, work.toMs)
      }
    },
    failed(work) {
      inFlight = null
      if (work.kind !== 'minutes') return
      for (let ms = work.fromMs; ms < work.toMs; ms += MINUTE_MS) {
        // A first attempt will read again whatever came in the meantime.
        if (work.reason === null) dirty.delete(ms)
        else {
          // What touched it meanwhile is one cause more.
          const since = dirty.get(ms)
          const reason = since === undefined ? work.reason : withCause(work.reason, since.reason)
          dirty.set(ms, { reason, sinceMs: -Infinity, lastMs: since?.lastMs ?? -Infinity })
        }
      }
    },
    touch(touchedFromMs, touchedToMs, reason, nowMs) {
      // A minute being settled right now may have been read already.
      const readMs = inFlight?.kind === 'minutes' && inFlight.reason === null ? inFlight.toMs : 0
      const endMs = Math.min(touchedToMs, Math.max(untilMs ?? 0, readMs))
      const beginMs = Math.max(
        floorTo(touchedFromMs, MINUTE_MS),
        floorTo(fromMs ?? Infinity, MINUTE_MS),
      )
      for (let ms = beginMs; ms < endMs; ms += MINUTE_MS) {
        const known = dirty.get(ms)
        if (known === undefined) dirty.set(ms, { reason, sinceMs: nowMs, lastMs: nowMs })
        else {
          known.lastMs = nowMs
          known.reason = withCause(known.reason, reason)
        }
      }
    },
    begin(capacityFromMs) {
      fromMs = Math.min(fromMs ?? Infinity, capacityFromMs)
    },
    isDirty: (minuteMs) => dirty.has(minuteMs),
    horizonMs: horizonAt,
    get settledUntilMs() {
      return untilMs
    },
    get dirtyCount() {
      return dirty.size
    },
  }
}
