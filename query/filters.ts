import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'

/** What a fleet figure can be grouped and filtered by, in the order of the tables. */
export const DIMENSIONS = [
  'cluster',
  'hall',
  'rack',
  'pool',
  'node',
  'vendor',
  'model',
  'tenant',
  'job',
  'class',
  'allocation_source',
  'billing',
] as const
export const Dimension = z.enum(DIMENSIONS)
export type Dimension = z.infer<typeof Dimension>

export const FILTER_LIMITS = {
  filters: 20,
  valuesPerFilter: 100,
  valueLength: 256,
  groupBy: 4,
  fields: 5,
}

const OPERATORS = ['eq', 'ne', 'in', 'prefix'] as const

const Values = z.array(z.string())
/** A field to filter or group by, or `none` for an unused place. */
export const FieldPlace = z.enum([...DIMENSIONS, 'none'])
export type FieldPlace = z.infer<typeof FieldPlace>

/** Filters as the queries bind them: five places of a field and what it must be; empty = no condition. */
export const FilterParams = z.strictObject({
  f1: FieldPlace,
  f1_in: Values,
  f1_not: Values,
  f1_prefix: Values,
  f2: FieldPlace,
  f2_in: Values,
  f2_not: Values,
  f2_prefix: Values,
  f3: FieldPlace,
  f3_in: Values,
  f3_not: Values,
  f3_prefix: Values,
  f4: FieldPlace,
  f4_in: Values,
  f4_not: Values,
  f4_prefix: Values,
  f5: FieldPlace,
  f5_in: Values,
  f5_not: Values,
  f5_prefix: Values,
})
export type FilterParams = z.infer<typeof FilterParams>

/** What one field must be; all of it holds. */
interface Condition {
  readonly in: string[]
  readonly not: string[]
  readonly prefix: string[]
}

export interface Filters {
  readonly params: FilterParams
  /** The fields that are filtered by: they decide which table can answer. */
  readonly fields: readonly Dimension[]
}

/** No filter at all. */
export const noFilters = (): Filters => bindFilters(new Map())

/**
 * Reads repeatable `field:op:value`; all of them must hold. Throws E_FILTER_INVALID for an unknown field
 * or operator, too many or too long values, and for two eq/in filters on one field.
 */
export function parseFilters(texts: readonly string[]): Filters {
  if (texts.length > FILTER_LIMITS.filters) {
    throw refusal(`at most ${FILTER_LIMITS.filters} filters, here are ${texts.length}`)
  }
  const conditions = new Map<Dimension, Condition>()
  for (const text of texts) {
    const { field, operator, value } = splitFilter(text)
    const condition = conditions.get(field) ?? { in: [], not: [], prefix: [] }
    conditions.set(field, condition)
    if (operator === 'ne') condition.not.push(value)
    else if (operator === 'prefix') condition.prefix.push(value)
    else addChoice(field, condition, operator === 'in' ? value.split(',') : [value])
  }
  if (conditions.size > FILTER_LIMITS.fields) {
    throw refusal(`filter by at most ${FILTER_LIMITS.fields} fields`)
  }
  return bindFilters(conditions)
}

function addChoice(field: Dimension, condition: Condition, values: readonly string[]): void {
  if (condition.in.length > 0) {
    throw refusal(`${field} has two eq or in filters; write ${field}:in:a,b for either`)
  }
  if (values.length > FILTER_LIMITS.valuesPerFilter) {
    throw refusal(`at most ${FILTER_LIMITS.valuesPerFilter} values in one filter`)
  }
  condition.in.push(...values)
}

function bindFilters(conditions: ReadonlyMap<Dimension, Condition>): Filters {
  const given = [...conditions]
  const params = Object.fromEntries(
    Array.from({ length: FILTER_LIMITS.fields }, (_, at) => {
      const [field, condition] = given[at] ?? ['none', { in: [], not: [], prefix: [] }]
      const place = `f${at + 1}`
      return [
        [place, field],
        [`${place}_in`, condition.in],
        [`${place}_not`, condition.not],
        [`${place}_prefix`, condition.prefix],
      ]
    }).flat(),
  )
  return { params: FilterParams.parse(params), fields: [...conditions.keys()] }
}

function splitFilter(text: string) {
  const [name = '', word = '', ...rest] = text.split(':')
  const field = Dimension.safeParse(name)
  if (!field.success) {
    throw refusal(`cannot filter by ${quote(name)}; fields: ${DIMENSIONS.join(', ')}`)
  }
  const operator = OPERATORS.find((known) => known === word)
  if (operator === undefined || rest.length === 0) {
    throw refusal(`write field:op:value with op one of ${OPERATORS.join(', ')}: ${quote(text)}`)
  }
  const value = rest.join(':')
  const tooLong = value.length > FILTER_LIMITS.valueLength * (operator === 'in' ? 100 : 1)
  if (tooLong) throw refusal(`the value of the ${name} filter is too long`)
  return { field: field.data, operator, value }
}

/** Reads `group_by=a,b`; empty or absent = one group. Throws E_FILTER_INVALID. */
export function parseGroupBy(text: string | undefined): readonly Dimension[] {
  if (text === undefined || text === '') return []
  const fields = text.split(',').map((name) => {
    const field = Dimension.safeParse(name)
    if (field.success) return field.data
    throw refusal(`cannot group by ${quote(name)}; fields: ${DIMENSIONS.join(', ')}`)
  })
  if (new Set(fields).size !== fields.length) throw refusal('group_by names a field twice')
  if (fields.length > FILTER_LIMITS.groupBy) {
    throw refusal(`group by at most ${FILTER_LIMITS.groupBy} fields`)
  }
  return fields
}

const quote = (text: string) => JSON.stringify(text.slice(0, 60))
const refusal = (message: string) => new PlimsollError('E_FILTER_INVALID', message)
