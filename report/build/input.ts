import type { Holiday } from '#schemas/holiday.ts'
import type { ReportAnswers } from '#schemas/report/facts.ts'
import type { ReportAction, ReportChange, ReportModel } from '#schemas/report/model.ts'
import type { Calendar } from '../calendar.ts'

/** What one report is built from. */
export interface BuildInput {
  readonly id: string
  readonly kind: ReportModel['kind']
  readonly state: ReportModel['state']
  readonly calendar: Calendar
  readonly answers: ReportAnswers
  /** Of the site, of any year. */
  readonly holidays: readonly Holiday[]
  /** Id of the period that `answers.before` is of. */
  readonly versusId: string | null
  /** Actions of the newest report of the period before; empty where none was issued. */
  readonly lastActions: readonly ReportAction[]
  /** What late data changed of the report before, too little for a revision of it. */
  readonly smallChanges: readonly ReportChange[]
}

export const HOUR_S = 3600
/** Utilization that the site is measured against, and the lines below it (DEFINITIONS section 9). */
export { DEFAULT_ZONE_LEVELS as LEVELS } from '#schemas/zones.ts'
