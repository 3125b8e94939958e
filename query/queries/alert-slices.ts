import { z } from 'zod'
import { FieldPlace } from '../filters.ts'
import { bigSum, namedQuery } from '../named-query.ts'

/** Slices of a zone set's scopes; a slice has one row for each busy source in it. */
export const alertSlices = namedQuery({
  file: new URL('alert-slices.sql', import.meta.url),
  params: z.strictObject({
    key: FieldPlace,
    /** Values of the key; empty = every value. */
    only: z.array(z.string()),
    known: z.enum(['known_ms', 'active_known_ms', 'effective_known_ms', 'allocated_known_ms']),
    busy: z.enum(['busy_ms_x1000', 'active_ms_x1000', 'effective_ms_x1000', 'allocated_ms']),
    busy_times: z.int(),
    from_s: z.int(),
    to_s: z.int(),
  }),
  row: z.strictObject({
    key_1: z.string(),
    slot: z.int(),
    source: z.int(),
    base_ms: bigSum,
    known_time_ms: bigSum,
    busy_time_ms_x1000: bigSum,
  }),
})

/** Values of a zone set's scope that have capacity, the largest first. */
export const alertScopes = namedQuery({
  file: new URL('alert-scopes.sql', import.meta.url),
  params: z.strictObject({ key: FieldPlace, from_s: z.int(), to_s: z.int(), limit: z.int() }),
  row: z.strictObject({ key_1: z.string() }),
})
