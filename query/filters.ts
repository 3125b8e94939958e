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
] as const
export const Dimension = z.enum(DIMENSIONS)
export type Dimension = z.infer<typeof Dimension>

export const FILTER_LIMITS = { filters: 20, valuesPerFilter: 100, valueLength: 256, groupBy: 4 }

const OPERATORS = ['eq', 'ne', 'in', 'prefix'] as const
const KINDS = ['in', 'not', 'prefix'] as const

/** Filters as the queries bind them: `<field>_in`, `<field>_not`, `<field>_prefix`; empty = no filter. */
export const FilterParams = z.record(
  z.templateLiteral([Dimension, '_', z.enum(KINDS)]),
  z.array(z.string()),
)
export type FilterParams = z.infer<typeof FilterParams>

export interface Filters {
  readonly params: FilterParams
  /** The fields that are filtered by: they decide which table can answer. */
  readonly fields: readonly Dimension[]
}

const NO_FILTERS = Object.fromEntries(
  DIMENSIONS.flatMap((field) => KINDS.map((kind) => [`${field}_${kind}`, []])),
)

/** No filter at all. */
export const noFilters = (): Filters => ({ params: FilterParams.parse(NO_FILTERS), fields: [] })

/**
 * Reads repeatable `field:op:value`; all of them must hold. Throws E_FILTER_INVALID for an unknown field
 * or operator, too many or too long values, and for two eq/in filters on one field.
 */
export function parseFilters(texts: readonly string[]): Filters {
  if (texts.length > FILTER_LIMITS.filters) {
    throw refusal(`at most ${FILTER_LIMITS.filters} filters, here are ${texts.length}`)
  }
  const { params } = noFilters()
  const fields = new Set<Dimension>()
  for (const text of texts) {
    const { field, operator, value } = splitFilter(text)
    fields.add(field)
    if (operator === 'ne') params[`${field}_not`].push(value)
    else if (operator === 'prefix') params[`${field}_prefix`].push(value)
    else {
      const values = operator === 'in' ? value.split(',') : [value]
      if (params[`${field}_in`].length > 0) {
        throw refusal(`${field} has two eq or in filters; write ${field}:in:a,b for either`)
      }
      if (values.length > FILTER_LIMITS.valuesPerFilter) {
        throw refusal(`at most ${FILTER_LIMITS.valuesPerFilter} values in one filter`)
      }
      params[`${field}_in`].push(...values)
    }
  }
  return { params, fields: [...fields] }
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
