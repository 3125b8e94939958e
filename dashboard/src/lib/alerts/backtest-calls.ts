import type {
  BacktestRun,
  BacktestsAnswer,
  TrustAnswer,
  TrustRequest,
} from '#schemas/api-backtest.ts'
import { apiUrl, call, get } from '#lib/api.ts'

/** What the page of backtests asks of the API. */

export const backtests = (signal: AbortSignal) =>
  get<BacktestsAnswer>(apiUrl('alerts/backtest'), signal)

export const startBacktest = (
  { rule, fromMs, toMs }: { readonly rule: string; readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
) => {
  const url = apiUrl('alerts/backtest', { rule, from: fromMs, to: toMs })
  return call<BacktestRun>(url, { method: 'POST', signal })
}

export const changeTrust = (request: TrustRequest, signal: AbortSignal) =>
  call<TrustAnswer>(apiUrl('alerts/trust'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  })
