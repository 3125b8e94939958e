import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { isPlausible } from '#schemas/metrics.ts'
import type { ExpositionRow } from '../../formats/exposition.ts'
import type { Entity, Refuse } from './entities.ts'
import { fits, fitsAny } from './filters.ts'
import { definitionOf, type Mapping, type MetricRule } from './mapping.ts'
import { inCanonicalUnit } from './units.ts'

type Scope = MetricDefinition['scope']

/**
 * The canonical values of a node, device or link by the rules of its scope. Of several rules for one metric
 * the first that gives a value is taken. A value outside the catalogue's range is refused, not clipped.
 */
export function valuesOf(
  entity: Entity,
  mapping: Mapping,
  scope: Scope,
  refuse: Refuse,
): Map<string, number> {
  const values = new Map<string, number>()
  const partner = createPartners(entity)
  for (const rule of mapping.metrics) {
    const definition = definitionOf(rule.to)
    if (definition?.scope !== scope || values.has(rule.to)) continue
    const found = valueOf({ entity, partner, refuse }, rule)
    if (found === null) continue
    if (isPlausible(definition, found.value)) values.set(rule.to, found.value)
    else refuse(found.row, 'out_of_range')
  }
  return values
}

interface Found {
  readonly value: number
  /** The row to show when the value is refused. */
  readonly row: ExpositionRow
}

interface Work {
  readonly entity: Entity
  readonly partner: Partner
  readonly refuse: Refuse
}

function valueOf(work: Work, rule: MetricRule): Found | null {
  const { entity } = work
  if (rule.only_if !== undefined) {
    const { metric, equals } = rule.only_if
    if (!(entity.rows.get(metric) ?? []).some(({ value }) => value === equals)) return null
  }
  for (const name of rule.from) {
    const rows = (entity.rows.get(name) ?? []).filter(
      ({ labels }) => fits(labels, rule.where) && !fitsAny(labels, rule.unless),
    )
    const found = rows.length === 0 ? null : combined(work, rows, rule)
    if (found !== null) return found
  }
  return null
}

function combined(
  { partner, refuse }: Work,
  rows: readonly ExpositionRow[],
  rule: MetricRule,
): Found | null {
  const [row] = rows
  if (row === undefined) return null
  if (rule.combine === 'count') return { value: rows.length, row }
  const numbers = rows.map((each) => numberOf(each, rule, partner))
  const known = numbers.filter((number) => number !== null)
  const [first] = known
  if (first === undefined) return null
  // A sum without one of its parts would fall and rise again: a counter that was never reset.
  if (rule.combine === 'sum' && known.length < numbers.length) return null
  const value = known.reduce(COMBINE[rule.combine])
  if (rule.combine !== 'only' || known.every((number) => number === value)) return { value, row }
  refuse(row, 'ambiguous_rows')
  return null
}

const COMBINE = {
  only: (first: number) => first,
  sum: (a: number, b: number) => a + b,
  max: (a: number, b: number) => Math.max(a, b),
  min: (a: number, b: number) => Math.min(a, b),
} as const

/** One row's number in the canonical unit, or null. */
function numberOf(row: ExpositionRow, rule: MetricRule, partner: Partner): number | null {
  if (row.value === null) return null
  let value = row.value
  if (rule.values !== undefined) {
    const listed = rule.values[String(value)] ?? rule.otherwise
    if (listed === undefined) return null
    value = listed
  } else if (rule.per === undefined) value = inCanonicalUnit(value, rule.unit)
  else {
    const base = partner(row, rule.per)
    if (base === null || base === 0) return null
    value = inCanonicalUnit(value / base, rule.unit)
  }
  return rule.complement ? 1 - value : value
}

/** The value of the row of another metric with the same labels as this one. */
type Partner = (row: ExpositionRow, metric: string) => number | null

/** Finds partners by an index that is built once per metric: a node can have thousands of mounts. */
function createPartners(entity: Entity): Partner {
  const indexes = new Map<string, Map<string, number | null>>()
  return (row, metric) => {
    const index =
      indexes.get(metric) ??
      new Map(
        (entity.rows.get(metric) ?? []).map(({ labels, value }) => [seriesKey(labels), value]),
      )
    indexes.set(metric, index)
    return index.get(seriesKey(row.labels)) ?? null
  }
}

/** The labels of a series as one text, whatever their order; no two series have the same. */
export function seriesKey(labels: Readonly<Record<string, string>>): string {
  let key = ''
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name] ?? ''
    key += `${name}=${value.length}:${value},`
  }
  return key
}
