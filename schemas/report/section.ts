import { z } from 'zod'
import { Figure, FigureUnit, ReportWords } from './figure.ts'

/**
 * The appendix of a report as data: every section is tables of printed figures with what they stand on, so that all
 * formats write the same.
 */

/** Sections in their order. A report has each of them, also where nothing is known. */
export const SECTION_IDS = [
  'waterfall',
  'hours',
  'causes',
  'tenants',
  'jobs',
  'pools',
  'energy',
  'heat',
  'alerts',
  'quality',
  'milestone',
  'unit_cost',
  'definitions',
] as const
export const SectionId = z.enum(SECTION_IDS)
export type SectionId = z.infer<typeof SectionId>

/** A figure, words in both languages, or a name that is the same in both. */
export const Cell = z.union([Figure, ReportWords, z.string().max(1024)])
export type Cell = z.infer<typeof Cell>

const columnId = z.string().regex(/^[a-z0-9_]{1,40}$/)

export const Column = z.strictObject({
  id: columnId,
  title: ReportWords,
  /** Unit of the figures of the column; null = texts, or figures of several units. */
  unit: FigureUnit.nullable(),
})
export type Column = z.infer<typeof Column>

/** Rows of one table at most; `more` says how many were left out. */
export const TABLE_ROWS_MAX = 200

export const Table = z.strictObject({
  id: columnId,
  title: ReportWords,
  columns: z.array(Column).min(1).max(16),
  /** By id of the column; every column has a cell in every row. */
  rows: z.array(z.record(columnId, Cell)).max(TABLE_ROWS_MAX),
  /** The last row, a sum of the others as printed; null = the rows do not sum. */
  total: z.record(columnId, Cell).nullable(),
  /** Rows left out: too many, or below the floor that `note` names. */
  more: z.int().min(0),
  note: ReportWords.nullable(),
})
export type Table = z.infer<typeof Table>

export const Section = z.strictObject({
  id: SectionId,
  title: ReportWords,
  /** known: as far as `coverage` says; not_entered: people have to enter something first; not_known: nothing speaks of it. */
  state: z.enum(['known', 'not_entered', 'not_known']),
  /** What the figures speak for; null = does not apply. */
  coverage: Figure.nullable(),
  /** Sentences above the tables. */
  lead: z.array(ReportWords).max(8),
  tables: z.array(Table).max(8),
})
export type Section = z.infer<typeof Section>
