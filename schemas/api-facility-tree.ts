import { z } from 'zod'
import { METER_LEVELS, METER_ROLES } from './facility.ts'

/** What /api/v1/facility/tree and /facility/loops answer. Values are canonical: watts, joules, degrees Celsius, L/min. */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)

/**
 * ok: values within three steps; silent: none; faulty: its word was refused in its newest buckets; unlisted: it delivers
 * and no tree names it.
 */
export const METER_STATES = ['ok', 'silent', 'faulty', 'unlisted'] as const
export const MeterState = z.enum(METER_STATES)
export type MeterState = z.infer<typeof MeterState>

/** The newest settled bucket of a meter. */
export const MeterBucketEnergy = z.object({
  from: time,
  kwh: z.number(),
  coverage: ratio,
  /** Names of METER_FLAGS that are set. */
  flags: z.array(z.string()),
})

/** All meters right below, beside the meter itself: the same watts measured twice. */
export const ChildrenSum = z.object({
  levels: z.array(z.enum(METER_LEVELS)),
  meters: z.int(),
  kwh: z.number(),
  /** (own - children) / own: losses and what is not metered; below 0 one of them is wrong. Null for no own energy. */
  difference_ratio: z.number().nullable(),
})

export const TreeMeter = z.object({
  meter: z.string(),
  name: z.string(),
  parent: z.string(),
  role: z.enum(METER_ROLES),
  level: z.enum(METER_LEVELS),
  feed: z.string(),
  hall: z.string(),
  rack: z.string(),
  loop: z.string(),
  category: z.int().nullable(),
  /** Since when it is wired like this. */
  since: time,
  state: MeterState,
  /** Newest value of every metric within the last hour. */
  values: z.record(z.string(), z.number()),
  last_at: time.nullable(),
  age_seconds: z.number().nullable(),
  /** Points of it that deliver (phases, branches, outlets, pumps). */
  points: z.int(),
  energy: MeterBucketEnergy.nullable(),
  /** Null unless all meters right below are complete in that bucket. */
  children: ChildrenSum.nullable(),
})
export type TreeMeter = z.infer<typeof TreeMeter>

export const UnlistedMeter = z.object({
  meter: z.string(),
  points: z.int(),
  values: z.record(z.string(), z.number()),
  last_at: time,
})

export const FacilityTreeAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  at: time,
  site: z.string().nullable(),
  it_level: z.string().nullable(),
  contracted_mw: z.number().nullable(),
  /** Parents before children, then by name. */
  meters: z.array(TreeMeter),
  /** Things that deliver and no tree names, by name; the first 200. */
  unlisted: z.array(UnlistedMeter),
  unlisted_total: z.int(),
  states: z.object({ ok: z.int(), silent: z.int(), faulty: z.int(), unlisted: z.int() }),
  /** The site in its newest settled bucket, mean kW. */
  totals: z
    .object({
      from: time,
      total_kw: z.number(),
      it_kw: z.number(),
      cooling_kw: z.number(),
      distribution_kw: z.number(),
      other_kw: z.number(),
    })
    .nullable(),
})
export type FacilityTreeAnswer = z.infer<typeof FacilityTreeAnswer>

/** Worst first: an alarm, a warning, then what nobody can tell. */
export const LOOP_STATES = ['alarm', 'warning', 'unknown', 'ok'] as const
export const LoopState = z.enum(LOOP_STATES)
export type LoopState = z.infer<typeof LoopState>

/** Why a loop is not ok. */
export const LoopReason = z.object({
  state: LoopState,
  /** Point it is about. */
  meter: z.string(),
  /** leak, flow, pump, coolant_temperature, dew_point…: the type of the event; `silent` for one that gives nothing. */
  type: z.string(),
  text: z.string(),
  text_zh: z.string(),
  /** What to do, by the event; empty where the points themselves say it. */
  action: z.string(),
  action_zh: z.string(),
  /** Begin of the event, or the oldest value alike; null = not known. */
  since: time.nullable(),
})
export type LoopReason = z.infer<typeof LoopReason>

const point = { meter: z.string(), last_at: time, age_seconds: z.number() }

const minuteMeans = z.array(z.number().nullable())

/** The last hour of a unit's secondary side; value i is the mean of [t0 + i x step), null where nothing was said. */
export const UnitTrend = z.object({
  t0: z.int(),
  step_ms: z.int(),
  supply_celsius: minuteMeans,
  flow_liters_per_minute: minuteMeans,
})
export type UnitTrend = z.infer<typeof UnitTrend>

/** A side of the limits that a device keeps itself for a value, in the canonical unit of the metric. */
export const DeviceLimit = z.object({
  /** Point of the value. */
  meter: z.string(),
  metric: z.string(),
  side: z.enum(['high', 'low']),
  warning: z.number().nullable(),
  alarm: z.number().nullable(),
  /** False where the site set limits of its own for the value: those count. */
  in_force: z.boolean(),
})
export type DeviceLimit = z.infer<typeof DeviceLimit>

export const LoopUnit = z.object({
  unit: z.string(),
  /** Age of the newest value of its secondary side; null = nothing for a quarter of an hour. */
  communication_age_seconds: z.number().nullable(),
  is_silent: z.boolean(),
  supply_celsius: z.number().nullable(),
  return_celsius: z.number().nullable(),
  delta_kelvin: z.number().nullable(),
  flow_liters_per_minute: z.number().nullable(),
  rated_flow_liters_per_minute: z.number().nullable(),
  primary_supply_celsius: z.number().nullable(),
  primary_return_celsius: z.number().nullable(),
  /** Secondary supply minus primary supply: grows as the exchanger fouls. */
  approach_kelvin: z.number().nullable(),
  /** Secondary supply minus dew point. */
  dew_point_margin_kelvin: z.number().nullable(),
  heat_removed_watts: z.number().nullable(),
  /** rho V c dT. */
  heat_computed_watts: z.number().nullable(),
  /** K/min of the supply by the median of slopes (Theil-Sen) over 3 minutes. */
  rise_kelvin_per_minute: z.number().nullable(),
  pumps: z.array(z.object({ ...point, state: z.string(), speed_ratio: z.number().nullable() })),
  leaks: z.array(z.object({ ...point, state: z.string() })),
  reservoir_level_ratio: z.number().nullable(),
  filter_pressure_drop_pascals: z.number().nullable(),
  /** By point, metric and side. */
  device_limits: z.array(DeviceLimit),
  trend: UnitTrend,
})
export type LoopUnit = z.infer<typeof LoopUnit>

export const FacilityLoop = z.object({
  loop: z.string(),
  name: z.string(),
  hall: z.string(),
  state: LoopState,
  /** Worst first. */
  reasons: z.array(LoopReason),
  since: time.nullable(),
  /** Of all units: means weighed by flow, flow and heat summed. */
  supply_celsius: z.number().nullable(),
  return_celsius: z.number().nullable(),
  delta_kelvin: z.number().nullable(),
  flow_liters_per_minute: z.number().nullable(),
  approach_kelvin_max: z.number().nullable(),
  dew_point_margin_kelvin_min: z.number().nullable(),
  /** What the loop was built for; null = not entered. */
  design: z.object({
    supply_celsius: z.number().nullable(),
    delta_kelvin: z.number().nullable(),
    flow_liters_per_minute: z.number().nullable(),
    capacity_watts: z.number().nullable(),
  }),
  rise_kelvin_per_minute_max: z.number().nullable(),
  heat: z.object({
    given_watts: z.number().nullable(),
    computed_watts: z.number().nullable(),
    /** Metered IT power of its racks; null unless all of their meters speak. */
    it_watts: z.number().nullable(),
    it_meters: z.int(),
    capture_ratio: ratio.nullable(),
    expected_watts: z.number().nullable(),
    /** (computed - expected) / expected; beyond 0.15 a sensor or the flow is wrong. */
    residual_ratio: z.number().nullable(),
    is_balanced: z.boolean().nullable(),
    /** Computed / IT power: what the loop really carries. */
    observed_capture_ratio: z.number().nullable(),
    /** What density and heat capacity were taken from. */
    coolant: z.enum(['design', 'water']),
  }),
  units: z.array(LoopUnit),
  on_it: z.object({
    racks: z.array(z.string()),
    devices: z.int(),
    nodes: z.int(),
    /** The first 100. */
    jobs: z.array(z.string()),
    jobs_total: z.int(),
    /** Least degrees below the slowdown point, of settled minutes; null = none says. */
    margin_kelvin_min: z.number().nullable(),
    /** Until that margin is gone at this rise; null while nothing rises. */
    minutes_to_slowdown: z.number().nullable(),
  }),
})
export type FacilityLoop = z.infer<typeof FacilityLoop>

export const FacilityLoopsAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  at: time,
  /** The worst first. */
  loops: z.array(FacilityLoop),
})
export type FacilityLoopsAnswer = z.infer<typeof FacilityLoopsAnswer>
