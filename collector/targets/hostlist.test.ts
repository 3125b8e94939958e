import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandHostlist } from './hostlist.ts'

describe('host lists', () => {
  it('brackets multiply, the last one running fastest, and zeros are kept', () => {
    expect(expandHostlist('h2-r[01-02]-n[08-10]:9400')).toEqual([
      'h2-r01-n08:9400',
      'h2-r01-n09:9400',
      'h2-r01-n10:9400',
      'h2-r02-n08:9400',
      'h2-r02-n09:9400',
      'h2-r02-n10:9400',
    ])
  })

  it('commas inside brackets list numbers, commas outside list names', () => {
    expect(expandHostlist('a[1,3-4], b7,c')).toEqual(['a1', 'a3', 'a4', 'b7', 'c'])
  })

  it('an IPv6 address keeps its brackets', () => {
    expect(expandHostlist('[fd00::1]:9400,n[1-2]:9400')).toEqual([
      '[fd00::1]:9400',
      'n1:9400',
      'n2:9400',
    ])
  })

  it.each([
    ['n[1-', 'never closed'],
    ['n1]', 'without "["'],
    ['n[[1]]', 'inside brackets'],
    ['n[4-1]', 'backwards'],
    ['n[a-b]', 'write numbers'],
    ['n[]', 'write numbers'],
    ['a,,b', 'empty name'],
    ['', 'empty name'],
  ])('%j is refused with a reason and a column', (text, reason) => {
    expect(() => expandHostlist(text)).toThrow(reason)
    expect(() => expandHostlist(text)).toThrow(/column \d+/)
  })

  it('a list that would not fit is refused before it is built', () => {
    expect(() => expandHostlist('n[0-999999999][0-999999999][0-999999999]')).toThrow('more than')
    expect(expandHostlist('n[1-100000]')).toHaveLength(100_000)
    expect(() => expandHostlist('n[1-100001]')).toThrow('more than 100000')
  })

  it('any text is either refused with a code or expanded within the limit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '[', ']', '-', ',', ':', '0', '1', '9', ' ') }),
        (text) => {
          try {
            expect(expandHostlist(text, 1000).length).toBeLessThanOrEqual(1000)
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_TARGETS_INVALID' })
          }
        },
      ),
    )
  })

  it('every number of every range appears once, padded to the width of its first number', () => {
    const range = fc
      .tuple(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
      )
      .map(([from, span, width]) => ({ from, to: from + span, width }))
    fc.assert(
      fc.property(range, range, (a, b) => {
        const write = ({ from, to, width }: typeof a) => `[${pad(from, width)}-${pad(to, width)}]`
        const expected = numbers(a).flatMap((x) => numbers(b).map((y) => `r${x}-n${y}:9400`))
        expect(expandHostlist(`r${write(a)}-n${write(b)}:9400`)).toEqual(expected)
      }),
    )
  })
})

const pad = (value: number, width: number) => String(value).padStart(width, '0')

function numbers({ from, to, width }: { from: number; to: number; width: number }): string[] {
  const isPadded = pad(from, width).startsWith('0') && pad(from, width).length > 1
  return Array.from({ length: to - from + 1 }, (_, i) => pad(from + i, isPadded ? width : 0))
}
