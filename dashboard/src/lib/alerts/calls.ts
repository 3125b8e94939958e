import type {
  AckRequest,
  AlertDetail,
  AlertHistoryAnswer,
  AlertRulesAnswer,
  AlertsAnswer,
  SilenceItem,
  SilenceRequest,
  SilencesAnswer,
} from '#schemas/api-alerts.ts'
import type { DemoMessages } from '#schemas/alerts/demo-message.ts'
import type { Acknowledgement } from '#schemas/alerts/alert.ts'
import { ANNOTATION_SCOPES } from '#schemas/annotation-names.ts'
import type { AnnotationScope } from '#schemas/annotation.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { SeriesAnswer } from '#schemas/api.ts'
import { apiUrl, call, type Filter, get, type Params, type Window } from '#lib/api.ts'

/** What the pages of alerts ask of the API. */

export const alertsNow = (params: Params, signal: AbortSignal) =>
  get<AlertsAnswer>(apiUrl('alerts', params), signal)

export const alertHistory = (
  { fromMs, toMs }: Window,
  severity: string | null,
  signal: AbortSignal,
) => get<AlertHistoryAnswer>(apiUrl('alerts/history', { from: fromMs, to: toMs, severity }), signal)

export const alertDetail = (fingerprint: string, signal: AbortSignal) =>
  get<AlertDetail>(apiUrl(`alerts/${encodeURIComponent(fingerprint)}`), signal)

export const alertRules = (signal: AbortSignal) =>
  get<AlertRulesAnswer>(apiUrl('alerts/rules'), signal)

export const silences = (signal: AbortSignal) => get<SilencesAnswer>(apiUrl('silences'), signal)

/** What receivers would have got; only the demo has it. */
export const demoMessages = (signal: AbortSignal) =>
  get<DemoMessages>(apiUrl('demo/messages', { limit: 50 }), signal)

const post = <Answer>(path: string, body: unknown, signal: AbortSignal) =>
  call<Answer>(apiUrl(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })

export const acknowledge = (request: AckRequest, signal: AbortSignal) =>
  post<Acknowledgement>('alerts/ack', request, signal)

export const silence = (request: SilenceRequest, signal: AbortSignal) =>
  post<SilenceItem>('silences', request, signal)

/** Ends a silence now. */
export const endSilence = (id: string, signal: AbortSignal) =>
  call<SilenceItem>(apiUrl(`silences/${encodeURIComponent(id)}`), { method: 'DELETE', signal })

const FIELDS = [
  'cluster',
  'hall',
  'rack',
  'pool',
  'node',
  'vendor',
  'model',
  'tenant',
  'class',
] as const

/** What an alert is about, as filters of figures. */
export const filtersOf = (labels: AlertLabels): Filter[] =>
  FIELDS.flatMap((field): Filter[] => {
    const value = labels[field]
    return value === undefined ? [] : [{ field, op: 'eq', value }]
  })

/** The same, as a note may be about it. */
export const aboutOf = (labels: AlertLabels): AnnotationScope =>
  Object.fromEntries(
    ANNOTATION_SCOPES.flatMap((field) => {
      const value = field === 'device' || field === 'job' ? undefined : labels[field]
      return value === undefined ? [] : [[field, value]]
    }),
  )

/** Utilization of what an alert is about. */
export function utilizationOf(labels: AlertLabels, window: Window, signal: AbortSignal) {
  const params = { metric: 'utilization', from: window.fromMs, to: window.toMs, points: 240 }
  return get<SeriesAnswer>(apiUrl('fleet/series', params, filtersOf(labels)), signal)
}
