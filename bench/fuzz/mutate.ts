/** Longest input, bytes: about one device of any format, so that most damage lands where something is read. */
export const INPUT_BYTES = 4096

/** A small, seeded generator (xorshift32): the same seed gives the same inputs on every machine. */
export interface Dice {
  /** Whole number in [0, limit). */
  below(limit: number): number
}

export function createDice(seed: number): Dice {
  let state = seed | 0 || 0x9e3779b9
  return {
    below(limit) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return limit <= 1 ? 0 : (state >>> 0) % limit
    },
  }
}

const encoder = new TextEncoder()
/** Numbers and words that once broke a parser of this kind, and scripts that none expects. */
const STRANGE: readonly Uint8Array[] = [
  '4294967295',
  '9223372036854775794',
  '-1',
  '1e308',
  '1e-400',
  '0x7fffffff',
  '99999999999999999999999999999999999999',
  'NaN',
  '+Inf',
  '<<<NOT_SUPPORTED>>>',
  'ERROR - FAILED TO CONVERT TO STRING',
  '[N/A]',
  'N/A',
  'ERR!',
  '显卡温度',
  'Ускоритель',
  'مسرع',
  '🂡🂢',
  '\u0000',
  '\u202e\u200f',
  '"',
  '{',
  '}',
  '|',
  '\n',
  '\r\n',
  '\t\t\t',
  '\\',
  "'; DROP TABLE samples; --",
  '../../etc/passwd',
  '__proto__',
  '\ud83d',
].map((text) => encoder.encode(text))

type Damage = (input: Uint8Array, dice: Dice, corpus: readonly Uint8Array[]) => Uint8Array

const DAMAGES: readonly Damage[] = [
  function flipBits(input, dice) {
    const out = Uint8Array.from(input)
    for (let n = 1 + dice.below(16); n > 0 && out.length > 0; n -= 1) {
      const at = dice.below(out.length)
      out[at] = (out[at] ?? 0) ^ (1 << dice.below(8))
    }
    return out
  },
  (input, dice) => input.subarray(0, dice.below(input.length + 1)),
  (input, dice) => input.subarray(dice.below(input.length + 1)),
  function splice(input, dice, corpus) {
    const other = corpus[dice.below(corpus.length)] ?? input
    const cut = dice.below(input.length + 1)
    const from = dice.below(other.length + 1)
    return joined([input.subarray(0, cut), other.subarray(from)])
  },
  function insertStrange(input, dice) {
    const at = dice.below(input.length + 1)
    return joined([
      input.subarray(0, at),
      STRANGE[dice.below(STRANGE.length)] ?? input,
      input.subarray(at),
    ])
  },
  function replaceNumber(input, dice) {
    const start = nextDigit(input, dice.below(input.length + 1))
    let end = start
    while (end < input.length && isNumeric(input[end] ?? 0)) end += 1
    const strange = STRANGE[dice.below(STRANGE.length)] ?? input
    return joined([input.subarray(0, start), strange, input.subarray(end)])
  },
  function repeatPart(input, dice) {
    const from = dice.below(input.length + 1)
    const part = input.subarray(from, from + 1 + dice.below(64))
    const times = Array.from({ length: 1 + dice.below(64) }, () => part)
    return joined([input.subarray(0, from), ...times, input.subarray(from)])
  },
  function dropPart(input, dice) {
    const from = dice.below(input.length + 1)
    return joined([input.subarray(0, from), input.subarray(from + 1 + dice.below(80))])
  },
]

const isNumeric = (byte: number) => (byte >= 48 && byte <= 57) || byte === 46

function nextDigit(input: Uint8Array, from: number): number {
  let at = from
  while (at < input.length && !isNumeric(input[at] ?? 0)) at += 1
  return at
}

/** Parts as one input, cut at the limit. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(
    Math.min(
      INPUT_BYTES,
      parts.reduce((sum, part) => sum + part.length, 0),
    ),
  )
  let at = 0
  for (const part of parts) {
    if (at >= out.length) break
    const fits = part.subarray(0, out.length - at)
    out.set(fits, at)
    at += fits.length
  }
  return out
}

/** One damaged input: a window of a case with one to four kinds of damage. At most INPUT_BYTES long. */
export function damaged(corpus: readonly Uint8Array[], dice: Dice): Uint8Array {
  const base = corpus[dice.below(corpus.length)] ?? new Uint8Array()
  // Half of them keep the head of the output, without which many a format is not recognized.
  const isHead = base.length <= INPUT_BYTES || dice.below(2) === 0
  const start = isHead ? 0 : dice.below(base.length - INPUT_BYTES)
  let input: Uint8Array = base.subarray(start, start + INPUT_BYTES)
  for (let n = 1 + dice.below(4); n > 0; n -= 1) {
    const damage = DAMAGES[dice.below(DAMAGES.length)]
    if (damage !== undefined) input = damage(input, dice, corpus)
  }
  return input
}
