/** Repetitions of one pattern at most: each multiplies the steps of a search that fails. */
const REPEATS_MAX = 3
const KNOWN_MAX = 1_000

const known = new Map<string, RegExp | null>()

/**
 * The pattern of a silence's matcher, for whole values; null when it cannot be read or could take long: a repeated group,
 * a reference back, or more than three repetitions.
 */
export function silencePattern(text: string): RegExp | null {
  const found = known.get(text)
  if (found !== undefined) return found
  const pattern = isCheap(text) ? compiled(text) : null
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(text, pattern)
  return pattern
}

function isCheap(text: string): boolean {
  const bare = text.replaceAll(/\\[^0-9k]/g, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
  if (/\\|\)[*+{?]|\(\?/.test(bare)) return false
  return (bare.match(/[*+{]/g) ?? []).length <= REPEATS_MAX
}

function compiled(text: string): RegExp | null {
  try {
    return new RegExp(`^(?:${text})$`, 'u')
  } catch {
    return null
  }
}
