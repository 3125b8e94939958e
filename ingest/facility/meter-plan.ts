import { BUCKET_MS } from './meter-energy.ts'

export type MeterReason = 'late readings' | 'tree changed'

/** Buckets to settle: [fromMs, toMs). */
export interface MeterWork {
  readonly fromMs: number
  readonly toMs: number
  /** Null = for the first time. */
  readonly reason: MeterReason | null
}

export interface MeterPlan {
  /** What to settle now: new buckets first and of them the latest, then the latest of those that changed. */
  next(limits: PlanLimits, nowMs: number): MeterWork | null
  /** It is published, from what was read at `asOfMs`. */
  done(work: MeterWork, asOfMs: number): void
  /** Something of this bucket was stored at a time: if it was settled before that, it is to be settled again. */
  touch(bucketMs: number, change: MeterChange, nowMs: number): void
  /** Published buckets of a span, oldest first. */
  publishedIn(fromMs: number, toMs: number): readonly number[]
  /** Those of them that were settled before something was stored, or may have been. */
  olderIn(fromMs: number, toMs: number, insertedMs: number): readonly number[]
  /** End of the latest published bucket; 0 = there is none. */
  readonly endMs: number
  /** Buckets that wait to be settled again. */
  readonly waiting: number
}

export interface PlanLimits {
  /** Begin of what is settled for the first time; null = no meter was ever read. */
  readonly beginMs: number | null
  /** Buckets that are settled together. */
  readonly bucketsMax: number
}

export interface MeterChange {
  readonly insertedMs: number
  readonly reason: MeterReason
}

/** A bucket settles this long after it closed: readings of its edge have come. */
export const DELAY_MS = 60_000
/** Late rows come in bursts: what they touch is left alone for so long, and waits no longer than that. */
const QUIET_MS = 60_000
const WAIT_MAX_MS = 600_000
/** What was stored may be seen, and the tree looked at, this long after the time it says it was stored at. */
const INSERT_MAX_MS = 30_000

interface Dirty {
  readonly reason: MeterReason
  readonly sinceMs: number
  readonly lastMs: number
  /** The newest that touches it. */
  readonly insertedMs: number
}

/** Which buckets to settle. No I/O and no clock of its own: the same facts after a crash give the same work. */
export function createMeterPlan(published: Iterable<readonly [number, number]>): MeterPlan {
  const asOf = new Map(published)
  const dirty = new Map<number, Dirty>()
  let endMs = [...asOf.keys()].reduce((newest, ms) => Math.max(newest, ms + BUCKET_MS), 0)
  const isOlder = (asOfMs: number, insertedMs: number) => asOfMs < insertedMs + INSERT_MAX_MS
  const isDue = ({ sinceMs, lastMs }: Dirty, nowMs: number) =>
    nowMs - lastMs >= QUIET_MS || nowMs - sinceMs >= WAIT_MAX_MS

  const firstTime = ({ beginMs, bucketsMax }: PlanLimits, nowMs: number): MeterWork | null => {
    if (beginMs === null) return null
    const firstMs = floorToBucket(beginMs)
    const lastMs = floorToBucket(nowMs - DELAY_MS) - BUCKET_MS
    for (let ms = lastMs; ms >= firstMs; ms -= BUCKET_MS) {
      if (asOf.has(ms)) continue
      let fromMs = ms
      while (
        (ms - fromMs) / BUCKET_MS + 1 < bucketsMax &&
        fromMs - BUCKET_MS >= firstMs &&
        !asOf.has(fromMs - BUCKET_MS)
      )
        fromMs -= BUCKET_MS
      return { fromMs, toMs: ms + BUCKET_MS, reason: null }
    }
    return null
  }
  const again = ({ bucketsMax }: PlanLimits, nowMs: number): MeterWork | null => {
    let lastMs = -Infinity
    for (const [ms, one] of dirty) if (ms > lastMs && isDue(one, nowMs)) lastMs = ms
    const reason = dirty.get(lastMs)?.reason
    if (reason === undefined) return null
    let fromMs = lastMs
    for (let count = 1; count < bucketsMax; count++) {
      const before = dirty.get(fromMs - BUCKET_MS)
      if (before?.reason !== reason || !isDue(before, nowMs)) break
      fromMs -= BUCKET_MS
    }
    return { fromMs, toMs: lastMs + BUCKET_MS, reason }
  }

  const publishedIn = (fromMs: number, toMs: number): number[] => {
    // Of an open end only what is there.
    if ((toMs - fromMs) / BUCKET_MS > asOf.size)
      return [...asOf.keys()]
        .filter((ms) => ms + BUCKET_MS > fromMs && ms < toMs)
        .toSorted((a, b) => a - b)
    const found: number[] = []
    for (let ms = floorToBucket(fromMs); ms < toMs; ms += BUCKET_MS)
      if (asOf.has(ms)) found.push(ms)
    return found
  }

  return {
    next: (limits, nowMs) => firstTime(limits, nowMs) ?? again(limits, nowMs),
    done({ fromMs, toMs }, asOfMs) {
      for (let ms = fromMs; ms < toMs; ms += BUCKET_MS) {
        asOf.set(ms, asOfMs)
        dirty.delete(ms)
      }
      endMs = Math.max(endMs, toMs)
    },
    touch(bucketMs, { insertedMs, reason }, nowMs) {
      if (!isOlder(asOf.get(bucketMs) ?? Infinity, insertedMs)) return
      const before = dirty.get(bucketMs)
      // The same is told of more than once.
      if (before !== undefined && before.insertedMs >= insertedMs) return
      const sinceMs = before?.sinceMs ?? nowMs
      dirty.set(bucketMs, { reason, sinceMs, lastMs: nowMs, insertedMs })
    },
    publishedIn,
    olderIn: (fromMs, toMs, insertedMs) =>
      publishedIn(fromMs, toMs).filter((ms) => isOlder(asOf.get(ms) ?? Infinity, insertedMs)),
    get endMs() {
      return endMs
    },
    get waiting() {
      return dirty.size
    },
  }
}

export const floorToBucket = (ms: number): number => Math.floor(ms / BUCKET_MS) * BUCKET_MS
