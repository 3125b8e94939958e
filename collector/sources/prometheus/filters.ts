/** Label name -> patterns, one of which must fit. A label that is not there is empty text. */
export type Conditions = Readonly<Record<string, readonly string[]>>

type Labels = Readonly<Record<string, string>>

/** True when every label fits one of its patterns. */
export function fits(labels: Labels, conditions: Conditions): boolean {
  return Object.entries(conditions).every(([label, patterns]) =>
    patterns.some((pattern) => matchesGlob(labels[label] ?? '', pattern)),
  )
}

/** True when any label fits one of its patterns. */
export function fitsAny(labels: Labels, conditions: Conditions): boolean {
  return Object.entries(conditions).some(([label, patterns]) =>
    patterns.some((pattern) => matchesGlob(labels[label] ?? '', pattern)),
  )
}

/**
 * Whether a whole text fits a pattern of `*` (anything), `?` (one character) and `[a-z0-9]` (one of these).
 * Patterns in place of regular expressions: their time is bounded by text x pattern, whoever wrote them.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  const parts = partsOf(pattern)
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
