import { z } from 'zod'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

export const liveStatus = namedQuery({
  file: new URL('live-status.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({
    newest_sample_ms: epochMsOrNull,
    reporting_devices: int64,
    accepted_devices: int64,
    pending_devices: int64,
    failed_targets: int64,
  }),
})
