import { type Range, readRange } from '#lib/range.ts'
import { fromLocal, toLocal, weekOf, weekWindow } from './week.ts'

/** The window of a page of money in its address: `?range=7d`, `?week=2026-W48`, or `?from=…&to=…` in epoch ms. */

export const SPAN_KEYS = ['24h', '7d'] as const
export type SpanKey = (typeof SPAN_KEYS)[number]
export type Span =
  | { readonly kind: 'last'; readonly key: SpanKey }
  | { readonly kind: 'week'; readonly week: string }
  | Extract<Range, { readonly kind: 'between' }>

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const REFRESH_MS = 120_000
const LENGTH_MS = { '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS } as const
/** Older weeks are chosen by their address or their dates. */
const WEEKS_SHOWN = 8

interface ReadableParams {
  get(name: string): string | null
}

export function readSpan(params: ReadableParams, zone: string): Span {
  const range = readRange(params)
  if (range.kind === 'between') return range
  const week = params.get('week') ?? ''
  if (weekWindow(week, zone) !== null) return { kind: 'week', week }
  return { kind: 'last', key: SPAN_KEYS.find((key) => key === params.get('range')) ?? '24h' }
}

/** Another window in a copy of the address; pages of lists begin anew. */
export function writeSpan(params: URLSearchParams, span: Span): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const name of ['from', 'to', 'range', 'week', 'cursor', 'page']) next.delete(name)
  if (span.kind === 'between') {
    next.set('from', String(span.fromMs))
    next.set('to', String(span.toMs))
  } else if (span.kind === 'week') next.set('week', span.week)
  else if (span.key !== '24h') next.set('range', span.key)
  return next
}

/** What the server is asked for. Windows that follow the clock end where minutes are settled: it knows where. */
export function spanParams(
  span: Span,
  nowMs: number,
  zone: string,
): { readonly from: number | null; readonly to: number | null } {
  if (span.kind === 'between') return { from: span.fromMs, to: span.toMs }
  if (span.kind === 'week') {
    const window = weekWindow(span.week, zone)
    return { from: window?.fromMs ?? null, to: window?.toMs ?? null }
  }
  if (span.key === '24h') return { from: null, to: null }
  return { from: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - LENGTH_MS[span.key], to: null }
}

/** How often the answer is worth asking again: past weeks and fixed windows are not. */
export const spanTick = (span: Span, nowMs: number): number =>
  span.kind === 'between' ? 0 : Math.floor(nowMs / REFRESH_MS)

/** The running week and those before it. */
export const weeksToChoose = (nowMs: number, zone: string): readonly string[] =>
  Array.from({ length: WEEKS_SHOWN }, (_, back) => weekOf(nowMs, zone, back))

/** `2026-11-22T14:05` of the site's clock, as fields of dates write it. */
export const localText = (ms: number, zone: string): string =>
  new Date(toLocal(ms, zone)).toISOString().slice(0, 16)

/** The moment a field of dates names by the site's clock; null when it names none. */
export function localMoment(text: string, zone: string): number | null {
  const local = Date.parse(`${text}Z`)
  return Number.isFinite(local) ? fromLocal(local, zone) : null
}
