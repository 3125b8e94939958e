import type { Holiday } from '#schemas/holiday.ts'
import type { Clock } from '#schemas/role.ts'
import type { ReportFacts } from '#schemas/report/facts.ts'
import type { ReportAction, ReportChange, ReportModel } from '#schemas/report/model.ts'
import { buildReport } from './build/report.ts'
import type { Calendar, Period } from './calendar.ts'
import { type IssuedBook, unpackModel } from './issued.ts'
import { questionOf } from './question.ts'

/** How long a draft is given again, and how many are remembered. */
const DRAFT_MS = 60_000
const DRAFTS_MAX = 8

export interface DraftDeps {
  readonly facts: ReportFacts
  readonly calendar: Calendar
  readonly book: IssuedBook
  readonly clock: Clock
  readonly holidays: () => readonly Holiday[]
}

/** Reports of what is settled now. Both reject with E_REPORT_EMPTY where nothing is. */
export interface Drafts {
  /** Put together now. */
  fresh(period: Period, smallChanges?: readonly ReportChange[]): Promise<ReportModel>
  /** Put together at most a minute ago, however long that took: one draft serves all who ask, so that its formats show the same digits. */
  shared(period: Period): Promise<ReportModel>
}

interface Draft {
  /** Null = still being put together: whoever asks meanwhile waits for the same one. */
  doneMs: number | null
  readonly model: Promise<ReportModel>
}

export function createDrafts(deps: DraftDeps): Drafts {
  const known = new Map<string, Draft>()
  const fresh: Drafts['fresh'] = (period, smallChanges = []) => draftOf(deps, period, smallChanges)
  return {
    fresh,
    shared(period) {
      const nowMs = deps.clock()
      for (const [id, { doneMs }] of known)
        if (doneMs !== null && nowMs - doneMs >= DRAFT_MS) known.delete(id)
      const remembered = known.get(period.id)
      if (remembered !== undefined) return remembered.model
      const entry: Draft = { doneMs: null, model: fresh(period) }
      if (known.size < DRAFTS_MAX) known.set(period.id, entry)
      entry.model.then(
        () => (entry.doneMs = deps.clock()),
        () => known.delete(period.id),
      )
      return entry.model
    },
  }
}

async function draftOf(
  { facts, calendar, book, holidays }: DraftDeps,
  period: Period,
  smallChanges: readonly ReportChange[],
): Promise<ReportModel> {
  const settled = await facts.settled()
  const asked = questionOf(period, { calendar, settled, book: await facts.costBook() })
  const { versusId, state, question } = asked
  return buildReport({
    id: period.id,
    kind: period.kind,
    state,
    calendar,
    answers: await facts.answers(question),
    holidays: holidays(),
    versusId,
    lastActions: versusId === null ? [] : actionsOf(book, versusId),
    smallChanges,
  })
}

function actionsOf(book: IssuedBook, week: string): readonly ReportAction[] {
  const issued = book.find(week, null)
  return issued === null ? [] : unpackModel(issued.report).page.actions
}
