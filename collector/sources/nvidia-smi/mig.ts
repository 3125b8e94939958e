/** Compute slices of a MIG device: 7 everywhere except on these (the second unverified). */
const FOUR_SLICES = /\bA30X?\b|\bRTX[ -]PRO[ -][56]000\b/i
const SLICES = 7

/**
 * A MIG profile's part of the board's compute: `3g.40gb` is 3 of 7 slices, the compute instance
 * `1c.3g.40gb` 1 of 7. Null for a profile that was not printed or does not fit the board.
 */
export function migShare(profile: string | null, model: string): number | null {
  const match = /^(?:(\d)c\.)?(\d)g(?:\.|$)/i.exec(profile ?? '')
  if (match === null) return null
  const slices = FOUR_SLICES.test(model) ? 4 : SLICES
  const instance = Number(match[2])
  const compute = match[1] === undefined ? instance : Number(match[1])
  return compute < 1 || compute > instance || instance > slices ? null : compute / slices
}
