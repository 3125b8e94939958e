import { type AlertState, foldAlerts, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { addToLog, type AlertLog, newAlertLog } from './log.ts'

/** Alerting as the journal has it, and what happened on the way. */
export interface AlertsNow {
  readonly state: AlertState
  readonly log: AlertLog
}

export interface AlertsView {
  /** At most 2 s old. While the journal is away: what it said last, and before it was ever read E_JOURNAL_AWAY. */
  current(): Promise<AlertsNow>
  /** This process appended: the next `current` reads again. */
  changed(): void
}

const FRESH_MS = 2_000
const ENTRIES_AT_ONCE = 512

/** Folds the journal in memory and goes on from where it stopped; asks nothing while nobody asks. */
export function createAlertsView(deps: {
  readonly journal: Journal | null
  readonly clock: Clock
  readonly log: Logger
}): AlertsView {
  const { journal, clock } = deps
  const log = newAlertLog()
  let state = NO_ALERT_STATE
  let hasRead = false
  let isAway = false
  let readMs = -Infinity
  let reading: Promise<void> | null = null

  const read = async (from: Journal) => {
    const startedMs = clock()
    // Asked for before it was read: an entry that is appended meanwhile is of the next time.
    readMs = startedMs
    const last = await from.last()
    while (state.last < last) {
      const entries = await from.readFrom(state.last + 1, ENTRIES_AT_ONCE)
      if (entries.length === 0) break
      for (const entry of entries) addToLog(log, entry)
      state = foldAlerts(state, entries)
    }
    hasRead = true
    isAway = false
  }
  const refresh = async (from: Journal) => {
    try {
      await (reading ??= read(from))
    } catch (error) {
      readMs = -Infinity
      if (!hasRead) throw error
      if (!isAway)
        deps.log.warn('the journal cannot be read: alerts stay as they were', {
          cause: error instanceof Error ? error.message : String(error),
        })
      isAway = true
    } finally {
      reading = null
    }
  }
  return {
    async current() {
      if (journal === null)
        throw new PlimsollError(
          'E_JOURNAL_AWAY',
          'this query service has no journal: start it with --nats as ingest is',
        )
      const ageMs = clock() - readMs
      if (reading !== null || ageMs < 0 || ageMs >= FRESH_MS) await refresh(journal)
      return { state, log }
    },
    changed() {
      readMs = -Infinity
    },
  }
}
