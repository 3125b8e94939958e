import type {
  CollectionAnswer,
  DeviceDetail,
  DeviceList,
  FleetSummary,
  SeriesAnswer,
  SessionInfo,
} from '#schemas/api.ts'
import type { EnergyAnswer, FacilityResolution, PueAnswer } from '#schemas/api-facility.ts'
import type { FacilityLoopsAnswer, FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import type { OwnersAnswer } from '#schemas/api-ledger.ts'
import type { CoverageAnswer, NodeDetail, NodeSeriesAnswer } from '#schemas/api-nodes.ts'
import type { PipelineAnswer } from '#schemas/api-pipeline.ts'
import type { ParseResult } from '#schemas/parse-result.ts'

/**
 * The API as functions. Types come from the contract; answers are not checked again here, because the
 * server checks what it sends against the same schemas and shipping the checker would double the page.
 */

/** What a failed call tells a person: a code with a page, or that nothing answered. */
export class ApiFailure extends Error {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number
  readonly code: string
  readonly docs: string | null

  constructor(status: number, code: string, message: string, docs: string | null) {
    super(message)
    this.name = 'ApiFailure'
    this.status = status
    this.code = code
    this.docs = docs
  }
}

/** Codes of this side: no answer, and an answer that is not the API's. */
export const UNREACHABLE = 'UNREACHABLE'
export const NOT_THE_API = 'NOT_THE_API'

export interface Filter {
  readonly field: string
  readonly op: 'eq' | 'in' | 'prefix'
  readonly value: string
}

type ParamValue = string | number | null | undefined
export type Params = Readonly<Record<string, ParamValue>>

/** `/api/v1/…` with the parameters that have a value, then one `filter=field:op:value` per filter. */
export function apiUrl(path: string, params: Params = {}, filters: readonly Filter[] = []): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value))
  }
  for (const { field, op, value } of filters) query.append('filter', `${field}:${op}:${value}`)
  const text = query.toString()
  return text === '' ? `/api/v1/${path}` : `/api/v1/${path}?${text}`
}

/** One call of the API, for modules that pages of their own load. */
export async function call<Answer>(url: string, init: RequestInit): Promise<Answer> {
  const response = await ask(url, init)
  if (!isJson(response)) throw new ApiFailure(response.status, NOT_THE_API, response.url, null)
  const answer: Answer = await response.json()
  return answer
}

/** An answer that is bytes. */
export async function getBytes(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await ask(url, { signal })
  const type = response.headers.get('content-type') ?? ''
  if (type !== 'application/octet-stream')
    throw new ApiFailure(response.status, NOT_THE_API, response.url, null)
  return response.arrayBuffer()
}

const isJson = (response: Response) =>
  response.headers.get('content-type')?.includes('json') ?? false

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { credentials: 'same-origin', ...init }).catch(
    (cause: unknown) => {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
      throw new ApiFailure(0, UNREACHABLE, String(cause), null)
    },
  )
  if (!response.ok) throw await failureOf(response, isJson(response))
  return response
}

async function failureOf(response: Response, isJson: boolean): Promise<ApiFailure> {
  const body: unknown = isJson ? await response.json().catch(() => null) : null
  const error = field(body, 'error')
  const text = (name: string) => {
    const value = field(error, name)
    return typeof value === 'string' ? value : null
  }
  const code = text('code') ?? `HTTP_${response.status}`
  return new ApiFailure(response.status, code, text('message') ?? response.statusText, text('docs'))
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

export const get = <Answer>(url: string, signal: AbortSignal) => call<Answer>(url, { signal })

export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

export function fleetSummary(groupBy: string, window: Window, signal: AbortSignal) {
  const params = { group_by: groupBy, from: window.fromMs, to: window.toMs }
  return get<FleetSummary>(apiUrl('fleet/summary', params), signal)
}

export function utilizationSeries(window: Window, points: number, signal: AbortSignal) {
  const params = { metric: 'utilization', from: window.fromMs, to: window.toMs, points }
  return get<SeriesAnswer>(apiUrl('fleet/series', params), signal)
}

export function devices(params: Params, filters: readonly Filter[], signal: AbortSignal) {
  return get<DeviceList>(apiUrl('devices', params, filters), signal)
}

export function device(id: string, signal: AbortSignal) {
  return get<DeviceDetail>(apiUrl(`devices/${encodeURIComponent(id)}`), signal)
}

export interface DeviceSeriesQuestion extends Window {
  readonly metrics: readonly string[]
  readonly points: number
}

/** The API answers at most 32 metrics at a time. */
const METRICS_PER_CALL = 26

/** Any number of metrics of one device; several calls at once, one answer. `metrics` is not empty. */
export async function deviceSeries(
  id: string,
  { metrics, fromMs, toMs, points }: DeviceSeriesQuestion,
  signal: AbortSignal,
): Promise<SeriesAnswer> {
  const path = `devices/${encodeURIComponent(id)}/series`
  const ask = (names: readonly string[]) => {
    const params = { metrics: names.join(','), from: fromMs, to: toMs, points }
    return get<SeriesAnswer>(apiUrl(path, params), signal)
  }
  const later = Array.from(
    { length: Math.ceil(metrics.length / METRICS_PER_CALL) - 1 },
    (_call, at) => metrics.slice((at + 1) * METRICS_PER_CALL, (at + 2) * METRICS_PER_CALL),
  )
  const [first, ...rest] = await Promise.all([
    ask(metrics.slice(0, METRICS_PER_CALL)),
    ...later.map(ask),
  ])
  return { ...first, groups: [...first.groups, ...rest.flatMap((answer) => answer.groups)] }
}

export function collection(params: Params, filters: readonly Filter[], signal: AbortSignal) {
  return get<CollectionAnswer>(apiUrl('collection', params, filters), signal)
}

/** How every stage from collectors to settled minutes is. */
export function pipeline(params: Params, signal: AbortSignal) {
  return get<PipelineAnswer>(apiUrl('pipeline', params), signal)
}

/** Which source or model gives which metric. */
export function coverage(groupBy: 'source' | 'model', signal: AbortSignal) {
  return get<CoverageAnswer>(
    apiUrl('collection/coverage', { group_by: groupBy, limit: 100 }),
    signal,
  )
}

export function node(name: string, cluster: string | null, signal: AbortSignal) {
  return get<NodeDetail>(apiUrl(`nodes/${encodeURIComponent(name)}`, { cluster }), signal)
}

/** Metrics of a node over time; `metrics` is not empty and at most 32. */
export function nodeSeries(
  name: string,
  { metrics, fromMs, toMs, points, cluster }: DeviceSeriesQuestion & { cluster: string | null },
  signal: AbortSignal,
) {
  const params = { metrics: metrics.join(','), from: fromMs, to: toMs, points, cluster }
  return get<NodeSeriesAnswer>(apiUrl(`nodes/${encodeURIComponent(name)}/series`, params), signal)
}

/** A window whose open ends the server closes: no begin is a day, no end the newest settled quarter of an hour. */
export interface OpenWindow {
  readonly fromMs: number | null
  readonly toMs: number | null
}

/** The site's PUE over a window and its periods. */
export function pue(window: OpenWindow, resolution: FacilityResolution, signal: AbortSignal) {
  const params = { from: window.fromMs, to: window.toMs, resolution }
  return get<PueAnswer>(apiUrl('pue', params), signal)
}

/** The site's energy by role, IT beside its devices, and the power it asked for. */
export function energy(window: OpenWindow, signal: AbortSignal) {
  const params = { from: window.fromMs, to: window.toMs, group_by: 'role' }
  return get<EnergyAnswer>(apiUrl('energy', params), signal)
}

export function owners(window: Window, signal: AbortSignal) {
  return get<OwnersAnswer>(apiUrl('owners', { from: window.fromMs, to: window.toMs }), signal)
}

/** The site's meters now. */
export function facilityTree(signal: AbortSignal) {
  return get<FacilityTreeAnswer>(apiUrl('facility/tree'), signal)
}

/** The site's cooling loops now, the worst first. */
export function facilityLoops(signal: AbortSignal) {
  return get<FacilityLoopsAnswer>(apiUrl('facility/loops'), signal)
}

/** What Plimsoll reads in a captured output; `source` null lets the server recognize it. */
export function parse(text: string, source: string | null, signal: AbortSignal) {
  return call<ParseResult>(apiUrl('parse', { source }), {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: text,
    signal,
  })
}

export function session(signal: AbortSignal) {
  return get<SessionInfo>(apiUrl('session'), signal)
}

/** Exchanges a token for the session cookie. */
export function signIn(token: string) {
  return call<SessionInfo>(apiUrl('session'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
}

/** Ends the session and the cookie with it. */
export async function signOut(): Promise<void> {
  const response = await fetch(apiUrl('session'), { method: 'DELETE', credentials: 'same-origin' })
  if (!response.ok) throw await failureOf(response, true)
}

/** Starts the demo's incident again. */
export async function playIncident(): Promise<void> {
  const response = await fetch(apiUrl('demo/incident'), {
    method: 'POST',
    credentials: 'same-origin',
  })
  if (!response.ok) throw await failureOf(response, true)
}
