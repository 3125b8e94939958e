import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

export const deviceLastSample = namedQuery({
  file: new URL('device-last-sample.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), now_ms: z.int() }),
  row: z.strictObject({ id: z.string(), last_sample_ms: int64, last_step_ms: z.int() }),
})
