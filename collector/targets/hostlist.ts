import { PlimsollError } from '#schemas/errors.ts'
import { shownAddress } from './shown-address.ts'

/** More names than this in one list is a typing mistake, not a fleet. */
export const HOSTLIST_LIMIT = 100_000

/** Text of one list; 100,000 names of ranges fit in far less. */
const TEXT_LIMIT = 1 << 20

interface Range {
  readonly from: number
  readonly to: number
  /** Digits to pad to: `01` means 2, `1` means none. */
  readonly width: number
}
type Part = string | readonly Range[]

/**
 * Expands a hostlist: `h2-r[01-40]-n[01-08]:9400`, `a[1-3,7],b1`. Brackets hold numbers and ranges of
 * numbers, several of them multiply with the last one running fastest, a leading zero asks for padding, a
 * comma outside brackets starts the next name. Brackets with a colon inside are an IPv6 address and stay.
 * Throws E_TARGETS_INVALID, naming the column, before any memory is spent on a list that is too long.
 */
export function expandHostlist(text: string, limit = HOSTLIST_LIMIT): string[] {
  if (text.length > TEXT_LIMIT) throw invalid(text, 0, `is longer than ${TEXT_LIMIT} characters`)
  const names = splitNames(text).map(({ at, name }) => parseName(text, at, name))
  let total = 0
  for (const parts of names) {
    let product = 1
    for (const part of parts) if (typeof part !== 'string') product *= countOf(part)
    total += product
    if (total > limit) throw invalid(text, 0, `names more than ${limit} hosts`)
  }
  return names.flatMap(expandParts)
}

function splitNames(text: string): { at: number; name: string }[] {
  const names: { at: number; name: string }[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '[') depth++
    if (char === ']') depth--
    if (depth < 0) throw invalid(text, at, 'has a "]" without "["')
    if (depth > 1) throw invalid(text, at, 'has brackets inside brackets')
    if (char !== undefined && (char !== ',' || depth > 0)) continue
    const name = text.slice(start, at).trim()
    if (name === '') throw invalid(text, start, 'has an empty name')
    names.push({ at: start, name })
    start = at + 1
  }
  if (depth > 0) throw invalid(text, text.lastIndexOf('['), 'has a "[" that is never closed')
  return names
}

function parseName(text: string, at: number, name: string): Part[] {
  const parts: Part[] = []
  let rest = 0
  for (const match of name.matchAll(/\[([^\]]*)\]/g)) {
    const inside = match[1] ?? ''
    if (inside.includes(':')) continue
    parts.push(name.slice(rest, match.index), parseRanges(text, at + match.index, inside))
    rest = match.index + match[0].length
  }
  parts.push(name.slice(rest))
  return parts.filter((part) => part !== '')
}

function parseRanges(text: string, at: number, inside: string): Range[] {
  return inside.split(',').map((item) => {
    const match = /^\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*$/.exec(item)
    const first = match?.[1]
    if (first === undefined)
      throw invalid(
        text,
        at,
        `has ${quoted(text, item)} in brackets; write numbers or ranges such as [01-40,42]`,
      )
    const range = { from: Number(first), to: Number(match?.[2] ?? first), width: widthOf(first) }
    if (range.to < range.from)
      throw invalid(text, at, `has the range ${quoted(text, item)} that runs backwards`)
    return range
  })
}

/** Brackets may stand in a password. */
const quoted = (text: string, item: string) => (text.includes('@') ? 'something else' : `"${item}"`)

const widthOf = (digits: string) =>
  digits.length > 1 && digits.startsWith('0') ? digits.length : 0

const countOf = (ranges: readonly Range[]) =>
  ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)

function expandParts(parts: readonly Part[]): string[] {
  let names = ['']
  for (const part of parts) {
    const endings = typeof part === 'string' ? [part] : part.flatMap(numbersOf)
    names = names.flatMap((name) => endings.map((ending) => name + ending))
  }
  return names
}

function numbersOf({ from, to, width }: Range): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(width, '0'))
}

function invalid(text: string, at: number, what: string): PlimsollError {
  const full = shownAddress(text)
  const shown = full.length > 80 ? full.slice(0, 77) + '...' : full
  return new PlimsollError(
    'E_TARGETS_INVALID',
    `the host list "${shown}" ${what} (column ${at + 1})`,
  )
}
