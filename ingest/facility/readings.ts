/** One value of a meter as it was stored. Times epoch ms. */
export interface StoredReading {
  readonly atMs: number
  /** Joules of a counter, watts of a power reading. */
  readonly value: number
  /** How often the point is read. */
  readonly stepMs: number
  /** When the row was stored: what was read before that lacks it. */
  readonly insertedMs: number
}

/** What is known of one meter in a window, in any order, repeated or not. */
export interface MeterReadings {
  /** `energy_joules_total`. */
  readonly energy: readonly StoredReading[]
  /** `power_watts`. */
  readonly power: readonly StoredReading[]
  /** `energy_reset_seconds`: when the counter says that it was reset, by its own clock. */
  readonly resets: readonly StoredReading[]
}

export const NO_READINGS: MeterReadings = { energy: [], power: [], resets: [] }

/**
 * Readings in the order of time, one per moment: the same set gives the same list however it arrived. What no meter can
 * mean (negative, not a number: -1 is "not supported") is left out. Of two values of one moment the lower counts.
 */
export function inOrder(readings: readonly StoredReading[]): StoredReading[] {
  const sorted = readings
    .filter(({ value }) => Number.isFinite(value) && value >= 0)
    .toSorted((a, b) => a.atMs - b.atMs || a.value - b.value || a.insertedMs - b.insertedMs)
  return sorted.filter(({ atMs }, index) => atMs !== sorted[index - 1]?.atMs)
}

/** The middle value, the lower of two; null of an empty list. */
export function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}
