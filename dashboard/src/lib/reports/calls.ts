import type {
  ReportDeliveries,
  ReportIssued,
  ReportsAnswer,
  ReportSendAnswer,
} from '#schemas/api-reports.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import { apiUrl, call, get } from '#lib/api.ts'

/** What the page of reports asks of the API. */

export const reports = (signal: AbortSignal) => get<ReportsAnswer>(apiUrl('reports'), signal)

const pathOf = (week: string) => `reports/${encodeURIComponent(week)}`

/** `revision` null = the newest that was issued, else a draft. */
export const report = (week: string, revision: number | null, signal: AbortSignal) =>
  get<ReportModel>(apiUrl(pathOf(week), { revision }), signal)

/** Issues a report, or its next revision where figures changed. */
export const issueReport = (week: string, signal: AbortSignal) =>
  call<ReportIssued>(apiUrl(pathOf(week)), { method: 'POST', signal })

/** Who gets reports, and what became of them. */
export const deliveries = (signal: AbortSignal) =>
  get<ReportDeliveries>(apiUrl('reports/deliveries'), signal)

/** Orders the newest revision to be sent; `again` = also to those who have it. */
export const sendReport = (week: string, again: boolean, signal: AbortSignal) =>
  call<ReportSendAnswer>(apiUrl(`${pathOf(week)}/send`), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ again }),
    signal,
  })
