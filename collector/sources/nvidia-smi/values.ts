import { detached } from '../../formats/rejections.ts'

/** What a printed value is a value of; says which units may stand behind the number. */
export type ValueKind =
  | 'percent'
  | 'watts'
  | 'celsius'
  | 'bytes'
  | 'hertz'
  | 'seconds'
  | 'rate'
  | 'volts'
  | 'count'
  | 'lanes'
  | 'flag'
  | 'pstate'

/** Why a value that was printed is none: a fixed list, they become counters. */
export type NoValue =
  | 'not_available'
  | 'not_supported'
  | 'deprecated'
  | 'unknown_error'
  | 'requires_reset'
  | 'gpu_is_lost'
  | 'no_permission'
  | 'function_not_found'
  | 'sensor_error'
  | 'empty'
  | 'other_word'
  | 'not_a_number'
  | 'unexpected_unit'

export type Value =
  | { readonly value: number; readonly why: null }
  | { readonly value: null; readonly why: NoValue }

/** One value as it was printed. The unit is the header's, for CSV without units; empty elsewhere. */
export interface Cell {
  readonly text: string
  readonly unit: string
}

/** Native number x times / over = canonical; a division keeps 4251825415 us exact where a product would not. */
interface Scale {
  readonly times: number
  readonly over: number
}

const by = (times: number, over = 1): Scale => ({ times, over })
const MIB = 2 ** 20

/** Units of each kind; the empty one is what the tool means when it prints none. */
const UNITS: Readonly<
  Record<Exclude<ValueKind, 'flag' | 'pstate'>, Readonly<Record<string, Scale>>>
> = {
  percent: { '': by(1, 100), '%': by(1, 100) },
  watts: { '': by(1), W: by(1), mW: by(1, 1000) },
  celsius: { '': by(1), C: by(1) },
  bytes: { '': by(MIB), KiB: by(1024), MiB: by(MIB), GiB: by(2 ** 30) },
  hertz: { '': by(1e6), MHz: by(1e6) },
  seconds: { '': by(1, 1e6), us: by(1, 1e6), ms: by(1, 1000) },
  rate: { '': by(1000), 'KB/s': by(1000), 'MB/s': by(1e6), 'GB/s': by(1e9) },
  volts: { '': by(1, 1000), mV: by(1, 1000), V: by(1) },
  count: { '': by(1), 'bank(s)': by(1) },
  lanes: { '': by(1), x: by(1) },
}

const NUMBER = /^(-?\d{1,18}(?:\.\d{1,9})?) ?([A-Za-z%/()]{0,10})$/

/** Words that stand where a value belongs, without their brackets, lower case. */
const WORDS: Readonly<Record<string, NoValue>> = {
  'n/a': 'not_available',
  '-': 'not_available',
  none: 'not_available',
  'not available': 'not_available',
  'not supported': 'not_supported',
  'unknown error': 'unknown_error',
  'gpu requires reset': 'requires_reset',
  'requires reset': 'requires_reset',
  'gpu is lost': 'gpu_is_lost',
  'insufficient permissions': 'no_permission',
  'no permission': 'no_permission',
  'function not found': 'function_not_found',
  'err!': 'sensor_error',
  error: 'sensor_error',
  '': 'empty',
}

/**
 * The word for a missing value, or null for a text that may be one. Brackets are CSV's; -q and XML print
 * the same words without.
 */
export function noValueWord(text: string): NoValue | null {
  const isBracketed = text.startsWith('[') && text.endsWith(']')
  const bare = (isBracketed ? text.slice(1, -1) : text).trim().toLowerCase()
  const known = Object.hasOwn(WORDS, bare) ? WORDS[bare] : undefined
  if (known !== undefined) return known
  if (bare.startsWith('requested functionality has been deprecated') || bare === 'deprecated')
    return 'deprecated'
  return isBracketed ? 'other_word' : null
}

/** A printed value in canonical units (ratio, W, degrees, bytes, Hz, s, bytes/s, V), or why there is none. */
export function readValue({ text, unit }: Cell, kind: ValueKind): Value {
  const word = noValueWord(text)
  if (word !== null) return missing(word)
  if (kind === 'flag') {
    const flag = readFlag(text)
    return flag === null ? missing('not_a_number') : given(flag ? 1 : 0)
  }
  if (kind === 'pstate') {
    const state = /^P(\d{1,2})$/i.exec(text)
    return state === null ? missing('not_a_number') : given(Number(state[1]))
  }
  const match = NUMBER.exec(text)
  if (match === null) return missing('not_a_number')
  const units = UNITS[kind]
  const name = match[2] === '' || match[2] === undefined ? unit : match[2]
  const scale = Object.hasOwn(units, name) ? units[name] : undefined
  if (scale === undefined) return missing('unexpected_unit')
  return given((Number(match[1]) * scale.times) / scale.over)
}

/** Yes and No, Active and Not Active; null for other words. */
export function readFlag(text: string): boolean | null {
  const word = text.trim().toLowerCase()
  if (word === 'yes' || word === 'active') return true
  return word === 'no' || word === 'not active' ? false : null
}

/**
 * A text that is no placeholder, without the remark driver 610 puts behind versions; else null. A copy: these
 * are kept between reads, and a slice would hold its whole page of half a megabyte.
 */
export function readText(cell: Cell | undefined): string | null {
  if (cell === undefined) return null
  const remark = cell.text.indexOf(' [')
  const text = (remark > 0 ? cell.text.slice(0, remark) : cell.text).trim()
  return noValueWord(text) === null ? detached(text) : null
}

const given = (value: number): Value => ({ value, why: null })
const missing = (why: NoValue): Value => ({ value: null, why })
