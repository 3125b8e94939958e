import { expect, test } from 'vitest'
import type { ExploreStat } from '#schemas/api-explore.ts'
import { chooseTable } from './explore-devices.ts'

const DAY_MS = 86_400_000
const ask = (metric: string, devices: number, days: number, stat: ExploreStat = 'avg') =>
  chooseTable({ metric, devices, everywhere: 50_000, lengthMs: days * DAY_MS, isHeld: true, stat })

test('the finest table that is bearable: samples of a rack, minutes of an hour, hours of a month', () => {
  expect(ask('sm_clock_hertz', 32, 0.1)).toBe('samples')
  expect(ask('busy_ratio', 50_000, 1 / 24)).toBe('ledger_1m')
  expect(ask('busy_ratio', 50_000, 20)).toBe('ledger_1h')
  expect(ask('busy_ratio', 32, 0.01, 'max')).toBe('samples')
})

test('what nothing settles is refused with a window that would do', () => {
  expect(() => ask('sm_clock_hertz', 50_000, 1)).toThrow(/ask for at most \d+ minutes/)
  expect(() => ask('busy_ratio', 50_000, 300)).toThrow(/E_QUERY_TOO_LARGE|may read/)
})
