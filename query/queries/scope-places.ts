import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

/** Places of a node's devices or of one device; either is empty for "not asked". Nothing for what nobody knows. */
export const scopePlaces = namedQuery({
  file: new URL('scope-places.sql', import.meta.url),
  params: z.strictObject({
    node: z.string(),
    device: z.string(),
    now_ms: z.int(),
    limit: z.int(),
  }),
  row: z.strictObject({
    node: z.string(),
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    pool: z.string(),
  }),
})
