import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOST_RANGES_LENGTH_MAX, hostRanges } from './host-ranges.ts'

test('runs of numbers become ranges; widths and prefixes stay apart', () => {
  expect(hostRanges(['n1', 'n2', 'n3', 'n7'])).toBe('n[1-3,7]')
  expect(hostRanges(['gpu-009', 'gpu-010', 'login', 'gpu-010'])).toBe('gpu-[009-010],login')
  expect(hostRanges(['n09', 'n9', 'n10'])).toBe('n9,n[09-10]')
  expect(hostRanges(['a7'])).toBe('a7')
  expect(hostRanges([])).toBe('')
})

test('what does not fit is counted', () => {
  const names = Array.from({ length: 500 }, (_, at) => `a-name-without-number-${at}x`)
  const text = hostRanges(names)
  expect(text.length).toBeLessThanOrEqual(HOST_RANGES_LENGTH_MAX + 8)
  const [, left] = /\+(\d+)$/.exec(text) ?? []
  expect(text.split(',').length - 1 + Number(left)).toBe(500)
})

test('every number is in exactly one range', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 2 }), (numbers) => {
      const text = hostRanges(numbers.map((value) => `n${String(value).padStart(3, '0')}`))
      const inside = /^n\[(.*)\]$/.exec(text)?.[1] ?? ''
      const named = inside.split(',').flatMap((part) => {
        const [first = 0, last = first] = part.split('-').map(Number)
        return Array.from({ length: last - first + 1 }, (_, at) => first + at)
      })
      expect(named).toEqual([...numbers].sort((a, b) => a - b))
    }),
  )
})
