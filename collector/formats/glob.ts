/** A pattern, taken apart once: `*` (anything), `?` (one character), `[a-z0-9]` (one of these). */
export interface Glob {
  /** Set when the pattern has no special character: the text itself. */
  readonly plain: string | null
  readonly parts: readonly string[]
}

/** Takes a pattern apart. Any text is a pattern. */
export function compileGlob(pattern: string): Glob {
  return { plain: /[*?[]/.test(pattern) ? null : pattern, parts: partsOf(pattern) }
}

/**
 * Whether a whole text fits a pattern. Patterns in place of regular expressions: their time is bounded by
 * text x pattern, whoever wrote them.
 */
export function matchesGlob(text: string, { plain, parts }: Glob): boolean {
  if (plain !== null) return text === plain
  let [at, part, star, restart] = [0, 0, -1, 0]
  while (at < text.length) {
    const expected = parts[part]
    if (expected === '*') {
      star = part++
      restart = at
    } else if (expected !== undefined && matchesOne(text[at] ?? '', expected)) {
      at++
      part++
    } else if (star !== -1) {
      part = star + 1
      at = ++restart
    } else return false
  }
  while (parts[part] === '*') part++
  return part === parts.length
}

/** `sd[a-z]*` -> `s`, `d`, `[a-z]`, `*`. A bracket that never closes stands for itself. */
function partsOf(pattern: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < pattern.length;) {
    const close = pattern[at] === '[' ? pattern.indexOf(']', at + 2) : -1
    const end = close === -1 ? at + 1 : close + 1
    parts.push(pattern.slice(at, end))
    at = end
  }
  return parts
}

function matchesOne(char: string, part: string): boolean {
  if (part === '?' || part === char) return true
  if (part.length < 3) return false
  for (let at = 1; at < part.length - 1; at++) {
    const isRange = part[at + 1] === '-' && at + 2 < part.length - 1
    const last = isRange ? (part[at + 2] ?? '') : (part[at] ?? '')
    if (char >= (part[at] ?? '') && char <= last) return true
    if (isRange) at += 2
  }
  return false
}
