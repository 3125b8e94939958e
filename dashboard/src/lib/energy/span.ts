import type { FacilityResolution } from '#schemas/api-facility.ts'
import type { OpenWindow } from '#lib/api.ts'
import { type Range, readRange } from '#lib/range.ts'

/** The window of the energy page in its address: `?range=7d`, or `?from=…&to=…` in epoch ms. */

export const SPAN_KEYS = ['24h', '7d', '30d', '12mo'] as const
export type SpanKey = (typeof SPAN_KEYS)[number]
export type Span =
  | { readonly kind: 'last'; readonly key: SpanKey }
  | Extract<Range, { readonly kind: 'between' }>

/** Widths of the periods of the table. */
export const TABLE_STEPS = ['1h', '1d', '1w', '1mo'] as const
export type TableStep = (typeof TABLE_STEPS)[number]

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BUCKET_MS = 900_000
/** A bucket is settled about that long after its end. */
const SETTLE_MS = 120_000

interface ReadableParams {
  get(name: string): string | null
}

export function readSpan(params: ReadableParams): Span {
  const range = readRange(params)
  if (range.kind === 'between') return range
  const key = SPAN_KEYS.find((candidate) => candidate === params.get('range'))
  return { kind: 'last', key: key ?? '24h' }
}

/** Another window in a copy of the address; what the table is cut into is chosen anew. */
export function writeSpan(params: URLSearchParams, span: Span): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const name of ['from', 'to', 'range', 'by']) next.delete(name)
  if (span.kind === 'between') {
    next.set('from', String(span.fromMs))
    next.set('to', String(span.toMs))
  } else if (span.key !== '24h') next.set('range', span.key)
  return next
}

/** What the server is asked for. Windows that follow the clock end where energy is settled: it knows where. */
export function spanWindow(span: Span, nowMs: number): OpenWindow {
  if (span.kind === 'between') return { fromMs: span.fromMs, toMs: span.toMs }
  if (span.key === '24h') return { fromMs: null, toMs: null }
  const now = Math.floor((nowMs - SETTLE_MS) / BUCKET_MS) * BUCKET_MS
  return { fromMs: span.key === '12mo' ? yearBefore(now) : now - lengthMs(span), toMs: null }
}

/** A year and three hours: what is settled ends up to an hour ago, and less than 12 months is no PUE. */
function yearBefore(nowMs: number): number {
  const date = new Date(nowMs)
  date.setUTCFullYear(date.getUTCFullYear() - 1)
  return date.getTime() - 3 * HOUR_MS
}

const LENGTH_MS = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '12mo': 365 * DAY_MS,
} as const satisfies Record<SpanKey, number>

const lengthMs = (span: Span): number =>
  span.kind === 'last' ? LENGTH_MS[span.key] : span.toMs - span.fromMs

/** Periods of the chart: some hundreds at most. */
export function chartResolution(span: Span): FacilityResolution {
  const length = lengthMs(span)
  if (length <= 3 * DAY_MS) return '15m'
  return length <= 31 * DAY_MS ? '1h' : '1d'
}

/** What a window can be cut into for the table, the usual one first. */
export function tableSteps(span: Span): readonly TableStep[] {
  const length = lengthMs(span)
  if (length <= 2 * DAY_MS) return ['1h']
  if (length <= 31 * DAY_MS) return ['1d', '1w']
  return ['1mo', '1w', '1d']
}

export function readStep(params: ReadableParams, span: Span): TableStep {
  const steps = tableSteps(span)
  return steps.find((step) => step === params.get('by')) ?? steps[0] ?? '1d'
}

/** A drag across the chart: outwards to whole quarters of an hour, at least one hour. */
export function spanFromSelection(aMs: number, bMs: number): Span {
  const fromMs = Math.floor(Math.min(aMs, bMs) / BUCKET_MS) * BUCKET_MS
  const toMs = Math.ceil(Math.max(aMs, bMs) / BUCKET_MS) * BUCKET_MS
  return { kind: 'between', fromMs, toMs: Math.max(toMs, fromMs + HOUR_MS) }
}
