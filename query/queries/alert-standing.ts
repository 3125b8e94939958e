import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const alertStanding = namedQuery({
  file: new URL('alert-standing.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), now_ms: z.int() }),
  row: z.strictObject({
    id: z.string(),
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    pool: z.string(),
    node: z.string(),
    vendor: z.string(),
    model: z.string(),
    tenant: z.string(),
    job: z.string(),
    class: z.string(),
    /** 0 = no job. */
    job_devices: int64,
  }),
})

export const alertPlaces = namedQuery({
  file: new URL('alert-places.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int(), limit: z.int() }),
  row: z.strictObject({
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    node: z.string(),
    devices: int64,
  }),
})
