import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const deviceKeys = namedQuery({
  file: new URL('device-keys.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()) }),
  row: z.strictObject({ id: z.string(), first_seen_ms: int64, keys: z.array(z.string()) }),
})
