/** Which report is read, as the address says it: `?week=2026-W46&revision=1`. */

export interface ReportQuestion {
  /** Null = the last whole week. */
  readonly week: string | null
  /** Null = the newest that was issued, else a draft. */
  readonly revision: number | null
}

/** As `ReportId` of the contract, whose checker this page does not load. */
const ID = /^\d{4}-(W\d{2}|\d{2}|\d{2}-\d{2}\.\.\d{4}-\d{2}-\d{2})$/

/** What is no name of a report is left out. */
export function readQuestion(params: URLSearchParams): ReportQuestion {
  const [week, revision] = [params.get('week') ?? '', params.get('revision') ?? '']
  if (!ID.test(week)) return { week: null, revision: null }
  return { week, revision: /^\d{1,4}$/.test(revision) ? Number(revision) : null }
}

/** Address of one report on this page. */
export const reportHref = (week: string, revision: number | null = null) =>
  `/reports?week=${week}${revision === null ? '' : `&revision=${revision}`}`
