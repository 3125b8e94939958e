import { describe, expect, it } from 'vitest'
import { clockEvents } from './clock-events.ts'

const kinds = (mask: number) => clockEvents(mask).map(({ kind }) => kind)

describe('clock event reasons', () => {
  it('idle, application clocks, sync boost and display clocks are no loss', () => {
    expect(kinds(0x1 | 0x2 | 0x10 | 0x100)).toEqual(['benign', 'benign', 'benign', 'benign'])
  })

  it('tells loss by power, heat and hardware apart', () => {
    expect(kinds(0x4)).toEqual(['power'])
    expect(kinds(0x20 | 0x40)).toEqual(['heat', 'heat'])
    expect(kinds(0x8 | 0x80)).toEqual(['hardware', 'hardware'])
  })

  it('names every bit in both languages', () => {
    expect(clockEvents(0x48).map(({ name }) => name.en)).toEqual([
      'Hardware slowdown',
      'Hardware thermal slowdown',
    ])
    for (const { name } of clockEvents(0x1ff)) expect(name.zh).toMatch(/\p{Script=Han}/u)
  })

  it('keeps a bit nobody documented visible, up to the highest', () => {
    expect(clockEvents(0x200)).toEqual([
      { bit: 0x200, kind: 'unknown', name: { en: 'Reason 0x200', zh: '原因 0x200' } },
    ])
    expect(clockEvents(2 ** 31).map(({ bit }) => bit)).toEqual([2 ** 31])
  })

  it('a mask of 0, or no mask, has no reason', () => {
    for (const none of [0, -1, NaN, 1.5, 2 ** 32]) expect(clockEvents(none)).toEqual([])
  })
})
