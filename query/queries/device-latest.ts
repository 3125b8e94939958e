import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { int64, namedQuery } from '../named-query.ts'

const Value = z.number().nullable()

export const deviceLatest = namedQuery({
  file: new URL('device-latest.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), now_ms: z.int() }),
  row: z.strictObject({
    id: z.string(),
    /** Within three intervals, or 10 s. */
    last_sample_ms: int64,
    last_step_ms: z.int(),
    last_busy_source: z.int(),
    /** In the order of DEVICE_METRICS. */
    latest: z.array(Value).length(DEVICE_METRICS.length),
  }),
})
