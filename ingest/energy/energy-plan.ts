/** Buckets of energy_15m, epoch aligned. */
export const BUCKET_MS = 900_000
/** What is read round a bucket: three intervals of a minute. */
export const REACH_MS = 180_000
/**
 * The longest gap that a counter speaks for. The store's statement looks this far beyond a bucket, and integers of 64
 * bits hold its products.
 */
export const BRIDGE_MAX_MS = 6 * 3_600_000
/** Counters come back one after the other: what bridges change is settled again together, after this long. */
const BRIDGE_WAIT_MS = 900_000
const MINUTE_MS = 60_000

export type EnergyReason = '' | 'minutes settled again' | 'bridged'

/** A published bucket; times epoch ms. */
export interface EnergyBucket {
  /** When what it was made of was read, or began to be. */
  readonly asOfMs: number
  /** From where to where its bridged differences reach; both 0 = it has none. */
  readonly bridgedFromMs: number
  readonly bridgedToMs: number
}

/** How far minutes are settled. */
export interface MinutesView {
  /** Begin of what can be settled; null = there is no capacity yet. */
  readonly fromMs: number | null
  readonly settledUntilMs: number | null
  /** This minute waits to be settled again. */
  readonly isDirty: (minuteMs: number) => boolean
}

export interface EnergyWork {
  readonly fromMs: number
  readonly reason: EnergyReason
}

export interface EnergyPlan {
  /** The next bucket to settle, new ones first and of them the latest: a backlog must not hide today. */
  next(minutes: MinutesView, nowMs: number): EnergyWork | null
  /** It is published. */
  done(work: EnergyWork, bucket: EnergyBucket, nowMs: number): void
  /** These minutes were settled, for the first time or again. */
  settled(fromMs: number, toMs: number, nowMs: number): void
}

interface Dirty {
  readonly reason: EnergyReason
  readonly sinceMs: number
}

/** When the newest of the minutes that speak for a bucket was read; 0 = none was. */
export function newestMinuteNear(
  minutesAsOf: ReadonlyMap<number, number>,
  bucketMs: number,
): number {
  return newestOf(minutesAsOf, bucketMs - REACH_MS, bucketMs + BUCKET_MS + REACH_MS)
}

function newestOf(minutesAsOf: ReadonlyMap<number, number>, fromMs: number, toMs: number): number {
  let newest = 0
  for (let ms = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS; ms < toMs; ms += MINUTE_MS)
    newest = Math.max(newest, minutesAsOf.get(ms) ?? 0)
  return newest
}

const floorTo = (ms: number) => Math.floor(ms / BUCKET_MS) * BUCKET_MS
const ceilTo = (ms: number) => Math.ceil(ms / BUCKET_MS) * BUCKET_MS

/**
 * Which bucket to settle: one is due when all minutes that speak for it are settled, and due again when one of them,
 * or one within its bridged gaps, was settled later than it was read. `minutesAsOf` (start of the minute -> when it
 * was read) is looked at, not copied. No I/O and no clock of its own: the same facts after a crash give the same work.
 */
export function createEnergyPlan(
  published: Iterable<readonly [number, EnergyBucket]>,
  minutesAsOf: ReadonlyMap<number, number>,
): EnergyPlan {
  const buckets = new Map(published)
  const dirty = new Map<number, Dirty>()

  const newestNear = (bucketMs: number) => newestMinuteNear(minutesAsOf, bucketMs)
  const isOutdated = (bucketMs: number, { asOfMs, bridgedFromMs, bridgedToMs }: EnergyBucket) =>
    newestNear(bucketMs) > asOfMs ||
    (bridgedToMs > 0 && newestOf(minutesAsOf, bridgedFromMs, bridgedToMs) > asOfMs)
  const mark = (bucketMs: number, reason: EnergyReason, nowMs: number) => {
    if (dirty.get(bucketMs)?.reason === 'minutes settled again') return
    const sinceMs = dirty.get(bucketMs)?.sinceMs ?? nowMs
    dirty.set(bucketMs, { reason, sinceMs })
  }
  /**
   * A difference that ends (or begins) in one bucket is energy of all that it bridges: those that were read before
   * the minutes of this one were settled do not have it.
   */
  const markBridged = (bucketMs: number, bucket: EnergyBucket, nowMs: number) => {
    if (bucket.bridgedToMs === 0) return
    const newestMs = newestNear(bucketMs)
    for (let ms = floorTo(bucket.bridgedFromMs); ms < bucket.bridgedToMs; ms += BUCKET_MS) {
      const other = buckets.get(ms)
      if (ms !== bucketMs && other !== undefined && other.asOfMs < newestMs)
        mark(ms, 'bridged', nowMs)
    }
  }
  for (const [bucketMs, bucket] of buckets) {
    if (isOutdated(bucketMs, bucket)) mark(bucketMs, 'minutes settled again', -Infinity)
    markBridged(bucketMs, bucket, -Infinity)
  }

  const isReady = (bucketMs: number, { settledUntilMs, isDirty }: MinutesView) => {
    const endMs = bucketMs + BUCKET_MS + REACH_MS
    if (settledUntilMs === null || endMs > settledUntilMs) return false
    for (let ms = bucketMs - REACH_MS; ms < endMs; ms += MINUTE_MS) if (isDirty(ms)) return false
    return true
  }
  const nextNew = (minutes: MinutesView): EnergyWork | null => {
    const { fromMs, settledUntilMs } = minutes
    if (fromMs === null || settledUntilMs === null) return null
    const lastMs = floorTo(settledUntilMs - REACH_MS) - BUCKET_MS
    for (let ms = lastMs; ms >= floorTo(fromMs); ms -= BUCKET_MS)
      if (!buckets.has(ms) && isReady(ms, minutes)) return { fromMs: ms, reason: '' }
    return null
  }

  return {
    next(minutes, nowMs) {
      const fresh = nextNew(minutes)
      if (fresh !== null) return fresh
      const beginMs = floorTo(minutes.fromMs ?? Infinity)
      for (const [ms, { reason, sinceMs }] of dirty) {
        if (ms < beginMs) dirty.delete(ms)
        else if (reason === 'bridged' && nowMs - sinceMs < BRIDGE_WAIT_MS) continue
        else if (isReady(ms, minutes)) return { fromMs: ms, reason }
      }
      return null
    },
    done({ fromMs }, bucket, nowMs) {
      // Whatever clocks say: minutes that were settled by now have been read.
      const { bridgedFromMs, bridgedToMs } = bucket
      const newestMs = Math.max(
        newestNear(fromMs),
        newestOf(minutesAsOf, bridgedFromMs, bridgedToMs),
      )
      buckets.set(fromMs, { ...bucket, asOfMs: Math.max(bucket.asOfMs, newestMs) })
      dirty.delete(fromMs)
      markBridged(fromMs, bucket, nowMs)
    },
    settled(fromMs, toMs, nowMs) {
      const endMs = ceilTo(toMs + REACH_MS)
      for (let ms = floorTo(fromMs - REACH_MS); ms < endMs; ms += BUCKET_MS)
        if (buckets.has(ms)) mark(ms, 'minutes settled again', nowMs)
      for (const [ms, { bridgedFromMs, bridgedToMs }] of buckets)
        if (bridgedToMs > 0 && bridgedFromMs < toMs && bridgedToMs > fromMs)
          mark(ms, 'minutes settled again', nowMs)
    },
  }
}
