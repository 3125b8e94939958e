import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { duration, MISSING, percent, percentNumber, quantity } from './format.ts'

const plain = (text: string) => text.replaceAll('\u202f', ' ')

describe('a missing value', () => {
  it('is a dash, never a zero, whatever the unit', () => {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(percent(value, 'en')).toBe(MISSING)
      expect(quantity(value, 'watts', 'en')).toBe(MISSING)
      expect(quantity(value, 'bytes', 'zh')).toBe(MISSING)
      expect(duration(value, 'en')).toBe(MISSING)
    }
  })
})

describe('percent', () => {
  it('has one decimal', () => {
    expect(plain(percent(0.54, 'en'))).toBe('54.0 %')
    expect(plain(percent(0.5838, 'zh'))).toBe('58.4 %')
    expect(plain(percent(0, 'en'))).toBe('0.0 %')
  })

  it('prints 100.0 % coverage only when all of it is known', () => {
    expect(plain(percent(0.99999, 'en', 'down'))).toBe('99.9 %')
    expect(plain(percent(1, 'en', 'down'))).toBe('100.0 %')
  })

  it('nothing is 0.0 % in every rounding, never -0.0 %', () => {
    for (const rounding of ['nearest', 'down', 'up'] as const) {
      expect(plain(percent(0, 'en', rounding))).toBe('0.0 %')
    }
  })

  it('does not lose a tenth to binary representation', () => {
    for (let tenths = 0; tenths <= 1000; tenths += 1) {
      expect(percentNumber(tenths / 1000, 'down')).toBeCloseTo(tenths / 10, 9)
      expect(percentNumber(tenths / 1000, 'up')).toBeCloseTo(tenths / 10, 9)
    }
  })

  it('rounds bounds outwards, so that the printed bounds always hold the value', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (ratio) => {
        expect(percentNumber(ratio, 'down')).toBeLessThanOrEqual(ratio * 100 + 1e-6)
        expect(percentNumber(ratio, 'up')).toBeGreaterThanOrEqual(ratio * 100 - 1e-6)
      }),
    )
  })
})

describe('quantity', () => {
  it.each([
    [611.4, 'watts', '611 W'],
    [1_234_567, 'watts', '1.23 MW'],
    [22_000, 'watts', '22.0 kW'],
    [0, 'watts', '0 W'],
    [80 * 2 ** 30, 'bytes', '80.0 GiB'],
    [0, 'bytes', '0 MiB'],
    [1.98e9, 'hertz', '1.98 GHz'],
    [810e6, 'hertz', '810 MHz'],
    [64, 'celsius', '64 °C'],
    [64.25, 'celsius', '64.3 °C'],
    [0x44, 'bitmask', '0x0044'],
    [0.5, 'ratio', '50.0 %'],
    [2.5e10, 'bytes_per_second', '25.0 GB/s'],
    [12, 'count', '12'],
  ] as const)('%d %s reads %s', (value, unit, text) => {
    expect(plain(quantity(value, unit, 'en'))).toBe(text)
  })
})

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [340, '340 ms'],
    [34_000, '34 s'],
    [12 * 60_000, '12 min'],
    [200 * 60_000, '3 h 20 min'],
    [98 * 3_600_000, '4 d 2 h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(plain(duration(ms, 'en'))).toBe(text)
  })
})
