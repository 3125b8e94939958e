import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const published = namedQuery({
  file: new URL('published.sql', import.meta.url),
  params: z.strictObject({}),
  row: z.strictObject({ minute_rows: int64, first_minute_ms: int64, last_minute_ms: int64 }),
})

export const publishedBuckets = namedQuery({
  file: new URL('published-buckets.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({ resolution: z.string(), buckets_s: z.array(z.int()) }),
})
