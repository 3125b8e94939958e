import type { RejectedLine } from '#schemas/reading.ts'

/** Bounds on one output of the tool; a full 16-die table is about 8 kB. */
export const LIMITS = {
  bytes: 8 << 20,
  lines: 200_000,
  lineChars: 4096,
  chips: 512,
  processes: 8192,
  blocks: 4096,
  fieldsPerBlock: 128,
  valueChars: 1024,
  ignoredNames: 64,
  rejectedExamples: 8,
  rejectedChars: 200,
} as const

/** Why a line or value was refused: a fixed list, so the counters stay few. */
export type RejectReason =
  | 'too_many_bytes'
  | 'too_many_lines'
  | 'too_many_chips'
  | 'too_many_blocks'
  | 'line_too_long'
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

/** Counts every refusal and keeps the first few as examples. */
export interface Rejections {
  add(line: string, reason: RejectReason): void
  examples(): readonly RejectedLine[]
  byReason(): Readonly<Record<string, number>>
}

export function createRejections(): Rejections {
  const kept: RejectedLine[] = []
  const counts = new Map<RejectReason, number>()
  return {
    add(line, reason) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
      if (kept.length < LIMITS.rejectedExamples)
        kept.push({ line: line.slice(0, LIMITS.rejectedChars), reason })
    },
    examples: () => kept,
    byReason: () => Object.fromEntries(counts),
  }
}

const ESCAPE = String.fromCharCode(27)
/** Colour codes survive in pasted terminal captures. */
const ANSI_SEQUENCE = new RegExp(ESCAPE + String.raw`\[[0-9;?]*[A-Za-z]`, 'g')

/**
 * Splits any bytes into lines, never throwing: bytes beyond the limit, over-long lines and lines beyond
 * the limit are counted and left out. Invalid UTF-8 becomes replacement characters.
 */
export function textLines(bytes: Uint8Array, rejections: Rejections): string[] {
  if (bytes.length > LIMITS.bytes)
    rejections.add(`${bytes.length} bytes, read ${LIMITS.bytes}`, 'too_many_bytes')
  const text = new TextDecoder().decode(bytes.subarray(0, LIMITS.bytes))
  const lines: string[] = []
  let start = 0
  while (start < text.length) {
    if (lines.length >= LIMITS.lines) {
      rejections.add(text.slice(start, start + LIMITS.rejectedChars), 'too_many_lines')
      break
    }
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    if (end - start > LIMITS.lineChars)
      rejections.add(text.slice(start, start + LIMITS.rejectedChars), 'line_too_long')
    else lines.push(cleanLine(text.slice(start, end)))
    start = end + 1
  }
  return lines
}

function cleanLine(line: string): string {
  const bare = line.endsWith('\r') ? line.slice(0, -1) : line
  return bare.includes(ESCAPE) ? bare.replace(ANSI_SEQUENCE, '') : bare
}

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
