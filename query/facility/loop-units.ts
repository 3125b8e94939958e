import type { DeviceLimit, LoopUnit } from '#schemas/api-facility-tree.ts'
import type { LoopRow } from '#schemas/facility.ts'
import { LEAK_STATES, type MeterMetricName, PUMP_STATES } from '#schemas/meter-metrics.ts'
import type { LoopHistoryRow } from '../queries/facility-loops.ts'
import { iso } from '../window.ts'
import { theilSen } from './rise.ts'
import { thingOf } from './tree-book.ts'
import { limitsOfUnit } from './loop-limits.ts'
import type { TrendOf } from './loop-trend.ts'
import type { Heard } from './tree-figures.ts'

/** Water at 25 degrees, where a loop's own coolant was not entered. */
const WATER = { density: 997, heatCapacity: 4_180 } as const
const LITERS_PER_MINUTE_TO_CUBIC_METERS_PER_SECOND = 60_000
/** Cooling units are watched closely: they are silent after this long, or three steps. */
const SILENT_MS = 30_000
const SILENT_STEPS = 3

/** What points said last, and what they said in the last minutes. */
export interface LoopFacts {
  readonly atMs: number
  readonly heard: ReadonlyMap<string, Heard>
  /** Ids of points that were heard, by what they are of. */
  readonly points: ReadonlyMap<string, readonly string[]>
  readonly history: ReadonlyMap<string, LoopHistoryRow>
}

/** Points by what they are of. */
export const pointsByThing = (
  heard: ReadonlyMap<string, Heard>,
): ReadonlyMap<string, readonly string[]> => Map.groupBy([...heard.keys()].sort(), thingOf)

/** What a loop's water carries. */
export interface Coolant {
  readonly density: number
  readonly heatCapacity: number
  readonly from: 'design' | 'water'
}

export function coolantOf({ design }: Pick<LoopRow, 'design'>): Coolant {
  const { density_kg_per_cubic_meter: density, heat_capacity_joules_per_kg_kelvin: heat } = design
  return density === null || heat === null
    ? {
        ...WATER,
        density: density ?? WATER.density,
        heatCapacity: heat ?? WATER.heatCapacity,
        from: 'water',
      }
    : { density, heatCapacity: heat, from: 'design' }
}

/** rho V c dT, watts; null where one of them is not known. */
export function heatOf(
  flow: number | null,
  deltaKelvin: number | null,
  { density, heatCapacity }: Coolant,
): number | null {
  if (flow === null || deltaKelvin === null) return null
  const volume = flow / LITERS_PER_MINUTE_TO_CUBIC_METERS_PER_SECOND
  return density * volume * heatCapacity * deltaKelvin
}

export const lessOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a - b

/** Key of a point's metric in LoopFacts.history. */
export const historyKey = (meter: string, metric: MeterMetricName) => `${meter}\n${metric}`

export const isPointSilent = ({ lastMs, stepMs }: Heard, atMs: number): boolean =>
  atMs - lastMs > Math.max(SILENT_MS, SILENT_STEPS * stepMs)

/** Points of a unit, itself included, by name. */
export function pointsOfUnit(
  unit: string,
  { points }: Pick<LoopFacts, 'points'>,
): readonly string[] {
  const own = points.get(thingOf(unit)) ?? []
  return own.filter((point) => point === unit || point.startsWith(`${unit}/`))
}

/** The point of a side; a unit that has no sides speaks for its secondary one itself. */
export function sidePoint(
  unit: string,
  side: 'primary' | 'secondary',
  points: readonly string[],
): string | null {
  const found = points.find((point) => point.startsWith(`${unit}/${side}`))
  if (found !== undefined || side === 'primary') return found ?? null
  return points.includes(unit) ? unit : null
}

/** One cooling unit of a loop. A value of a silent point is none. */
export function loopUnit(
  unit: string,
  facts: LoopFacts,
  given: {
    readonly coolant: Coolant
    readonly roomDewPoint: number | null
    readonly trend: TrendOf
    readonly limits: readonly DeviceLimit[]
  },
): LoopUnit {
  const { atMs, heard, history } = facts
  const points = pointsOfUnit(unit, facts)
  const [primary, secondary] = [
    sidePoint(unit, 'primary', points),
    sidePoint(unit, 'secondary', points),
  ]
  const value = (point: string | null, metric: MeterMetricName): number | null =>
    valueOf(facts, point, metric)
  const anywhere = (metric: MeterMetricName): number | null =>
    points.map((point) => value(point, metric)).find((found) => found !== null) ?? null
  const supply = value(secondary, 'supply_temperature_celsius')
  const back = value(secondary, 'return_temperature_celsius')
  const flow = value(secondary, 'flow_liters_per_minute')
  const delta = lessOf(back, supply)
  const primarySupply = value(primary, 'supply_temperature_celsius')
  const said = secondary === null ? undefined : heard.get(secondary)
  const steps =
    secondary === null
      ? undefined
      : history.get(historyKey(secondary, 'supply_temperature_celsius'))
  return {
    unit,
    communication_age_seconds: said === undefined ? null : (atMs - said.lastMs) / 1000,
    is_silent: said === undefined || isPointSilent(said, atMs),
    supply_celsius: supply,
    return_celsius: back,
    delta_kelvin: delta,
    flow_liters_per_minute: flow,
    rated_flow_liters_per_minute: value(secondary, 'rated_flow_liters_per_minute'),
    primary_supply_celsius: primarySupply,
    primary_return_celsius: value(primary, 'return_temperature_celsius'),
    approach_kelvin: lessOf(supply, primarySupply),
    dew_point_margin_kelvin: lessOf(supply, given.roomDewPoint ?? anywhere('dew_point_celsius')),
    heat_removed_watts: value(secondary, 'heat_removed_watts') ?? value(unit, 'heat_removed_watts'),
    heat_computed_watts: heatOf(flow, delta, given.coolant),
    rise_kelvin_per_minute:
      supply === null || steps === undefined ? null : theilSen(steps.at_s, steps.celsius),
    pumps: points.flatMap((point) => {
      const code = heard.get(point)?.values['pump_state']
      const speed = value(point, 'pump_speed_ratio')
      if (code === undefined && speed === null) return []
      const state = isFresh(facts, point) ? (PUMP_STATES[code ?? -1] ?? 'unknown') : 'unknown'
      return [{ ...pointAge(facts, point), state, speed_ratio: speed }]
    }),
    leaks: points.flatMap((point) => {
      const code = heard.get(point)?.values['leak_state']
      if (code === undefined) return []
      const state = isFresh(facts, point) ? (LEAK_STATES[code] ?? 'unknown') : 'unknown'
      return [{ ...pointAge(facts, point), state }]
    }),
    reservoir_level_ratio: anywhere('reservoir_level_ratio'),
    filter_pressure_drop_pascals: anywhere('filter_pressure_drop_pascals'),
    device_limits: limitsOfUnit(unit, given.limits),
    trend: given.trend(secondary),
  }
}

/** The newest value of a point that is not silent; null = it has none. */
export function valueOf(
  facts: Pick<LoopFacts, 'atMs' | 'heard'>,
  point: string | null,
  metric: MeterMetricName,
): number | null {
  if (point === null || !isFresh(facts, point)) return null
  return facts.heard.get(point)?.values[metric] ?? null
}

function isFresh({ atMs, heard }: Pick<LoopFacts, 'atMs' | 'heard'>, point: string): boolean {
  const said = heard.get(point)
  return said !== undefined && !isPointSilent(said, atMs)
}

function pointAge({ atMs, heard }: LoopFacts, point: string) {
  const lastMs = heard.get(point)?.lastMs ?? atMs
  return { meter: point, last_at: iso(lastMs), age_seconds: (atMs - lastMs) / 1000 }
}
