import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

/** Devices that somebody holds and that are idle in the newest settled minute, the longest first. */
export const idleHeld = namedQuery({
  file: new URL('idle-held.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    /** How far to look back for the beginning, and the end of what is settled. */
    from_s: z.int(),
    to_s: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  row: z.strictObject({
    id: z.string(),
    tenant: z.string(),
    job: z.string(),
    class: z.string(),
    billing: z.string(),
    node: z.string(),
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    pool: z.string(),
    model: z.string(),
    since_ms: int64,
    minutes: int64,
    total: int64,
  }),
})
