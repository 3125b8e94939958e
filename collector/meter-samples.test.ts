import { expect, test } from 'vitest'
import type { MeterReading } from '#schemas/reading.ts'
import { readMeters } from './meter-samples.ts'
import { T0, targetRead } from './read.testing.ts'
import { toTarget } from './targets/target.ts'

const target = toTarget('pdu-7:80', { node: 'pdu-7' }, 'me')
const read = (meters: readonly MeterReading[]) =>
  readMeters(targetRead(T0, [], { source: 'snmp', target, said: { meters } }))
const inlet = (more: Partial<MeterReading>): MeterReading => ({
  meter: null,
  point: '',
  metrics: { power_watts: 4200 },
  ...more,
})

test('a point is named after its target and its part, and carries the tick', () => {
  const { samples } = read([inlet({}), inlet({ point: 'outlet/A1', metrics: { power_watts: 0 } })])
  expect(samples).toEqual([
    {
      kind: 'meter_sample',
      at_ms: T0,
      step_ms: 10_000,
      meter: 'pdu-7',
      source: 'snmp',
      values: { power_watts: 4200 },
    },
    {
      kind: 'meter_sample',
      at_ms: T0,
      step_ms: 10_000,
      meter: 'pdu-7/outlet/A1',
      source: 'snmp',
      values: { power_watts: 0 },
    },
  ])
})

test('a point that is read less often than its neighbours speaks for its own step', () => {
  const { samples } = read([inlet({ stepMs: 30_000 }), inlet({ point: 'leak/1' })])
  expect(samples.map(({ step_ms }) => step_ms)).toEqual([30_000, 10_000])
})

test('values outside their range and names that are none are refused and counted, their neighbours stay', () => {
  const { samples, rejected } = read([
    inlet({ metrics: { power_watts: -1, current_amperes: 18 } }),
    inlet({ meter: 'no name/' }),
  ])
  expect(samples.map(({ values }) => values)).toEqual([{ current_amperes: 18 }])
  expect(rejected).toEqual({ 'range:power_watts': 1, no_identity: 1 })
})

test('a meter clock eight hours off is said, and our time is taken', () => {
  const { samples, rejected } = read([inlet({ atMs: T0 + 8 * 3_600_000 })])
  expect(samples.map(({ at_ms }) => at_ms)).toEqual([T0])
  expect(rejected).toEqual({ meter_clock: 1 })
})

test('readings that came by themselves keep their times, but not from the future', () => {
  const { samples, rejected } = read([
    inlet({ atMs: T0 - 86_400_000, isTimeOwn: true }),
    inlet({ point: 'b', atMs: T0 + 3_600_000, isTimeOwn: true }),
  ])
  expect(samples.map(({ at_ms }) => at_ms)).toEqual([T0 - 86_400_000])
  expect(rejected).toEqual({ meter_clock: 1 })
})

test('a counter says with its value when it was reset', () => {
  const metrics = { energy_joules_total: 3.6e6 }
  const { samples } = read([
    inlet({ metrics, energyResetMs: T0 - 60_000 }),
    inlet({ energyResetMs: T0 }),
  ])
  expect(samples.map(({ values }) => values)).toEqual([
    { ...metrics, energy_reset_seconds: T0 / 1000 - 60 },
    { power_watts: 4200 },
  ])
})
