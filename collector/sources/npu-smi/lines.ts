import type { Rejections as FormatRejections } from '../../formats/rejections.ts'
import type { TextRefusal } from '../../formats/text-lines.ts'

/** Bounds on one output of the tool, beside those of its text; a full 16-die table is about 8 kB. */
export const LIMITS = {
  chips: 512,
  processes: 8192,
  blocks: 4096,
  fieldsPerBlock: 128,
  valueChars: 1024,
  ignoredNames: 64,
  links: 64,
} as const

/** Why a line or value was refused: a fixed list, so the counters stay few. */
export type RejectReason =
  | TextRefusal
  | 'too_many_chips'
  | 'too_many_blocks'
  | 'not_npu_smi'
  | 'unrecognised_row'
  | 'row_2_without_row_1'
  | 'row_1_without_row_2'
  | 'cut_row'
  | 'zero_filled_row'
  | 'duplicate_row'
  | 'column_count'
  | 'unknown_health_word'
  | 'not_a_number'
  | 'out_of_range'
  | 'error_text'

/** Every refusal of one output: counted by reason, the first few kept. */
export type Rejections = FormatRejections<RejectReason>

const NUMBER = /^-?\d{1,15}(?:\.\d{1,6})?$/

/** A printed number; `-`, `NA`, `N/A` and anything else that is no plain number are null. */
export function numberOrNull(text: string | undefined): number | null {
  return text !== undefined && NUMBER.test(text) ? Number(text) : null
}

/** A non-negative integer id, else null. */
export function idOrNull(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null
}

/** A PCI address in the tool's own spelling, upper case; `NA` and masked ones are null. */
export function busOrNull(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/i.test(text)
    ? text.toUpperCase()
    : null
}
