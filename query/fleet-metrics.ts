import { z } from 'zod'
import type { MetricUnit } from '#schemas/metrics.ts'
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

/** How each fleet chart reads the sums of a step. Temperature is the hottest device's, as it settles. */
export const FLEET_METRICS: Record<
  FleetMetric,
  { readonly unit: MetricUnit; readonly read: (sums: Sums) => Point }
> = {
  utilization: { unit: 'ratio', read: utilizationPoint },
  active: { unit: 'ratio', read: activeOf },
  effective: { unit: 'ratio', read: effectiveOf },
  power_watts: { unit: 'watts', read: powerOf },
  temperature_celsius: { unit: 'celsius', read: temperatureOf },
  memory_used_ratio: { unit: 'ratio', read: memoryOf },
}

function utilizationPoint(sums: Sums): Point {
  const { utilization, util_lo, util_hi, coverage } = utilizationOf(sums)
  return { value: utilization, coverage, lo: util_lo, hi: util_hi }
}
