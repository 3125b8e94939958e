import type { Clock } from '#schemas/role.ts'
import type { Distribution } from '#schemas/pipeline-report.ts'
import type { HistogramSample } from '#schemas/self-metrics.ts'

/** Upper bounds, seconds: from a one-row insert to a statement at its limit. */
export const SECONDS_BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]
/** Upper bounds, rows or messages of an insert. */
export const COUNT_BOUNDS: readonly number[] = [
  1, 10, 100, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 200_000, 500_000,
]
/** Upper bounds, bytes of messages of an insert. */
export const BYTES_BOUNDS: readonly number[] = [1e3, 1e4, 1e5, 5e5, 1e6, 5e6, 1e7, 2.5e7, 5e7, 1e8]

/** The last minutes a distribution speaks of: slots of a minute, the running one included. */
const SLOTS = 5
const SLOT_MS = 60_000

interface Slot {
  minute: number
  max: number
  readonly counts: Float64Array
}

export interface Histogram {
  /** Allocates nothing. */
  observe(value: number): void
  /** Since start, for Prometheus. */
  total(): Omit<HistogramSample, 'labels'>
  /** Of the last five minutes; null when nothing was observed in them. */
  recent(): Distribution | null
}

/** Counts observations in fixed buckets, since start and over the last five minutes. */
export function createHistogram(bounds: readonly number[], clock: Clock): Histogram {
  const counts = new Float64Array(bounds.length + 1)
  const slots: readonly Slot[] = Array.from({ length: SLOTS }, () => ({
    minute: -1,
    max: 0,
    counts: new Float64Array(bounds.length + 1),
  }))
  let sum = 0
  const minuteNow = () => Math.floor(clock() / SLOT_MS)
  return {
    observe(value) {
      let bucket = 0
      while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1
      const minute = minuteNow()
      const slot = slots[((minute % SLOTS) + SLOTS) % SLOTS]
      counts[bucket] = (counts[bucket] ?? 0) + 1
      sum += value
      if (slot === undefined) return
      if (slot.minute !== minute) {
        slot.minute = minute
        slot.max = 0
        slot.counts.fill(0)
      }
      slot.counts[bucket] = (slot.counts[bucket] ?? 0) + 1
      if (value > slot.max) slot.max = value
    },
    total: () => ({ bounds, counts: Float64Array.from(counts), sum }),
    recent() {
      const minute = minuteNow()
      const fresh = slots.filter((slot) => minute - slot.minute < SLOTS && slot.minute <= minute)
      const merged = counts.map((_, bucket) =>
        fresh.reduce((total, slot) => total + (slot.counts[bucket] ?? 0), 0),
      )
      const count = merged.reduce((total, one) => total + one, 0)
      if (count === 0) return null
      const max = Math.max(...fresh.map((slot) => slot.max))
      const at = (share: number) => quantile(bounds, merged, { share, max })
      return { count, p50: at(0.5), p99: at(0.99), max }
    },
  }
}

/**
 * The value below which this share of observations lies, by a straight line inside its bucket, never above
 * the largest one seen. As exact as the buckets are narrow. Pure.
 */
export function quantile(
  bounds: readonly number[],
  counts: ArrayLike<number>,
  { share, max }: { readonly share: number; readonly max: number },
): number {
  const total = Array.from(counts).reduce((sum, one) => sum + one, 0)
  const wanted = share * total
  let before = 0
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const here = counts[bucket] ?? 0
    if (here > 0 && before + here >= wanted) {
      const low = bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0)
      const high = Math.min(bounds[bucket] ?? max, max)
      return Math.min(max, low + Math.max(0, high - low) * ((wanted - before) / here))
    }
    before += here
  }
  return max
}
