/** Bounds on one output; a box of 16 cards is about 6 kB. */
export const LIMITS = { cards: 256, processes: 4096, ignored: 64 } as const

/** Why a line or value was refused: a fixed list, it labels counters. */
export type RejectReason =
  | 'too_many_bytes'
  | 'too_many_lines'
  | 'line_too_long'
  | 'too_many_cards'
  | 'unrecognised_row'
  | 'line_2_without_line_1'
  | 'line_1_without_line_2'
  | 'not_a_number'
  | 'out_of_range'
  | 'duplicate_card'
  | 'zero_filled_row'
  | 'board_pair_unclear'
  | 'not_cnmon'
  | 'bad_json'
  | 'json_entry'

const NUMBER = /^-?\d{1,12}(?:\.\d{1,6})?$/

/** A printed number without its unit; `N/A`, `-` and anything else are null. */
export function numberOrNull(text: string | undefined): number | null {
  return text !== undefined && NUMBER.test(text) ? Number(text) : null
}

/** A PCI address, upper case; `N/A` and masked ones are null. */
export function busOrNull(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/i.test(text)
    ? text.toUpperCase()
    : null
}
