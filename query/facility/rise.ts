import { median } from '../thermal-figures.ts'

/** Pairs grow with the square: of more samples every n-th is taken. */
const SAMPLES_MAX = 60
const SAMPLES_MIN = 3

/**
 * Degrees a minute as the median of the slopes between all pairs of samples (Theil-Sen): single wild values do not
 * move it. Null for fewer than three samples or all at one moment.
 */
export function theilSen(seconds: readonly number[], celsius: readonly number[]): number | null {
  const count = Math.min(seconds.length, celsius.length)
  if (count < SAMPLES_MIN) return null
  const every = Math.ceil(count / SAMPLES_MAX)
  // From the newest backwards, so that it always counts.
  const picked = Array.from({ length: Math.ceil(count / every) }, (_, at) => count - 1 - at * every)
  const slopes: number[] = []
  for (const [at, later] of picked.entries())
    for (const earlier of picked.slice(at + 1)) {
      const apart = (seconds[later] ?? 0) - (seconds[earlier] ?? 0)
      if (apart > 0) slopes.push(((celsius[later] ?? 0) - (celsius[earlier] ?? 0)) / apart)
    }
  const slope = median(slopes)
  return slope === null ? null : slope * 60
}
