import type { Threshold } from './level.ts'
import type { Signal } from './signals.ts'

/** One threshold and the points it watches (`*` and `?` as in file names). */
export interface ThresholdRule extends Threshold {
  readonly signal: Signal
  readonly meters: string
  /** The device itself keeps this limit. */
  readonly isDevices?: boolean
}

type Pair = readonly [set: number, reset: number]

const high = (warn: Pair, alarm: Pair | null, delayMs: number): Threshold => ({
  side: 'high',
  ...limits(warn, alarm),
  delayMs,
})

const low = (warn: Pair | null, alarm: Pair | null, delayMs: number): Threshold => ({
  side: 'low',
  ...limits(warn, alarm),
  delayMs,
})

const limits = (warn: Pair | null, alarm: Pair | null) => ({
  warn: warn === null ? null : { set: warn[0], reset: warn[1] },
  alarm: alarm === null ? null : { set: alarm[0], reset: alarm[1] },
})

/**
 * Starting values: temperatures, dew-point margin and delays are the factory settings of a 150 kW in-row cooling unit;
 * flow shares are this project's. A site's own rule for a signal replaces these for the points it names. Chemistry has no default:
 * it depends on the coolant.
 */
export const DEFAULT_THRESHOLDS: readonly ThresholdRule[] = [
  { signal: 'leak', meters: '*', ...high([1, 0.5], [2, 1.5], 0) },
  { signal: 'leak_detector_unavailable', meters: '*', ...high([1, 0.5], null, 60_000) },
  { signal: 'pump_failed', meters: '*', ...high([1, 0.5], null, 0) },
  { signal: 'flow_share', meters: '*', ...low([0.85, 0.9], [0.65, 0.75], 40_000) },
  // Hardly any flow at all is no drift: cold plates reach their limit within seconds.
  { signal: 'flow_share', meters: '*', ...low(null, [0.2, 0.3], 0) },
  { signal: 'dew_point_margin', meters: '*', ...low([5, 6], [2, 3], 15_000) },
  {
    signal: 'supply_temperature_celsius',
    meters: '*/primary*',
    ...high([40, 35], [45, 40], 15_000),
  },
  {
    signal: 'supply_temperature_celsius',
    meters: '*/primary*',
    ...low([10, 15], [5, 10], 15_000),
  },
  {
    signal: 'supply_temperature_celsius',
    meters: '*/secondary*',
    ...high([60, 55], [65, 60], 15_000),
  },
  {
    signal: 'return_temperature_celsius',
    meters: '*/secondary*',
    ...high([60, 55], [65, 60], 15_000),
  },
]
