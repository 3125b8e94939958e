import type { AlertsAnswer } from '#schemas/api-alerts.ts'
import type { ExplainAnswer } from '#schemas/api-explain.ts'
import type { ForecastAnswer } from '#schemas/api-forecast.ts'
import type { LedgerAnswer, LossAnswer, TiersAnswer } from '#schemas/api-ledger.ts'
import type { ZonesAnswer } from '#schemas/api-zones.ts'
import type { TenantNames } from '#schemas/api.ts'
import { apiUrl, get, type Window } from '#lib/api.ts'
import { type Earlier, windowsOf } from './changed.ts'

/** What the Fleet page and the kiosk ask beside the summary and the series. */

const between = ({ fromMs, toMs }: Window) => ({ from: fromMs, to: toMs })

export const ledger = (window: Window, signal: AbortSignal) =>
  get<LedgerAnswer>(apiUrl('ledger', between(window)), signal)

export const loss = (window: Window, signal: AbortSignal) =>
  get<LossAnswer>(apiUrl('loss', between(window)), signal)

export const tiers = (window: Window, signal: AbortSignal) =>
  get<TiersAnswer>(apiUrl('utilization/tiers', between(window)), signal)

export const zones = (signal: AbortSignal) => get<ZonesAnswer>(apiUrl('zones'), signal)

export const forecast = (signal: AbortSignal) =>
  get<ForecastAnswer>(apiUrl('forecast', { scope: 'fleet' }), signal)

export type Explained = ExplainAnswer & { readonly names: TenantNames }

export const explain = (earlier: Earlier, settledMs: number, signal: AbortSignal) =>
  get<Explained>(apiUrl('explain', windowsOf(earlier, settledMs)), signal)

/** Open pages, the worst first. */
export const openPages = (limit: number, signal: AbortSignal) =>
  get<AlertsAnswer>(apiUrl('alerts', { severity: 'page', limit }), signal)
