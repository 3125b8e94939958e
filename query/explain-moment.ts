/**
 * Where a line of values changes its level most: the index of the first value of the new level, by the split that leaves
 * the least squares round the two means. Null for fewer than two values, or when all are alike.
 */
export function changePoint(values: readonly number[]): number | null {
  const whole = values.reduce((sum, value) => sum + value, 0)
  let best: { at: number; gain: number } | null = null
  let before = 0
  for (let at = 1; at < values.length; at += 1) {
    before += values[at - 1] ?? 0
    const difference = before / at - (whole - before) / (values.length - at)
    // What splitting here takes off the squares round one mean.
    const gain = (difference * difference * at * (values.length - at)) / values.length
    if (gain > (best?.gain ?? 0)) best = { at, gain }
  }
  return best?.at ?? null
}
