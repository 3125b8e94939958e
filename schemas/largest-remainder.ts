/** Noise of floating sums must not decide which way a whole number goes. */
const NOISE = 1e-7

/**
 * Parts as whole numbers that sum to `whole`: each is rounded down, and what is then short goes to those that lost the
 * most, one each. Parts may be negative; what is nothing stays nothing. For other digits scale the parts before.
 */
export function wholesOf(parts: readonly number[], whole: number): number[] {
  const wholes = parts.map((part) => Math.floor(part + NOISE))
  const lost = parts.map((part, at) => ({ at, rest: part - (wholes[at] ?? 0) }))
  const some = lost.filter(({ at }) => parts[at] !== 0)
  const order = (some.length > 0 ? some : lost).toSorted((a, b) => b.rest - a.rest || a.at - b.at)
  const missing = whole - wholes.reduce((sum, part) => sum + part, 0)
  const taken = missing > 0 ? order : order.toReversed()
  // Only sums that are no sums need a second round.
  for (let count = 0; count < Math.abs(missing) && taken.length > 0; count += 1) {
    const at = taken[count % taken.length]?.at ?? 0
    wholes[at] = (wholes[at] ?? 0) + Math.sign(missing)
  }
  return wholes
}

/** The same to the rounded sum of the parts. */
export const wholesOfSum = (parts: readonly number[]): number[] =>
  wholesOf(parts, Math.round(parts.reduce((sum, part) => sum + part, 0)))
