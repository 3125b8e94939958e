import { z } from 'zod'
import type { MetricUnit } from '#schemas/metric-definition.ts'
import { type FigureColumns, NO_COLUMNS } from './queries/fleet-sums.ts'
import {
  activeOf,
  effectiveOf,
  memoryOf,
  powerOf,
  type Sums,
  temperatureOf,
  utilizationOf,
} from './sums.ts'

export const FleetMetric = z.enum([
  'utilization',
  'active',
  'effective',
  'power_watts',
  'temperature_celsius',
  'memory_used_ratio',
])
export type FleetMetric = z.infer<typeof FleetMetric>

interface Point {
  readonly value: number | null
  readonly coverage: number | null
  readonly lo?: number | null
  readonly hi?: number | null
}

const ACTIVE = { active_known: 'active_known_ms', active: 'active_ms_x1000' } as const
const EFFECTIVE = {
  effective_known: 'effective_known_ms',
  effective: 'effective_ms_x1000',
} as const
const POWER = {
  power_known: 'power_known_ms',
  power: 'power_mw_ms',
  power_bucket: 'bucket',
} as const
const MEMORY = { memory_known: 'memory_known_ms', memory: 'memory_ms_x1000' } as const

/** What a FleetGroup shows. */
export const SUMMARY_COLUMNS: FigureColumns = {
  ...NO_COLUMNS,
  ...ACTIVE,
  ...EFFECTIVE,
  ...POWER,
  ...MEMORY,
  temperature: 'temperature_max',
}

/** What the loss needs besides the states: how much of the power is known. */
export const POWER_COLUMNS: FigureColumns = { ...NO_COLUMNS, power_known: 'power_known_ms' }

/** What the tiers show besides busy. */
export const TIER_COLUMNS: FigureColumns = { ...NO_COLUMNS, ...ACTIVE, ...EFFECTIVE }

/** How each fleet chart reads the sums of a step. Temperature is the hottest device's, as it settles. */
export const FLEET_METRICS: Record<
  FleetMetric,
  {
    readonly unit: MetricUnit
    readonly columns: FigureColumns
    readonly read: (sums: Sums) => Point
  }
> = {
  utilization: { unit: 'ratio', columns: NO_COLUMNS, read: utilizationPoint },
  active: { unit: 'ratio', columns: { ...NO_COLUMNS, ...ACTIVE }, read: activeOf },
  effective: { unit: 'ratio', columns: { ...NO_COLUMNS, ...EFFECTIVE }, read: effectiveOf },
  power_watts: { unit: 'watts', columns: { ...NO_COLUMNS, ...POWER }, read: powerOf },
  temperature_celsius: {
    unit: 'celsius',
    columns: {
      ...NO_COLUMNS,
      temperature_known: 'temperature_known_ms',
      temperature: 'temperature_max',
    },
    read: temperatureOf,
  },
  memory_used_ratio: { unit: 'ratio', columns: { ...NO_COLUMNS, ...MEMORY }, read: memoryOf },
}

function utilizationPoint(sums: Sums): Point {
  const { utilization, util_lo, util_hi, coverage } = utilizationOf(sums)
  return { value: utilization, coverage, lo: util_lo, hi: util_hi }
}
