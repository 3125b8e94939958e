import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { Logger } from '#schemas/role.ts'
import { facilityDeps } from '../facility/deps.ts'
import { fleetDeps, type FleetInput } from '../fleet.ts'
import { createJournalView } from '../journal-state.ts'
import { moneyDocuments } from '../money-documents.ts'
import { createAlertFacts } from './facts.ts'

/** The answers alerting goes by, for a process that serves no API. */
export function alertFactsOver(
  input: FleetInput & {
    readonly journal: Journal
    readonly models: ModelCatalogue
    readonly log: Logger
  },
): AlertFacts {
  const view = createJournalView(input)
  const ledger = {
    ...fleetDeps(input),
    documents: () => moneyDocuments(view),
    models: input.models,
    health: { brokenGroups: 0 },
  }
  return createAlertFacts(facilityDeps(ledger), () => view.scheduler())
}
