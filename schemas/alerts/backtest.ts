import type { BacktestRun } from '../api-backtest.ts'
import type { AlertFacts, TimeRange } from './ports.ts'
import type { Rule } from './rule.ts'
import type { Words } from './severity.ts'
import type { SignalAnswer } from './signals.ts'
import type { ZONE_SCOPES } from './zone-set.ts'

/** What backtests ask of query. Each rejects as the reader does. */
export interface BacktestFacts extends Pick<AlertFacts, 'zoneScopes' | 'zoneSlices'> {
  /** What is settled, epoch ms; null = nothing. */
  settled(): Promise<TimeRange | null>
  /** Why a signal cannot be worked out for the past; null = it can. */
  historyGap(signal: string): Words | null
  /** What a signal would have said, oldest first. */
  history(signal: string, range: TimeRange): AsyncIterable<SignalAnswer>
}

export interface BacktestWish {
  readonly rule: string
  readonly range: TimeRange
  /** Of zone and forecast rules: each of these instead of the zone sets in force. */
  readonly scope: (typeof ZONE_SCOPES)[number] | null
}

/** Backtests of this process: one at a time, the newest are remembered. */
export interface Backtests {
  /** Why a rule cannot be tried on what is stored; null = it can. */
  gapOf(rule: Rule): Words | null
  runs(): readonly BacktestRun[]
  settled(): Promise<TimeRange | null>
  /**
   * Begins one; one that runs or is done already for the same wish is given as it is. Rejects with E_NOT_FOUND for a rule
   * that is not in force, E_BAD_REQUEST for one that cannot be tried, E_RANGE_INVALID, E_BACKTEST_BUSY while another runs.
   */
  start(who: string, wish: BacktestWish): Promise<BacktestRun>
  stop(): Promise<void>
}
