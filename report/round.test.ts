import { array, assert, double, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { figure, partsOfWhole, roundTo } from './round.ts'

describe('figures are printed once', () => {
  it('in the digits of their unit, halves away from zero', () => {
    expect(figure('percent', 0.71384)).toMatchObject({ text: '71.4', value: 71.4, exact: 0.71384 })
    expect(figure('gpu_hours', 302_400.4).text).toBe('302,400')
    expect(figure('usd', -319_200.5, { signed: true }).text).toBe('-319,201')
    expect(figure('points', 0.004, { signed: true }).text).toBe('+0.4')
    expect(figure('points', -0.0004, { signed: true }).text).toBe('0.0')
    expect(figure('percent', 0.7135).text).toBe('71.4')
    expect(roundTo(1.005, 2)).toBe(1.01)
    expect(figure('usd', null)).toMatchObject({ value: null, text: '', missing: 'not_known' })
  })

  it('reads back as the value it stands for', () => {
    assert(
      property(
        double({ min: -1e12, max: 1e12, noNaN: true }),
        integer({ min: 0, max: 4 }),
        (exact, decimals) => {
          const { text, value } = figure('hours', exact, { decimals })
          expect(Number(text.replaceAll(',', ''))).toBe(value)
          expect(Math.abs((value ?? 0) - exact)).toBeLessThanOrEqual(
            0.5 * 10 ** -decimals + Math.abs(exact) * 1e-15,
          )
        },
      ),
    )
  })
})

describe('parts sum to the whole as printed', () => {
  it('by the largest remainders', () => {
    const texts = partsOfWhole('percent', [1 / 3, 1 / 3, 1 / 3], 1).map(({ text }) => text)
    expect(texts).toEqual(['33.4', '33.3', '33.3'])
    const signed = partsOfWhole('points', [-0.014_04, -0.008_04, 0.003_96, -0.000_88], -0.019)
    expect(signed.map(({ text }) => text)).toEqual(['-1.4', '-0.8', '0.4', '-0.1'])
  })

  it('for any parts, each within one last digit of its own', () => {
    assert(
      property(
        array(double({ min: -1e7, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (parts) => {
          const whole = parts.reduce((sum, part) => sum + part, 0)
          const figures = partsOfWhole('usd', parts, whole)
          const printed = figures.reduce((sum, { value }) => sum + (value ?? 0), 0)
          expect(printed).toBe(roundTo(whole, 0))
          for (const [at, { value }] of figures.entries())
            expect(Math.abs((value ?? 0) - (parts[at] ?? 0))).toBeLessThan(1 + 1e-6)
        },
      ),
    )
  })
})
