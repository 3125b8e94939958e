import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inMeterUnit, meterUnit } from '../../formats/meter-units.ts'
import {
  decodeWords,
  encodeWords,
  hexOf,
  ordered,
  VALUE_TYPES,
  WORD_ORDERS,
  wordsOf,
} from './decode.ts'

const TABLE = join(
  import.meta.dirname,
  '../../../../shared/samples/facility/modbus/decode-cases.tsv',
)

interface Row {
  readonly name: string
  readonly words: readonly number[]
  readonly type: string
  readonly order: string
  readonly scale: number
  readonly invalid: string
  readonly expected: string
}

const rows: Row[] = existsSync(TABLE)
  ? readFileSync(TABLE, 'utf8')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => {
        const [
          name = '',
          hex = '',
          type = '',
          order = '',
          scale = '',
          invalid = '',
          expected = '',
        ] = line.split('\t')
        const words = hex.split(' ').map((word) => Number.parseInt(word, 16))
        return { name, words, type, order, scale: Number(scale), invalid, expected }
      })
  : []

describe('the table of decode cases', () => {
  it('is here', () => {
    if (rows.length === 0) console.warn(`NOT CHECKED: ${TABLE} is not here`)
    else expect(rows.length).toBe(13)
  })

  it.each(rows)('$name', ({ words, type, order, scale, invalid, expected }) => {
    const known = VALUE_TYPES.find((one) => one === type)
    const wordOrder = WORD_ORDERS.find((one) => one === order) ?? 'ABCD'
    if (known === undefined) throw new Error(`the table has a type we lack: ${type}`)
    const inOrder = ordered(words, wordOrder)
    const isInvalid = invalid !== '' && hexOf(inOrder) === invalid.toLowerCase()
    const raw = isInvalid ? null : decodeWords(inOrder, known)
    if (expected === 'absent') return expect(raw).toBeNull()
    const [number = '', unit] = expected.split(' ')
    expect(Number(((raw ?? Number.NaN) * scale).toPrecision(15))).toBe(Number(number))
    if (unit !== undefined) expect(meterUnit(unit), `${unit} is a unit we know`).not.toBeNull()
  })
})

describe('values in registers', () => {
  const order = fc.constantFrom(...WORD_ORDERS)

  it('any order is undone by itself, and every order is another one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 4 }), order, (words, one) => {
        expect(ordered(ordered(words, one), one)).toEqual(words)
      }),
    )
    const seen = WORD_ORDERS.map((one) => hexOf(ordered([0x0a0b, 0x0c0d], one)))
    expect(seen).toEqual(['0a0b0c0d', '0c0d0a0b', '0b0a0d0c', '0d0c0b0a'])
    expect(hexOf(ordered([1, 2, 3, 4], 'CDAB'))).toBe('0004000300020001')
  })

  it('every number comes back as it was written', () => {
    const whole = (min: number, max: number) => fc.integer({ min, max })
    const cases = fc.oneof(
      fc.tuple(fc.constant('int16' as const), whole(-32_768, 32_767)),
      fc.tuple(fc.constant('uint16' as const), whole(0, 65_535)),
      fc.tuple(fc.constant('int32' as const), whole(-(2 ** 31), 2 ** 31 - 1)),
      fc.tuple(fc.constant('uint32' as const), whole(0, 2 ** 32 - 1)),
      fc.tuple(fc.constant('int64' as const), fc.maxSafeInteger()),
      fc.tuple(fc.constant('uint64' as const), fc.maxSafeNat()),
      fc.tuple(
        fc.constant('float64' as const),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
      fc.tuple(fc.constant('float32' as const), whole(-9_999_999, 9_999_999)),
      fc.tuple(fc.constant('bcd16' as const), whole(0, 9999)),
      fc.tuple(fc.constant('bcd32' as const), whole(0, 99_999_999)),
      fc.tuple(fc.constant('bit' as const), whole(0, 1)),
    )
    fc.assert(
      fc.property(cases, order, ([type, value], one) => {
        const wire = ordered(encodeWords(value, type), one)
        expect(wire.length).toBe(wordsOf(type))
        expect(decodeWords(ordered(wire, one), type)).toBe(value)
      }),
    )
  })

  it('no words of any type make anything but a number or nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff), { maxLength: 5 }),
        fc.constantFrom(...VALUE_TYPES),
        (words, type) => {
          const value = decodeWords(words, type)
          expect(value === null || Number.isFinite(value)).toBe(true)
          if (words.length !== wordsOf(type)) expect(value).toBeNull()
        },
      ),
    )
  })

  it('bits of a register, digits of BCD, and what is no number', () => {
    expect(decodeWords([0b1010_0000], 'bitfield', { low: 5, high: 7 })).toBe(0b101)
    expect(decodeWords([0xffff], 'bitfield', { low: 0, high: 15 })).toBe(0xffff)
    expect(decodeWords([0x1234], 'bcd16')).toBe(1234)
    expect(decodeWords([0x12a4], 'bcd16')).toBeNull()
    expect(decodeWords([0x7f80, 0], 'float32')).toBeNull()
    expect(decodeWords([0x3dcc, 0xcccd], 'float32')).toBe(0.1)
  })

  it('units: one factor, no rounding dust', () => {
    expect(inMeterUnit(0.1, 'kWh')).toBe(360_000)
    expect(inMeterUnit(212, 'F')).toBe(100)
    expect(inMeterUnit(12.3, '%')).toBe(0.123)
    expect(inMeterUnit(6, 'm3/h')).toBe(100)
    expect(meterUnit('mw')).toBeNull()
    expect(meterUnit('℃')).toBe('C')
  })
})
