import type { RejectedLine } from '#schemas/reading.ts'
import { LIMITS } from './limits.ts'

/** Why a line or value was refused. A fixed list: these become counter labels. */
export type RejectReason =
  | 'line_too_long'
  | 'not_a_sample'
  | 'merged_lines'
  | 'bad_labels'
  | 'no_identity'
  | 'no_value'
  | 'text_value'
  | 'blank_sentinel'
  | 'not_a_number'
  | 'out_of_range'
  | 'unit_unclear'
  | 'duplicate_series'
  | 'series_limit'
  | 'cut_line'
  | 'uuid_not_unique'
  | 'util_on_mig'
  | 'mig_shares_exceed_device'
  | 'slope_too_steep'

/** Counts every refusal and keeps the first few lines as examples. */
export interface Rejects {
  add(reason: RejectReason, text: string, start?: number, end?: number): void
  readonly examples: readonly RejectedLine[]
  readonly byReason: Readonly<Record<string, number>>
}

/** An empty record of refusals for one page. */
export function newRejects(): Rejects {
  const examples: RejectedLine[] = []
  const byReason: Record<string, number> = {}
  return {
    examples,
    byReason,
    add(reason, text, start = 0, end = text.length) {
      byReason[reason] = (byReason[reason] ?? 0) + 1
      if (examples.length >= LIMITS.examples) return
      const cut = Math.min(end, start + LIMITS.exampleChars)
      examples.push({ line: detach(text.slice(start, cut)), reason })
    },
  }
}

/**
 * A copy that shares no memory with its origin. V8 keeps a substring as a view, so one kept label would
 * hold its whole page; over thousands of exporters that is the memory of the collector.
 */
export function detach(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
