/** The edge of the area under a long line: its stroke hides the details, which browsers fill slowly. */

/** A line of so many points has its area filled up to each of its points. */
const EXACT_MAX = 600
/** Of a longer one, one point stands for so many. */
const STEP = 12

export interface GroundPoint {
  readonly index: number
  readonly value: number
}

/**
 * Corners of the area between a column and zero, indices `first` to `last`: of every few points the one nearest to zero,
 * so that no area lies beyond the line. Null where the line is short enough to be followed point by point.
 */
export function groundOf(
  column: ArrayLike<number | null | undefined>,
  first: number,
  last: number,
): GroundPoint[] | null {
  if (last - first < EXACT_MAX) return null
  const corners: GroundPoint[] = []
  for (let start = first; start <= last; start += STEP) {
    let nearest: GroundPoint | null = null
    for (let index = start; index <= Math.min(last, start + STEP - 1); index += 1) {
      const value = column[index] ?? null
      if (value === null) continue
      if (nearest === null || Math.abs(value) < Math.abs(nearest.value)) nearest = { index, value }
    }
    if (nearest !== null) corners.push(nearest)
  }
  return corners
}
