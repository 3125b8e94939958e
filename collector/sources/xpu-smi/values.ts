import type { Rejections } from '../../formats/rejections.ts'

/** Bounds on one output of the tool; eight devices print about 4 kB. */
export const LIMITS = {
  devices: 512,
  processes: 4096,
  ignoredNames: 64,
  labelChars: 128,
} as const

/** Why a line or value was refused: a fixed list, so the counters stay few. */
export type XpuRefusal =
  | 'too_many_bytes'
  | 'too_many_lines'
  | 'line_too_long'
  | 'too_many_devices'
  | 'not_xpu_smi'
  | 'error_text'
  | 'column_count'
  | 'cut_row'
  | 'row_without_first_row'
  | 'row_incomplete'
  | 'zero_filled_row'
  | 'duplicate_device'
  | 'shared_serial'
  | 'not_a_number'
  | 'out_of_range'
  | 'unexpected_layout'

/** `used / total` as printed; either side may be missing. */
export interface Pair {
  readonly used: number | null
  readonly total: number | null
}

/** One device as some layout of the tool printed it, native units; null = not printed or `N/A`. */
export interface XpuRow {
  readonly index: number | null
  readonly name: string
  /** As printed, or null. */
  readonly bus: string | null
  readonly serial: string | null
  /** Chip on its board, of `-m`; null elsewhere. */
  readonly chip: number | null
  readonly firmware: string | null
  readonly utilPercent: number | null
  readonly powerWatts: number | null
  readonly powerCapWatts: number | null
  readonly temperatureCelsius: number | null
  readonly memoryTemperatureCelsius: number | null
  /** MiB, whatever the tool calls them. */
  readonly memory: Pair | null
  readonly fanPercent: number | null
  readonly performanceState: number | null
  readonly eccUncorrected: number | null
  readonly decoderPercent: number | null
  readonly encoderPercent: number | null
  readonly labels: Readonly<Record<string, string>>
  /** What of the device's lines is missing, or null. */
  readonly incomplete: string | null
}

/** A row without a value; layouts fill in what they print. */
export const EMPTY_ROW: XpuRow = {
  index: null,
  name: '',
  bus: null,
  serial: null,
  chip: null,
  firmware: null,
  utilPercent: null,
  powerWatts: null,
  powerCapWatts: null,
  temperatureCelsius: null,
  memoryTemperatureCelsius: null,
  memory: null,
  fanPercent: null,
  performanceState: null,
  eccUncorrected: null,
  decoderPercent: null,
  encoderPercent: null,
  labels: {},
  incomplete: null,
}

/** A number with its unit glued on or behind a blank: `64%`, `187W`, `0 %`, `800 MHz`. */
const VALUE = /^(-?\d{1,15}(?:\.\d{1,6})?)\s*(?:%|C|W|MiB|MB|MHz|fps|P)?$/i
const MISSING = /^(?:|-+|n\/?a|x{2,}|off|unknown|err!?|\[.{0,40}\])$/i

/** The number of a printed value; `N/A`, `-`, `xxxxx` and empty are null. */
export function numberOrNull(text: string | undefined): number | null {
  const match = text === undefined ? null : VALUE.exec(text.trim())
  return match === null ? null : Number(match[1])
}

/** True for the spellings of "no value": nothing to refuse. */
export const isMissing = (text: string | undefined): boolean =>
  text === undefined || MISSING.test(text.trim())

/** A non-negative integer id, else null. */
export const idOrNull = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null

/** Reads the cells of one line; a cell that is neither a number nor a way to say "no value" is refused. */
export interface CellReader {
  number(text: string | undefined): number | null
  /** `used / total`; the unit of `0 / 32768 MB` stands behind the second number only. */
  pair(text: string | undefined): Pair | null
}

export function cellReader(line: string, rejections: Rejections<XpuRefusal>): CellReader {
  const number = (text: string | undefined) => {
    const value = numberOrNull(text)
    if (value === null && !isMissing(text)) rejections.add(line, 'not_a_number')
    return value
  }
  return {
    number,
    pair(text) {
      const parts = (text ?? '').replaceAll(/n\/a/gi, '-').split('/')
      if (parts.length === 2) return { used: number(parts[0]), total: number(parts[1]) }
      if (!isMissing(text)) rejections.add(line, 'not_a_number')
      return null
    },
  }
}

const BUS = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i

/** A PCI address as printed, else null. */
export const busOrNull = (text: string | undefined): string | null =>
  text !== undefined && BUS.test(text) ? text : null

/** One spelling for the addresses of all layouts: four digits of domain, lower case. */
export function sameBus(bus: string): string {
  const lower = bus.toLowerCase()
  return (lower.split(':').length === 2 ? `0000:${lower}` : lower).replace(
    /^0+(?=[0-9a-f]{4}:)/,
    '',
  )
}

/** A serial number that identifies: masked ones (`02Kxxx`), blanks and zeros do not. */
export function serialOrNull(text: string | undefined): string | null {
  const serial = text?.trim() ?? ''
  if (isMissing(serial) || /x{3,}|\*{2,}/i.test(serial) || /^0+$/.test(serial)) return null
  return /^[\w.-]{4,64}$/.test(serial) ? serial : null
}
