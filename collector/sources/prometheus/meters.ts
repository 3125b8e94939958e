import { meterId, meterPart } from '#schemas/meter-id.ts'
import { type MeterMetricValues, meterMetricDefinition } from '#schemas/meter-metrics.ts'
import { isPlausible } from '#schemas/metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import type { ExpositionRow } from '../../formats/exposition.ts'
import { inMeterUnit, rounded } from '../../formats/meter-units.ts'
import { detached } from '../../formats/rejections.ts'
import type { Refuse } from './entities.ts'
import { fits, fitsAny } from './filters.ts'
import { labelOf } from './identity.ts'
import { LIMITS } from './limits.ts'
import { seriesKey } from './map.ts'
import type { MeterRule, MetersRule } from './meter-rules.ts'

/** Names of the metrics that the rules of meters read. */
export const meterNames = (rules: MetersRule | undefined): ReadonlySet<string> =>
  new Set(
    (rules?.metrics ?? []).flatMap(({ from, digits }) => [
      ...from,
      ...(digits === undefined ? [] : [digits]),
    ]),
  )

/** A thing or a part of it, and what the page says of it. */
interface Place {
  readonly meter: string | null
  readonly point: string
  readonly metrics: MeterMetricValues
}

/**
 * The readings of meters on a page. Of several rules for one metric of one point the first that gives a value counts. A
 * value outside the catalogue's range is refused, not clipped.
 */
export function metersOf(
  rows: readonly ExpositionRow[],
  rules: MetersRule | undefined,
  refuse: Refuse,
): MeterReading[] {
  if (rules === undefined) return []
  const byName = Map.groupBy(rows, ({ name }) => name)
  const digitsOf = createDigits(byName)
  const places = new Map<string, Place>()
  for (const rule of rules.metrics) {
    const definition = meterMetricDefinition(rule.to)
    for (const { place, rows: own } of placed({ byName, rule, names: rules.name, refuse })) {
      const id = `${place.meter ?? ''} ${place.point}`
      const known = places.get(id) ?? place
      const [row] = own
      if (row === undefined || (known.metrics[rule.to] ?? null) !== null) continue
      const value = combined(own, rule, digitsOf, refuse)
      if (value === null || definition === undefined) continue
      if (!isPlausible(definition, value)) refuse(row, 'out_of_range')
      else if (!places.has(id) && places.size >= LIMITS.meters) refuse(row, 'too_many_meters')
      else {
        known.metrics[rule.to] = value
        places.set(id, known)
      }
    }
  }
  return [...places.values()].map(({ meter, point, metrics }) => ({
    meter: meter === null ? null : detached(meter),
    point: detached(point),
    metrics,
  }))
}

interface Placing {
  readonly byName: ReadonlyMap<string, readonly ExpositionRow[]>
  readonly rule: MeterRule
  readonly names: readonly string[] | undefined
  readonly refuse: Refuse
}

interface Placed {
  readonly place: Place
  readonly name: string
  readonly rows: ExpositionRow[]
}

/** The rows of a rule by the point they are of; of several names of one metric the first that speaks of a point. */
function placed({ byName, rule, names, refuse }: Placing): Iterable<Placed> {
  const found = new Map<string, Placed>()
  for (const name of rule.from)
    for (const row of byName.get(name) ?? []) {
      if (!fits(row.labels, rule.where) || fitsAny(row.labels, rule.unless)) continue
      const place = placeOf(row, rule.point, names)
      if (place === null) {
        refuse(row, 'no_meter')
        continue
      }
      const id = `${place.meter ?? ''} ${place.point}`
      const known = found.get(id)
      if (known === undefined) found.set(id, { place, name, rows: [row] })
      else if (known.name === name) known.rows.push(row)
    }
  return found.values()
}

function placeOf(
  row: ExpositionRow,
  point: string,
  names: readonly string[] | undefined,
): Place | null {
  const meter = names?.map((name) => filled(name, row)).find((name) => name !== null) ?? null
  if (names !== undefined && meter === null) return null
  const parts = point === '' ? [] : point.split('/').map((part) => filled(part, row))
  const cleaned = parts.map((part) => (part === null ? '' : meterPart(part)))
  if (cleaned.includes('')) return null
  const path = cleaned.join('/')
  return meterId(meter ?? 'the-target', path) === null ? null : { meter, point: path, metrics: {} }
}

/** A text with the row's labels in place of `{label}`, `instance` without its port; null when one is missing. */
function filled(template: string, row: ExpositionRow): string | null {
  let isWhole = true
  const text = template.replaceAll(/\{([A-Za-z_]\w*)\}/g, (_all, label: string) => {
    const said = labelOf(row, [label])
    isWhole &&= said !== null
    return (said ?? '').replace(/:\d{1,5}$/, '')
  })
  return isWhole && text !== '' ? text : null
}

/** The row of another metric with the same labels: how many digits of the number stand behind the point. */
type Digits = (row: ExpositionRow, metric: string) => number | null

function createDigits(byName: Placing['byName']): Digits {
  const indexes = new Map<string, Map<string, number | null>>()
  return (row, metric) => {
    const index =
      indexes.get(metric) ??
      new Map((byName.get(metric) ?? []).map(({ labels, value }) => [seriesKey(labels), value]))
    indexes.set(metric, index)
    const digits = index.get(seriesKey(row.labels)) ?? null
    return digits !== null && Number.isInteger(digits) && digits >= 0 && digits <= 12
      ? digits
      : null
  }
}

function combined(
  rows: readonly ExpositionRow[],
  rule: MeterRule,
  digitsOf: Digits,
  refuse: Refuse,
): number | null {
  const numbers = rows.map((row) => numberOf(row, rule, digitsOf, refuse))
  const known = numbers.filter((number) => number !== null)
  const [first] = known
  const [row] = rows
  if (first === undefined || row === undefined) return null
  // Two of three phases are no total.
  if (rule.combine === 'sum' && known.length < numbers.length) return null
  if (rule.combine === 'sum') return rounded(known.reduce((sum, number) => sum + number, 0))
  if (rule.combine !== 'only') return Math[rule.combine](...known)
  if (known.every((number) => number === first)) return first
  refuse(row, 'ambiguous_rows')
  return null
}

function numberOf(
  row: ExpositionRow,
  { missing, values, otherwise, digits, factor, unit }: MeterRule,
  digitsOf: Digits,
  refuse: Refuse,
): number | null {
  const { value } = row
  if (value === null || missing.includes(value)) return null
  if (values !== undefined) return values[String(value)] ?? otherwise ?? null
  const places = digits === undefined ? 0 : digitsOf(row, digits)
  if (places !== null) return inMeterUnit(rounded((value * factor) / 10 ** places), unit)
  refuse(row, 'no_digits')
  return null
}
