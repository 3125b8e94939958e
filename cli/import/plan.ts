import {
  type Allocation,
  type AllocationScope,
  JOURNAL_ROWS_MAX,
  type JournalBody,
} from '#schemas/journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { ProblemReport } from './problems.ts'

/** What an import would write, and what a person is told about it. */
export interface ImportPlan {
  /** In the order in which they must be written. */
  readonly bodies: readonly JournalBody[]
  readonly summary: readonly (readonly [what: string, count: number | string])[]
  readonly problems: ProblemReport
}

/** Allocations as bodies: what is taken back first, because later rows may name the same intervals. */
export function allocationBodies(
  importId: string,
  rows: {
    readonly takenBack?: readonly Allocation[]
    readonly allocations: readonly Allocation[]
    readonly scopes?: readonly AllocationScope[]
  },
): JournalBody[] {
  const body = (allocations: Allocation[], scopes: AllocationScope[]): JournalBody => ({
    kind: 'allocations',
    import_id: importId,
    allocations,
    scopes,
  })
  return [
    ...partsOf(rows.takenBack ?? []).map((part) => body(part, [])),
    ...partsOf(rows.allocations).map((part) => body(part, [])),
    ...partsOf(rows.scopes ?? []).map((part) => body([], part)),
  ]
}

/** Rows in parts that fit one entry of the journal. */
export function partsOf<Row>(rows: readonly Row[]): Row[][] {
  const parts: Row[][] = []
  for (let at = 0; at < rows.length; at += JOURNAL_ROWS_MAX)
    parts.push(rows.slice(at, at + JOURNAL_ROWS_MAX))
  return parts
}

/**
 * A document is one entry and replaces the one before. Throws E_IMPORT_INVALID when it has too many rows, or rows that
 * were refused: half a document would take the rest away.
 */
export function wholeDocument(name: string, rows: number, problems: ProblemReport): void {
  if (rows > JOURNAL_ROWS_MAX)
    throw new PlimsollError(
      'E_IMPORT_INVALID',
      `${name} has ${rows} rows, at most ${JOURNAL_ROWS_MAX} fit; use patterns and leave out what has ended`,
    )
  if (problems.refused === 0) return
  const told = problems.examples.slice(0, problems.refused)
  throw new PlimsollError(
    'E_IMPORT_INVALID',
    [
      `${name} replaces what is in force, so it is taken whole or not at all; ${problems.refused} mistakes:`,
      ...told.map(({ where, message }) => `  ${where}: ${message}`),
    ].join('\n'),
  )
}
