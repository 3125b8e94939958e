import { z } from 'zod'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** `from_ms` < time <= `to_ms`. */
export const metersLatest = namedQuery({
  file: new URL('meters-latest.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), to_ms: z.int() }),
  row: z.strictObject({
    meter_name: z.string(),
    last_ms: int64,
    step_ms: z.int(),
    metrics: z.array(z.string()),
    metric_values: z.array(z.number()),
  }),
})

export const metersBucket = namedQuery({
  file: new URL('meters-bucket.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    meter_name: z.string(),
    bucket_s: int64,
    newest_mj: bigSum,
    newest_known_ms: z.int(),
    newest_flags: z.int(),
  }),
})

export const siteBucket = namedQuery({
  file: new URL('site-bucket.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    bucket_s: int64,
    site_total_mj: bigSum,
    site_it_mj: bigSum,
    site_cooling_mj: bigSum,
    site_distribution_mj: bigSum,
    site_other_mj: bigSum,
    has_site: int64,
    refused: z.array(z.string()),
  }),
})
