import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { int64, namedQuery } from '../named-query.ts'

/** Metrics that one run of the query can read. */
export const SERIES_PLACES = 8

const Metric = z.enum(DEVICE_METRICS.map((metric) => metric.name))

export const deviceSeries = namedQuery({
  file: new URL('device-series.sql', import.meta.url),
  params: z.strictObject({
    device_id: z.string().regex(/^\d{1,20}$/),
    m1: Metric,
    m2: Metric,
    m3: Metric,
    m4: Metric,
    m5: Metric,
    m6: Metric,
    m7: Metric,
    m8: Metric,
    metric_count: z.int().min(1).max(SERIES_PLACES),
    /** Places (from 1) that hold counters. */
    counters: z.array(z.int()),
    from_ms: z.int(),
    to_ms: z.int(),
    t0_ms: z.int(),
    step_ms: z.int(),
  }),
  row: z.strictObject({
    metric: z.int(),
    slot: z.int(),
    known_ms: int64,
    mean: z.number(),
    maximum: z.number(),
    minimum: z.number(),
    last: z.number(),
  }),
})
