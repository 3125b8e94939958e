/** The time range of a page, kept in its URL: `?range=24h`, or `?from=…&to=…` in epoch ms. */

export const RANGE_KEYS = ['1h', '6h', '24h', '7d'] as const
export type RangeKey = (typeof RANGE_KEYS)[number]

const HOUR_MS = 3_600_000
const LENGTH_MS = {
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
} as const satisfies Record<RangeKey, number>

const MINUTE_MS = 60_000
/** Two minutes: less shows nothing. 400 days: more than any store here keeps at a minute. */
const SHORTEST_MS = 2 * MINUTE_MS
const LONGEST_MS = 400 * 24 * HOUR_MS

export type Range =
  | { readonly kind: 'last'; readonly key: RangeKey }
  | { readonly kind: 'between'; readonly fromMs: number; readonly toMs: number }

export const DEFAULT_RANGE: Range = { kind: 'last', key: '24h' }

interface ReadableParams {
  get(name: string): string | null
}

/** The range an address asks for; anything unreadable, reversed or absurd is the default. */
export function readRange(params: ReadableParams): Range {
  const from = wholeNumber(params.get('from'))
  const to = wholeNumber(params.get('to'))
  if (from !== null && to !== null && to - from >= SHORTEST_MS && to - from <= LONGEST_MS) {
    return { kind: 'between', fromMs: from, toMs: to }
  }
  const key = RANGE_KEYS.find((candidate) => candidate === params.get('range'))
  return key === undefined ? DEFAULT_RANGE : { kind: 'last', key }
}

/** Writes a range into a copy of the address; the default leaves the address clean. */
export function writeRange(params: URLSearchParams, range: Range): URLSearchParams {
  const next = new URLSearchParams(params)
  next.delete('from')
  next.delete('to')
  next.delete('range')
  if (range.kind === 'between') {
    next.set('from', String(range.fromMs))
    next.set('to', String(range.toMs))
  } else if (range.key !== '24h') next.set('range', range.key)
  return next
}

/** The window [from, to) at a moment, floored to the minute as the API does. */
export function rangeWindow(range: Range, nowMs: number): { fromMs: number; toMs: number } {
  const floor = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS
  if (range.kind === 'between') return { fromMs: floor(range.fromMs), toMs: floor(range.toMs) }
  const toMs = floor(nowMs)
  return { fromMs: toMs - LENGTH_MS[range.key], toMs }
}

/** A dragged selection as a range: outwards to whole minutes, never shorter than two. */
export function rangeFromSelection(aMs: number, bMs: number): Range {
  const fromMs = Math.floor(Math.min(aMs, bMs) / MINUTE_MS) * MINUTE_MS
  const toMs = Math.ceil(Math.max(aMs, bMs) / MINUTE_MS) * MINUTE_MS
  return { kind: 'between', fromMs, toMs: Math.max(toMs, fromMs + SHORTEST_MS) }
}

/** How often a range that follows the clock is worth asking again, ms; null for a fixed one. */
export function refreshEveryMs(range: Range): number | null {
  if (range.kind === 'between') return null
  return range.key === '7d' ? 5 * MINUTE_MS : MINUTE_MS
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}
