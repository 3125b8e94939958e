import { facilityDeps } from '../facility/deps.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { type TellingDeps, toldOf } from '../alerts/items.ts'
import type { ReportFacts } from '#schemas/report/facts.ts'
import type { Alerting } from '../alerts/alerting.ts'
import { createSignals } from '../alerts/facts.ts'
import { createRuleCoverage } from '../alerts/rule-coverage.ts'
import { type AlertsView, createAlertsView } from '../alerts/view.ts'
import { fleetDeps, type FleetInput } from '../fleet.ts'
import { createJournalView, type JournalView } from '../journal-state.ts'
import { moneyDocuments } from '../money-documents.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { Logger } from '#schemas/role.ts'
import { createReportFacts } from './facts.ts'

/** The answers reports are built from, out of what the API already holds. */
export function reportFacts(
  ledger: LedgerDeps,
  given: TellingDeps & {
    readonly journal: Journal | null
    readonly journalView: JournalView
    readonly alertsView: AlertsView
  },
): ReportFacts {
  return createReportFacts({
    ...facilityDeps(ledger),
    journal: given.journal,
    scheduler: () => given.journalView.scheduler(),
    journalState: () => given.journalView.current(),
    told: async () => toldOf(await given.alertsView.current(), given),
  })
}

/** The answers reports are built from, for a process that serves no API. */
export function reportFactsOver(
  input: FleetInput & {
    readonly journal: Journal
    readonly models: ModelCatalogue
    readonly log: Logger
    readonly alerting: Alerting
  },
): ReportFacts {
  const { alerting, clock, models } = input
  const journalView = createJournalView(input)
  const documents = () => moneyDocuments(journalView)
  const ledger = { ...fleetDeps(input), documents, models, health: { brokenGroups: 0 } }
  const signals = createSignals(facilityDeps(ledger))
  const coverage = createRuleCoverage({
    signal: (name) => signals.get(name)?.() ?? Promise.reject(new RangeError(name)),
    clock,
  })
  return reportFacts(ledger, {
    alerting,
    coverage,
    clock,
    journal: input.journal,
    journalView,
    alertsView: createAlertsView(input),
  })
}

/** From when to when figures are settled, epoch ms. */
export function settledOver(input: FleetInput): ReportFacts['settled'] {
  const { published } = fleetDeps(input)
  return async () => {
    const { firstMinuteMs, settledUntilMs } = await published()
    return { firstMs: firstMinuteMs, untilMs: settledUntilMs }
  }
}
