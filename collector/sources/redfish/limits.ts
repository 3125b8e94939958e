import type { MeterMetricName } from '#schemas/meter-metrics.ts'
import type { MeterLimit, MeterLimits } from '#schemas/reading.ts'
import { createRejections } from '../../formats/rejections.ts'
import type { Step } from './discover.ts'
import { child, isJson, type Json, typeOf, word } from './json.ts'
import { RULES, SENSORS, TYPE_OF_UNIT } from './map.ts'
import { resourcesIn } from './parse.ts'
import { joined, pointOf } from './points.ts'
import { scaled } from './readings.ts'
import type { Refusal, Refusals } from './values.ts'

/** The value whose limits a sensor keeps. */
export interface LimitPlace {
  readonly point: string
  readonly metric: MeterMetricName
  /** What the value's native unit is in the canonical one. */
  readonly factor: number
}

/** Values that limits are watched for; a question for each sensor of every outlet would be a walk of hours. */
const WATCHED: ReadonlySet<MeterMetricName> = new Set([
  'supply_temperature_celsius',
  'return_temperature_celsius',
  'temperature_celsius',
  'flow_liters_per_minute',
  'supply_pressure_pascals',
  'reservoir_level_ratio',
  'humidity_ratio',
  'load_ratio',
])
/** Sensors of one answer that are asked for limits. */
const SENSORS_MOST = 32
/** Beyond this a number stands for "unknown". */
const UNKNOWN = 1e300

/** Where the limits of the values of an answer are kept: one question per sensor that it names. Paths are the device's own words. */
export function limitSteps(answer: Json): Step[] {
  return resourcesIn(answer, createRejections<Refusal>()).flatMap(stepsOf).slice(0, SENSORS_MOST)
}

function stepsOf(resource: Json): Step[] {
  const point = pointOf(resource)
  if (point === null) return []
  const steps: Step[] = []
  const add = (excerpt: unknown, place: LimitPlace) => {
    const path = isJson(excerpt) ? word(excerpt, 'DataSourceUri') : ''
    if (path !== '') steps.push({ path, role: 'limits', limitsOf: place })
  }
  const type = typeOf(resource)
  for (const [name, { metric, factor }] of RULES.get(type) ?? [])
    if (WATCHED.has(metric)) add(resource[name], { point, metric, factor })
  if (type !== 'ThermalMetrics') return steps
  const summary = child(resource, 'TemperatureSummaryCelsius')
  for (const place of ['Intake', 'Exhaust', 'Ambient', 'Internal']) {
    const of = joined(point, place.toLowerCase())
    add(summary[place], { point: of, metric: 'temperature_celsius', factor: 1 })
  }
  return steps
}

/** The limits of a sensor that is itself a point; null where its value is not watched. */
export function limitsOfPoint(sensor: Json, refusals: Refusals): MeterLimits | null {
  const { metric, units } = SENSORS.get(sensorType(sensor)) ?? { units: {} }
  if (metric === undefined || !WATCHED.has(metric)) return null
  const factor = Object.values(units)[0] ?? 1
  return limitsFor(sensor, { point: pointOf(sensor) || 'sensor', metric, factor }, refusals)
}

/**
 * What a sensor's `Thresholds` say about a value: caution is a warning, critical an alarm, `Activation: Disabled` is none. `DwellTime` is
 * the delay, `HysteresisReading` what lies between a limit and its end. Without it a level ends where it began. Limits that contradict each
 * other (a caution beyond its critical, low above high) are all refused. Pure.
 */
export function limitsFor(sensor: Json, place: LimitPlace, refusals: Refusals): MeterLimits {
  const { point, metric } = place
  const none = { meter: null, point, metric, limits: [] }
  const factor = factorOf(sensor, place)
  if (factor === null) {
    refusals.add(`${point} ${metric} limits in ${word(sensor, 'ReadingUnits')}`, 'unit')
    return none
  }
  const thresholds = child(sensor, 'Thresholds')
  const limits = KINDS.flatMap(([name, side, level]) => {
    const given = child(thresholds, name)
    const { Reading: set, HysteresisReading: back } = given
    if (typeof set !== 'number' || !(Math.abs(set) < UNKNOWN)) return []
    if (word(given, 'Activation') === 'Disabled') return []
    const gap = typeof back === 'number' && Math.abs(back) < UNKNOWN ? Math.abs(back) : 0
    const reset = side === 'high' ? set - gap : set + gap
    const delayMs = durationMs(word(given, 'DwellTime'))
    return [{ side, level, set: scaled(set, factor), reset: scaled(reset, factor), delayMs }]
  })
  if (isInOrder(limits)) return { ...none, limits }
  refusals.add(`${point} ${metric} limits`, 'limits_crossed')
  return none
}

const KINDS: readonly (readonly [
  name: string,
  side: MeterLimit['side'],
  level: MeterLimit['level'],
])[] = [
  ['LowerCritical', 'low', 'alarm'],
  ['LowerCaution', 'low', 'warning'],
  ['UpperCaution', 'high', 'warning'],
  ['UpperCritical', 'high', 'alarm'],
]

/** KINDS stand in the order of their numbers; a side's two levels may be one number. */
function isInOrder(limits: readonly MeterLimit[]): boolean {
  return limits.every((limit, at) => {
    const before = limits[at - 1]
    if (before === undefined) return true
    return before.side === limit.side ? before.set <= limit.set : before.set < limit.set
  })
}

const sensorType = (sensor: Json) =>
  word(sensor, 'ReadingType') || (TYPE_OF_UNIT.get(word(sensor, 'ReadingUnits')) ?? '')

/** The sensor's own unit counts where it names one of its type; null when that is none of them. */
function factorOf(sensor: Json, { factor }: LimitPlace): number | null {
  const rule = SENSORS.get(sensorType(sensor))
  const unit = word(sensor, 'ReadingUnits')
  if (rule === undefined || unit === '') return factor
  return Object.hasOwn(rule.units, unit) ? (rule.units[unit] ?? null) : null
}

/** `PT1M30S` and `P1DT2H` of ISO 8601, ms; 0 for what is none. At most an hour: beyond, nobody would hear of it in time. */
function durationMs(text: string): number {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text)
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match ?? [])
    .slice(1)
    .map((part) => Number(part ?? 0))
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
  return Math.min(HOUR_MS, Math.round(ms))
}

const HOUR_MS = 3_600_000
