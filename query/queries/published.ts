import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const published = namedQuery({
  file: new URL('published.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    minute_rows: int64,
    first_minute_ms: int64,
    last_minute_ms: int64,
    hours_s: z.array(z.int()),
    days_s: z.array(z.int()),
  }),
})
