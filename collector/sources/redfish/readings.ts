import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import { isJson, type Json } from './json.ts'
import { POWER_EXTRAS, type Rules } from './map.ts'
import { numberIn, type Refusals, timeIn } from './values.ts'

/** A resource, the point it is about, and where refusals go. */
export interface Subject {
  readonly resource: Json
  readonly point: string
  readonly refusals: Refusals
}

/** One reading of the properties that rules name. */
export function readingBy(rules: Rules, { resource, point, refusals }: Subject): MeterReading[] {
  const metrics: Record<string, number> = {}
  let energyResetMs: number | null = null
  for (const [name, { metric, factor }] of rules) {
    const given = resource[name]
    if (given === undefined) continue
    const counter = metric === 'energy_joules_total' ? counterOf(given) : null
    const counted = counter === null ? given : counter.value
    const value = numberIn(counted, name, refusals, point)
    if (value === null) continue
    metrics[metric] = scaled(value, factor)
    energyResetMs = counter?.resetMs ?? energyResetMs
    if (metric === 'power_watts' && isJson(given)) Object.assign(metrics, powerExtras(given))
  }
  return readingOf(point, metrics, { energyResetMs })
}

/** A reading, or none when nothing was said. */
export function readingOf(
  point: string,
  metrics: MeterMetricValues,
  more: { readonly atMs?: number | null; readonly energyResetMs?: number | null } = {},
): MeterReading[] {
  if (Object.keys(metrics).length === 0) return []
  const { atMs = null, energyResetMs = null } = more
  return [
    {
      meter: null,
      point,
      metrics,
      ...(atMs === null ? {} : { atMs }),
      ...(energyResetMs === null ? {} : { energyResetMs }),
    },
  ]
}

/**
 * Which number of a counter counts: the one over its life where the device has one, which a reset leaves alone, else the
 * one since the last reset, with when that was.
 */
export function counterOf(
  excerpt: unknown,
): { readonly value: unknown; readonly resetMs: number | null } | null {
  if (!isJson(excerpt)) return null
  if ('LifetimeReading' in excerpt) return { value: excerpt['LifetimeReading'], resetMs: null }
  return { value: excerpt, resetMs: timeIn(excerpt, 'SensorResetTime') }
}

/** Apparent power and power factor beside a power; what is not said is not missed. */
export function powerExtras(excerpt: Json): MeterMetricValues {
  const extras: MeterMetricValues = {}
  for (const [name, { metric }] of POWER_EXTRAS) {
    const value = excerpt[name]
    if (typeof value === 'number' && Number.isFinite(value) && value !== -1) extras[metric] = value
  }
  return extras
}

/** A product without the dust of binary fractions: 52.7 % is 0.527. */
export const scaled = (value: number, factor: number): number =>
  factor === 1 ? value : Number((value * factor).toPrecision(15))
