import type { Filter } from '#lib/api.ts'
import type { MeasuredField } from './measured-href.ts'

/** Fields that a group can be named by, in the order in which they are told. */
export const MEASURED_FIELDS = [
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
] as const satisfies readonly MeasuredField[]

/** The API takes five. */
const FIELDS_MAX = 5

/** The group that an address names: `?cluster=east&tenant=`; an empty value is nobody, or not said. */
export function readScope(params: URLSearchParams): Filter[] {
  return MEASURED_FIELDS.flatMap((field): Filter[] => {
    const value = params.get(field)
    return value === null ? [] : [{ field, op: 'eq', value }]
  }).slice(0, FIELDS_MAX)
}
