import { z } from 'zod'
import { GroupKey } from './api.ts'

/**
 * What /api/v1/energy/devices answers: energy of accelerators from their own counters and power readings, without hosts
 * and cooling. docs/numbers.md, "Energy of devices", says what each figure means.
 */

const ratio = z.number().min(0).max(1)
const time = z.iso.datetime()

/** Steps that energy is answered in; days are days of the site. */
export const ENERGY_STEPS = ['15m', '1h', '1d'] as const
export const EnergyStep = z.enum(ENERGY_STEPS)
export type EnergyStep = z.infer<typeof EnergyStep>

/** Energy over time; value i is of [t0 + i x step_ms, …), null where nothing is settled. */
export const EnergySeries = z.object({
  unit: z.literal('kwh'),
  /** Epoch ms. */
  t0: z.int(),
  step_ms: z.int(),
  values: z.array(z.number().nullable()),
  coverage: z.array(ratio.nullable()),
})
export type EnergySeries = z.infer<typeof EnergySeries>

export const DeviceEnergyGroup = z.object({
  key: GroupKey,
  /** Of the time that something speaks for; nothing is guessed for the rest. */
  kwh: z.number().min(0),
  /** Device-hours of capacity in the settled part of the window. */
  capacity_device_hours: z.number().min(0),
  /** Share of them that a counter or power readings speak for; null when there is no capacity. */
  coverage: ratio.nullable(),
  /** Share of the energy by where it comes from; null when there is none. */
  by_counter: ratio.nullable(),
  by_power: ratio.nullable(),
  /** Share of the energy that a counter gave for gaps in telemetry, spread evenly over each. */
  bridged: ratio.nullable(),
  /** Counters that fell. */
  resets: z.int().min(0),
  /** Differences of counters that no device of its model can have used. */
  rejected: z.int().min(0),
  /** Counter / power over the time that both speak for; null where they do not meet. */
  agreement: z.number().nullable(),
  /** Only with `resolution`. */
  series: EnergySeries.optional(),
})
export type DeviceEnergyGroup = z.infer<typeof DeviceEnergyGroup>

export const DeviceEnergyAnswer = z.object({
  definition: z.string(),
  from: time,
  to: time,
  /** The table is kept by quarter hours; steps of the series, where they were asked for. */
  resolution: EnergyStep,
  /** End of the last settled quarter hour. */
  settled_until: time.nullable(),
  /** Some quarter hours of the window are not settled: they are in no figure. */
  provisional: z.boolean(),
  /** Quarter hours of the window, and how many of them are settled. */
  buckets: z.object({ expected: z.int(), settled: z.int() }),
  simulated: z.boolean(),
  groups: z.array(DeviceEnergyGroup),
})
export type DeviceEnergyAnswer = z.infer<typeof DeviceEnergyAnswer>
