import type { MeterMetricName, MeterMetricValues } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import { createRejections } from '../../formats/rejections.ts'
import { isJson, type Json, typeOf } from './json.ts'
import { RULES } from './map.ts'
import { pointOf } from './points.ts'
import { readingBy } from './readings.ts'
import { SHAPES } from './shapes.ts'
import { isOff, type Refusal, type Refusals, stateOf } from './values.ts'

/** Resources in one answer: an expanded collection of 512 outlets with what hangs below them. */
const RESOURCES = 2048
const DEPTH = 12
const IGNORED = 64

/** What one answer says. */
export interface Parsed {
  readonly meters: readonly MeterReading[]
  readonly refusals: Refusals
  /** `Type.Property` of numbers that have no canonical metric. */
  readonly ignored: ReadonlySet<string>
  /** Types of the resources that were found, in order. */
  readonly types: readonly string[]
}

/** The readings of one answer: a resource, a collection with its members in place, or a list of resources. Pure; never throws. */
export function parseAnswer(answer: unknown): Parsed {
  const refusals = createRejections<Refusal>()
  const ignored = new Set<string>()
  const resources = resourcesIn(answer, refusals)
  const meters = resources.flatMap((resource) => metersOf(resource, refusals, ignored))
  return { meters: mergePoints(meters), refusals, ignored, types: resources.map(typeOf) }
}

/** Every resource in an answer, the outer ones first. Links and what vendors add is not looked into. */
export function resourcesIn(answer: unknown, refusals: Refusals): Json[] {
  const found: Json[] = []
  const visit = (value: unknown, depth: number, isTop: boolean) => {
    if (depth > DEPTH) return
    if (Array.isArray(value)) {
      for (const entry of value) visit(entry, depth + 1, isTop)
      return
    }
    if (!isJson(value)) return
    if (isTop || '@odata.type' in value) {
      if (found.length < RESOURCES) found.push(value)
      else refusals.add(typeOf(value), 'too_many')
    }
    for (const name in value) {
      const inner = value[name]
      if (typeof inner !== 'object' || inner === null) continue
      if (name !== 'Links' && name !== 'Oem' && name !== 'Actions') visit(inner, depth + 1, false)
    }
  }
  visit(answer, 0, true)
  return found
}

/** The readings of one resource. */
function metersOf(resource: Json, refusals: Refusals, ignored: Set<string>): MeterReading[] {
  const point = pointOf(resource)
  if (point === null) return []
  const type = typeOf(resource) || typeByShape(resource)
  const shape = SHAPES.get(type)
  const rules = RULES.get(type)
  noteIgnored(resource, type, ignored)
  if (shape !== undefined) return shape(resource, point, refusals)
  if (rules === undefined) return []
  if (isOff(resource)) {
    refusals.add(`${type} ${stateOf(resource)}`, 'off')
    return []
  }
  return readingBy(rules, { resource, point, refusals })
}

const typeByShape = (resource: Json): string => ('ReadingType' in resource ? 'Sensor' : '')

/** Numbers that are read by nobody, as `Type.Property`. */
function noteIgnored(resource: Json, type: string, ignored: Set<string>): void {
  const rules = RULES.get(type)
  for (const name in resource) {
    const value = resource[name]
    // Nearly all properties are text and links.
    if (typeof value !== 'number' && typeof value !== 'object') continue
    if (rules?.has(name) === true || name.includes('@') || READ_BY_SHAPE.has(name)) continue
    const isValue = typeof value === 'number' || (isJson(value) && 'Reading' in value)
    if ((isValue || name.startsWith('PolyPhase')) && ignored.size < IGNORED)
      ignored.add(`${type || 'Resource'}.${name}`)
  }
}

const READ_BY_SHAPE = new Set([
  'Reading',
  'LifetimeReading',
  'ReadingRangeMin',
  'ReadingRangeMax',
  'ApparentVA',
  'PowerFactor',
])

/** One reading per point: of two resources that give the same value of one point the first is believed. */
export function mergePoints(readings: readonly MeterReading[]): MeterReading[] {
  const byPoint = new Map<string, MeterReading>()
  for (const reading of readings) {
    const before = byPoint.get(reading.point)
    byPoint.set(
      reading.point,
      before === undefined
        ? reading
        : { ...reading, ...before, metrics: { ...reading.metrics, ...before.metrics } },
    )
  }
  return [...byPoint.values()]
}

/** Names of the metrics of a reading. */
export const metricNames = ({ metrics }: MeterReading): MeterMetricName[] => {
  const names: MeterMetricName[] = []
  for (const name in metrics) if (isNameOf(metrics, name)) names.push(name)
  return names
}

const isNameOf = (metrics: MeterMetricValues, name: string): name is MeterMetricName =>
  name in metrics
