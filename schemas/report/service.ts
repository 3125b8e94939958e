import type { ReportDeliveries, ReportSendAnswer, ReportSendRequest } from '#schemas/api-reports.ts'
import type { ReportFormatName, ReportLanguage } from './format.ts'
import type { ReportModel } from './model.ts'

/** One issued revision, without its model. */
export interface IssuedLine {
  readonly week: string
  readonly revision: number
  readonly from_ms: number
  readonly to_ms: number
  readonly definition: string
  readonly issued_ms: number
  readonly issued_by: string
  readonly because: string
  readonly sha256: string
  readonly utilization: number | null
  readonly coverage: number | null
}

/** A report written in a format. */
export interface WrittenReport {
  readonly bytes: Uint8Array
  readonly mediaType: string
  /** `plimsoll-2026-W47-r1-en.pdf` */
  readonly fileName: string
}

/** Reports of this site: those that were issued, and drafts of any period. */
export interface Reports {
  /** Newest period first, of each the newest revision first. */
  list(): Promise<readonly IssuedLine[]>
  /**
   * An issued revision (null = the newest), unchanged since; where none was issued a draft of what is settled now
   * (revision 0). `latest` is the last whole week. Rejects with E_REPORT_PERIOD for an id that names no period,
   * E_REPORT_EMPTY where nothing is settled of it, E_REPORT_UNKNOWN for a revision that was never issued.
   */
  model(week: string, revision: number | null): Promise<ReportModel>
  /** The same, written. Rejects also with E_REPORT_FORMAT for a format that this release does not write. */
  write(
    question: { readonly week: string; readonly revision: number | null },
    how: { readonly format: ReportFormatName; readonly language: ReportLanguage },
  ): Promise<WrittenReport>
  /**
   * Freezes the period as it is settled now: revision 1, or the next one where figures changed by more than the
   * thresholds. Answers the newest revision, and whether it is new. Rejects with E_REPORT_TOO_EARLY before all of the
   * period stands.
   */
  issue(
    week: string,
    who: string,
  ): Promise<{ readonly model: ReportModel; readonly isNew: boolean }>
  /** Ids of the last whole week and of the one that runs. */
  weeks(): { readonly latest: string; readonly running: string }
  /** Formats that can be written. */
  readonly formats: readonly ReportFormatName[]
}

/** Who gets reports and what became of it, and the order to send one now. Who sends reads the order from the journal. */
export interface ReportSends {
  /** When the schedule sends the next time, epoch ms; null = nobody gets reports. */
  nextMs(): number | null
  /** Rejects with E_JOURNAL_AWAY. */
  deliveries(): Promise<Omit<ReportDeliveries, 'simulated'>>
  /**
   * Asks for a report to be sent, once to each; issues it first where it was not. Rejects with E_REPORT_NOBODY,
   * E_REPORT_RECIPIENT, E_REPORT_UNKNOWN for a revision that was never issued, and as `Reports.issue`.
   */
  send(week: string, asked: ReportSendRequest, who: string): Promise<ReportSendAnswer>
}
