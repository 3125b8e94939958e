import { expect, test } from 'vitest'
import { adviceOf, barsOf, readView, writeView } from './view.ts'

test('the address is read as it is written', () => {
  const view = readView(new URLSearchParams('by=peers&range=6h'))
  expect(String(writeView(view))).toBe('range=6h&by=peers')
  expect(String(writeView(readView(new URLSearchParams('by=x'))))).toBe('')
})

test('bars say which side of the limit they stand on, and few devices are still seen', () => {
  const bars = barsOf({ bins: [1, 0, 2, 0, 1000] }, [0, 2, 4, 6])
  expect(bars.map(({ from, to, band }) => [from, to, band])).toEqual([
    [-2, 0, 'beyond'],
    [0, 2, 'close'],
    [2, 4, 'close'],
    [4, 6, 'close'],
    [6, 8, 'well'],
  ])
  expect(bars.map(({ height }) => height)).toEqual([0.03, 0, 0.03, 0, 1])
})

test('what is shared is looked at first, then single devices, then what is not known', () => {
  const rack = (below: number, throttled = 0) => ({
    devices: 32,
    devices_below_margin: below,
    throttled_heat_seconds: throttled,
  })
  const told = { outliers: 0, coverage: 1, close: 3 }
  expect(adviceOf([rack(30), rack(2, 40)], told)).toEqual(['loop'])
  expect(adviceOf([rack(30), rack(2)], { ...told, outliers: 2 })).toEqual(['rack', 'device'])
  expect(adviceOf([rack(0)], { ...told, coverage: 0.5 })).toEqual(['data'])
  expect(adviceOf([rack(0)], { ...told, close: 0 })).toEqual(['well'])
  expect(adviceOf([rack(1)], told)).toEqual([])
})
