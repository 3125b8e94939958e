import { PlimsollError } from '#schemas/errors.ts'

/** What a node's name can tell of where it stands. */
export const PLACE_FIELDS = ['site', 'cluster', 'hall', 'rack', 'pool'] as const
export type PlaceField = (typeof PLACE_FIELDS)[number]
export type NamedPlace = Readonly<Partial<Record<PlaceField, string>>>

/** Words that stand for a part of a name that is no place. */
const PASSED_OVER: ReadonlySet<string> = new Set(['node', '*'])
const TEXT_MAX = 256

export interface PlacePattern {
  /** The places in a node's name, or null when the whole name does not fit. */
  match(node: string): NamedPlace | null
}

interface Part {
  /** Null for a part that is passed over. */
  readonly field: PlaceField | null
  /** What follows it literally; empty only at the end. */
  readonly until: string
}

/**
 * A pattern such as `h{hall}-r{rack}-n{node}`: `{site}`, `{cluster}`, `{hall}`, `{rack}` and `{pool}` are kept,
 * `{node}` and `{*}` passed over, everything else stands for itself. A value is not empty and never holds the
 * character that follows it in the pattern, so that a name fits in one way only and takes one walk to compare.
 * Throws E_PATTERN_INVALID, naming the column.
 */
export function compilePlacePattern(text: string): PlacePattern {
  if (text.length > TEXT_MAX) throw invalid(text, 0, `is longer than ${TEXT_MAX} characters`)
  const { start, parts } = parsePattern(text)
  if (!parts.some(({ field }) => field !== null))
    throw invalid(text, 0, `names no place; write one of {${PLACE_FIELDS.join('}, {')}} in it`)
  return { match: (node) => matchParts(node, start, parts) }
}

function parsePattern(text: string): { start: string; parts: Part[] } {
  const first = literalEnd(text, 0)
  const start = text.slice(0, first)
  const parts: Part[] = []
  const seen = new Set<string>()
  for (let at = first; at < text.length;) {
    const close = text.indexOf('}', at)
    if (close === -1) throw invalid(text, at, 'has a "{" that is never closed')
    const name = text.slice(at + 1, close)
    const field = PLACE_FIELDS.find((known) => known === name) ?? null
    if (field === null && !PASSED_OVER.has(name))
      throw invalid(
        text,
        at,
        `has {${name}}; it may be {${PLACE_FIELDS.join('}, {')}}, {node} or {*}`,
      )
    if (field !== null && seen.has(field)) throw invalid(text, at, `has {${field}} twice`)
    seen.add(name)
    const end = literalEnd(text, close + 1)
    if (end === close + 1 && end < text.length)
      throw invalid(text, end, 'has nothing between two "{…}": where would the first one end?')
    parts.push({ field, until: text.slice(close + 1, end) })
    at = end
  }
  return { start, parts }
}

/** Where the literal text that begins here ends: at the next "{" or the end. */
function literalEnd(text: string, from: number): number {
  const open = text.indexOf('{', from)
  const end = open === -1 ? text.length : open
  const stray = text.slice(from, end).indexOf('}')
  if (stray !== -1) throw invalid(text, from + stray, 'has a "}" without "{"')
  return end
}

function matchParts(node: string, start: string, parts: readonly Part[]): NamedPlace | null {
  if (!node.startsWith(start)) return null
  const place: Partial<Record<PlaceField, string>> = {}
  let at = start.length
  for (const { field, until } of parts) {
    const stop = until === '' ? node.length : node.indexOf(until.charAt(0), at)
    if (stop <= at || !node.startsWith(until, stop)) return null
    if (field !== null) place[field] = node.slice(at, stop)
    at = stop + until.length
  }
  return at === node.length ? place : null
}

function invalid(text: string, at: number, problem: string): PlimsollError {
  const shown = JSON.stringify(text.slice(0, 80))
  return new PlimsollError('E_PATTERN_INVALID', `pattern ${shown}, column ${at + 1}: ${problem}`)
}
