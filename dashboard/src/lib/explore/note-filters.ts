import type { Filter } from '#lib/api.ts'

/** Fields that a note can be about; of others (vendor, meter, role) no note says anything. */
const NOTE_FIELDS: ReadonlySet<string> = new Set([
  'cluster',
  'hall',
  'rack',
  'pool',
  'node',
  'tenant',
  'job',
])

/** Of a question those filters that choose notes, too. */
export const noteFilters = (filters: readonly Filter[]): Filter[] =>
  filters.filter(({ field }) => NOTE_FIELDS.has(field))
