import type { BacktestFacts } from '#schemas/alerts/backtest.ts'
import type { SignalDeps } from './signal.ts'
import { historyGap, signalHistory } from './signal-history.ts'
import { zoneScopes, zoneSlices } from './zone-slices.ts'

/** What backtests ask, out of the same queries as alerting and screens. */
export const backtestFacts = (deps: SignalDeps): BacktestFacts => ({
  zoneScopes: (set, range) => zoneScopes(deps, set, range),
  zoneSlices: (set, range, only) => zoneSlices(deps, set, range, only),
  historyGap,
  history: (signal, range) => signalHistory(deps, signal, range),
  async settled() {
    const { firstMinuteMs: fromMs, settledUntilMs: toMs } = await deps.published()
    return fromMs === null || toMs === null ? null : { fromMs, toMs }
  },
})
