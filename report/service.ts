import { PlimsollError } from '#schemas/errors.ts'
import type { Holiday } from '#schemas/holiday.ts'
import type { Journal } from '#schemas/journal.ts'
import { IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import type { Clock } from '#schemas/role.ts'
import type { ReportFacts } from '#schemas/report/facts.ts'
import type { ReportFormat } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { IssuedLine, Reports } from '#schemas/report/service.ts'
import { createCalendar, type Period } from './calendar.ts'
import { createDrafts } from './drafts.ts'
import { appendReport, createIssuedBook, type Issued, unpackModel } from './issued.ts'
import { changesBetween, isRevision } from './revise.ts'

const MINUTE_MS = 60_000

export interface ReportsDeps {
  readonly facts: ReportFacts
  /** Null = nothing can be issued, drafts can be read. */
  readonly journal: Journal | null
  readonly clock: Clock
  /** IANA zone of the site. */
  readonly timeZone: string
  /** Holidays of the site as they are entered now. */
  readonly holidays: () => readonly Holiday[]
  /** Ways to write a report. */
  readonly formats: readonly ReportFormat[]
}

/** Reports of a site: drafts from its answers, issued ones from its journal. */
export function createReports(deps: ReportsDeps): Reports {
  const { facts, journal, clock, formats, holidays } = deps
  const calendar = createCalendar(deps.timeZone)
  const book = createIssuedBook(journal)
  const drafts = createDrafts({ facts, calendar, book, clock, holidays })
  const periodOf = (week: string) =>
    week === 'latest' ? calendar.lastWhole(clock()) : calendar.period(week)
  const model: Reports['model'] = async (week, revision) => {
    const period = periodOf(week)
    await book.refresh()
    const issued = book.find(period.id, revision === 0 ? -1 : revision)
    if (issued !== null) return unpackModel(issued.report)
    if (revision === null || revision === 0) return drafts.shared(period)
    throw new PlimsollError('E_REPORT_UNKNOWN', `report ${period.id} has no revision ${revision}`)
  }
  const append = (made: ReportModel, because: string, who: string) =>
    appendReport({ journal, book, clock }, made, { because, who })
  /** What late data made of an issued report: a new revision, or changes too small for one. */
  const revised = async (issued: Issued, period: Period, who: string) => {
    const before = unpackModel(issued.report)
    const again = await drafts.fresh(period)
    const changes = changesBetween(before, again)
    if (changes.length === 0 || !isRevision(before, again))
      return { model: before, changes, isNew: false }
    const next = { ...again, revision: before.revision + 1, changes }
    return { model: await append(next, 'late or corrected data', who), changes: [], isNew: true }
  }
  return {
    formats: formats.map(({ name }) => name),
    weeks: () => ({
      latest: calendar.lastWhole(clock()).id,
      running: calendar.holding('week', clock()).id,
    }),
    model,
    async list() {
      await book.refresh()
      return book
        .all()
        .map(lineOf)
        .toSorted((a, b) => b.from_ms - a.from_ms || b.to_ms - a.to_ms || b.revision - a.revision)
    },
    async write({ week, revision }, { format, language }) {
      const found = formats.find(({ name }) => name === format)
      if (found === undefined)
        throw new PlimsollError(
          'E_REPORT_FORMAT',
          `${format} is not written here; there are ${formats.map(({ name }) => name).join(', ')}`,
        )
      const made = await model(week, revision)
      const state = made.revision === 0 ? 'draft' : `r${made.revision}`
      return {
        bytes: await found.render(made, language),
        mediaType: found.mediaType,
        fileName: `plimsoll-${made.week}-${state}-${language}.${found.extension}`,
      }
    },
    async issue(week, who) {
      const period = periodOf(week)
      await mustStand(facts, period)
      await book.refresh()
      const issued = book.find(period.id, null)
      if (issued !== null) return revised(issued, period, who)
      const earlier = calendar.before(period)
      const last = book.find(earlier.id, null)
      const { changes } = last === null ? { changes: [] } : await revised(last, earlier, who)
      const first = { ...(await drafts.fresh(period, changes)), revision: 1 }
      return { model: await append(first, 'issued', who), isNew: true }
    },
  }
}

/** A report is issued when nothing of its period can still turn out to be idle. Rejects with E_REPORT_TOO_EARLY. */
async function mustStand(facts: ReportFacts, period: Period): Promise<void> {
  const { untilMs } = await facts.settled()
  const standsMs = period.toMs + IDLE_WINDOW_MINUTES_MAX * MINUTE_MS
  if (untilMs !== null && untilMs >= standsMs) return
  throw new PlimsollError(
    'E_REPORT_TOO_EARLY',
    `${period.id} stands when everything until ${new Date(standsMs).toISOString()} is settled; settled is ${untilMs === null ? 'nothing' : new Date(untilMs).toISOString()}`,
  )
}

function lineOf({ at_ms, who, report }: Issued): IssuedLine {
  const { model: _packed, ...told } = report
  return { ...told, issued_ms: at_ms, issued_by: who }
}
