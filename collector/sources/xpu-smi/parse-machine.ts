import {
  busOrNull,
  EMPTY_ROW,
  idOrNull,
  isMissing,
  LIMITS,
  numberOrNull,
  serialOrNull,
  type XpuRefusal,
  type XpuRow,
} from './values.ts'

/** Columns of `xpu-smi -m` (the tool's help text; no public capture, so every line is checked for sense). */
const COLUMNS = 32
const MODEL_AT = 21
const BEHIND_MODEL = COLUMNS - MODEL_AT - 1
/** Words a model's name may add to a line beyond its one column. */
const EXTRA_WORDS = 3
/** Columns that hold a number or a spelling of "no value". */
const NUMERIC_LEFT = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19] as const
/** Documented to be 0 always: anything else is another layout. */
const ZERO_AT = [5, 7] as const

/** What a line of the machine format gives besides what its columns are used for. */
export const MACHINE_UNUSED: readonly string[] = [
  'board id',
  'six clocks (no names, no unit)',
  'L3 used and total',
  'codec ratios, rates and clocks',
]

/**
 * One line of `xpu-smi -m`: 32 columns between blanks, of which the model alone may hold blanks: columns 0-20
 * are counted from the left, 22-31 from the right. Null when the line is none of this format.
 */
export function machineRow(line: string): XpuRow | XpuRefusal | null {
  const tokens = line.trim().split(/\s+/)
  const bus = busOrNull(tokens[0])
  if (bus === null || tokens.length < 8) return null
  if (tokens.length < COLUMNS || tokens.length > COLUMNS + EXTRA_WORDS) return 'column_count'
  const right = tokens.slice(tokens.length - BEHIND_MODEL)
  const numeric = [...NUMERIC_LEFT.map((at) => tokens[at]), ...right]
  if (numeric.some((token) => numberOrNull(token) === null && !isMissing(token)))
    return 'column_count'
  if (ZERO_AT.some((at) => numberOrNull(tokens[at]) !== 0)) return 'unexpected_layout'
  const util = numberOrNull(tokens[19])
  const memory = { used: numberOrNull(tokens[17]), total: numberOrNull(tokens[18]) }
  const isOver = (memory.used ?? 0) > (memory.total ?? Infinity)
  if (isOver || (util !== null && (util < 0 || util > 100))) return 'unexpected_layout'
  const memoryTemperature = numberOrNull(tokens[6])
  return {
    ...EMPTY_ROW,
    index: idOrNull(tokens[2]),
    name: tokens
      .slice(MODEL_AT, tokens.length - BEHIND_MODEL)
      .join(' ')
      .slice(0, LIMITS.labelChars),
    bus,
    serial: serialOrNull(tokens[3]),
    chip: idOrNull(right[0]),
    firmware: isMissing(tokens[20]) ? null : (tokens[20] ?? '').slice(0, LIMITS.labelChars),
    utilPercent: util,
    powerWatts: numberOrNull(tokens[8]),
    temperatureCelsius: numberOrNull(tokens[4]),
    // A sensor that is not there reads 0.
    memoryTemperatureCelsius: memoryTemperature === 0 ? null : memoryTemperature,
    memory,
  }
}
