import { createJournalView } from '../query/journal-state.ts'
import type { LedgerSite } from '../query/ledger/ledger.testing.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Holiday } from '#schemas/holiday.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Reports } from '#schemas/report/service.ts'
import { facilityDeps } from '../query/facility/deps.ts'
import { createReportFacts } from '../query/report/facts.ts'
import { FORMATS } from './formats/registry.ts'
import { createReports } from './service.ts'

interface SiteOptions {
  readonly timeZone?: string
  readonly holidays?: readonly Holiday[]
}

/** Reports over the ledger's answers of a test's engine. */
export function reportsOf(
  site: LedgerSite,
  journal: Journal,
  { timeZone = 'Asia/Shanghai', holidays = [] }: SiteOptions = {},
): Reports {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const clock = () => site.nowMs
  const view = createJournalView({ journal, clock, log })
  const facts = createReportFacts({
    ...facilityDeps({ ...site.deps(), timeZone }),
    journal,
    async scheduler() {
      view.changed()
      return view.scheduler()
    },
    async journalState() {
      view.changed()
      return view.current()
    },
    told: () => Promise.reject(new PlimsollError('E_JOURNAL_AWAY', 'no alerts here')),
  })
  return createReports({
    facts,
    journal,
    clock,
    timeZone,
    holidays: () => holidays,
    formats: FORMATS,
  })
}
