import type { FacilityLoop, LoopUnit } from '#schemas/api-facility-tree.ts'
import type { LoopRow } from '#schemas/facility.ts'
import type { MeterMetricName } from '#schemas/meter-metrics.ts'
import {
  type Coolant,
  heatOf,
  historyKey,
  isPointSilent,
  lessOf,
  type LoopFacts,
  pointsOfUnit,
  sidePoint,
} from './loop-units.ts'

/** Beyond this a sensor or the flow is wrong. */
const RESIDUAL_MAX = 0.15

/** Sum of what is known; null where one part is not. */
export function sumOf(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0)
}

/** The highest that is known; null of nothing. */
export function mostOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Mean weighed by flow where all flows are known, else a plain one; null of nothing. */
export function meanOf(
  parts: readonly { readonly value: number | null; readonly weight: number | null }[],
): number | null {
  const known = parts.flatMap(({ value, weight }) => (value === null ? [] : [{ value, weight }]))
  const isWeighed =
    known.every(({ weight }) => weight !== null) && known.some(({ weight }) => (weight ?? 0) > 0)
  const weigh = (weight: number | null) => (isWeighed ? (weight ?? 0) : 1)
  const total = known.reduce((sum, { weight }) => sum + weigh(weight), 0)
  if (total === 0) return null
  return known.reduce((sum, { value, weight }) => sum + value * weigh(weight), 0) / total
}

/** Heat that a loop carries beside what its racks take, means of ten minutes: a job that starts is no fault. */
export function loopHeat(
  loop: LoopRow,
  facts: LoopFacts,
  given: {
    readonly units: readonly LoopUnit[]
    readonly coolant: Coolant
    readonly itMeters: readonly string[]
  },
): FacilityLoop['heat'] {
  const { units, coolant, itMeters } = given
  const mean = (point: string | null, metric: MeterMetricName): number | null => {
    const said = point === null ? undefined : facts.heard.get(point)
    if (point === null || said === undefined || isPointSilent(said, facts.atMs)) return null
    return facts.history.get(historyKey(point, metric))?.mean_value ?? null
  }
  const computed = sumOf(
    units.map(({ unit }) => {
      const point = sidePoint(unit, 'secondary', pointsOfUnit(unit, facts))
      const supply = mean(point, 'supply_temperature_celsius')
      const back = mean(point, 'return_temperature_celsius')
      return heatOf(mean(point, 'flow_liters_per_minute'), lessOf(back, supply), coolant)
    }),
  )
  const it = sumOf(itMeters.map((meter) => mean(meter, 'power_watts')))
  const capture = loop.design.capture_ratio
  const expected = it === null || capture === null ? null : it * capture
  const residual =
    computed === null || expected === null || expected <= 0 ? null : computed / expected - 1
  return {
    given_watts: sumOf(units.map((unit) => unit.heat_removed_watts)),
    computed_watts: computed,
    it_watts: it,
    it_meters: itMeters.length,
    capture_ratio: capture,
    expected_watts: expected,
    residual_ratio: residual,
    is_balanced: residual === null ? null : Math.abs(residual) <= RESIDUAL_MAX,
    observed_capture_ratio: computed === null || it === null || it <= 0 ? null : computed / it,
    coolant: coolant.from,
  }
}
