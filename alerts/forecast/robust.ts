/** Statistics that a few wild values do not move. All take and give plain numbers. */

/** Linear interpolation between order statistics; NaN of nothing. `sorted` ascends. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

/** NaN of nothing. */
export const median = (values: readonly number[]): number =>
  quantile(Float64Array.from(values).sort(), 0.5)

/** Spread of a normal distribution with the same median absolute deviation; NaN of nothing. */
export function robustSigma(values: readonly number[]): number {
  const centre = median(values)
  return 1.4826 * median(values.map((value) => Math.abs(value - centre)))
}

/** A line through points at 0, 1, 2…: slope per step, and its value at the last point. */
export interface Line {
  readonly slope: number
  readonly end: number
}

/** Theil-Sen: the median of the slopes of all pairs; holes (null) take no part. Null under eight points. */
export function theilSen(values: readonly (number | null)[]): Line | null {
  const points = values.flatMap((y, x) => (y === null ? [] : [{ x, y }]))
  if (points.length < 8) return null
  const slopes = points.flatMap((a, index) =>
    points.slice(index + 1).map((b) => (b.y - a.y) / (b.x - a.x)),
  )
  const slope = median(slopes)
  const last = values.length - 1
  return { slope, end: median(points.map(({ x, y }) => y + slope * (last - x))) }
}

/** Quantile of the standard normal distribution, `p` in (0, 1); error under 0.0005. Abramowitz and Stegun 26.2.23. */
export function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)))
  const top = 2.515517 + t * (0.802853 + t * 0.010328)
  const bottom = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  const z = t - top / bottom
  return p < 0.5 ? -z : z
}

/** Numbers in [0, 1) that a seed repeats: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
