import { expect, it } from 'vitest'
import { stateColumns } from './group-states.ts'

it('known time is productive where somebody holds the devices and unallocated where nobody does', () => {
  const columns = stateColumns({
    tenants: ['atlas', ''],
    capacityMs: Float64Array.of(60_000, 120_000),
    knownMs: Float64Array.of(60_000, 90_000),
    busyMsX1000: Float64Array.of(5_000, 70),
    powerMwMs: Float64Array.of(9, 8),
  })
  const of = (name: string) => [...(columns.find((column) => column.name === name)?.values ?? [])]
  expect(of('productive_ms_x1000')).toEqual([60_000_000, 0])
  expect(of('unallocated_ms')).toEqual([0, 90_000])
  expect(of('busy_unallocated_ms_x1000')).toEqual([0, 70])
  expect(of('power_unallocated_mw_ms')).toEqual([0, 8])
  expect(of('allocated_known_ms')).toEqual([60_000, 120_000])
  expect(of('allocated_ms')).toEqual([60_000, 0])
  expect(of('billing')).toEqual(['unknown', ''])
  expect(of('allocation_source')).toEqual(['telemetry', 'telemetry'])
})
