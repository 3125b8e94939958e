import type { AlertsView } from '../alerts/view.ts'
import { facilityDeps } from '../facility/deps.ts'
import type { JournalView } from '../journal-state.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { type TellingDeps, toldOf } from '../alerts/items.ts'
import type { ReportFacts } from '#schemas/report/facts.ts'
import { createReportFacts } from './facts.ts'

/** The answers reports are built from, out of what the API already holds. */
export function reportFacts(
  ledger: LedgerDeps,
  given: TellingDeps & { readonly journalView: JournalView; readonly alertsView: AlertsView },
): ReportFacts {
  return createReportFacts({
    ...facilityDeps(ledger),
    journalState: () => given.journalView.current(),
    told: async () => toldOf(await given.alertsView.current(), given),
  })
}
