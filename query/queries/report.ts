import { z } from 'zod'
import { bigSum, int64, namedQuery } from '../named-query.ts'

const range = { from_s: z.int(), to_s: z.int() }

export const reportHeat = namedQuery({
  file: new URL('report-heat.sql', import.meta.url),
  params: z.strictObject({ ...range, rows: z.int() }),
  row: z.strictObject({
    hall: z.string(),
    rack: z.string(),
    least_margin: z.number().nullable(),
    hottest: z.number().nullable(),
    throttled_heat_ms_x1000: bigSum,
  }),
})

export const reportRestatements = namedQuery({
  file: new URL('report-restatements.sql', import.meta.url),
  params: z.strictObject(range),
  row: z.strictObject({
    reason: z.string(),
    minutes: int64,
    known_ms: bigSum,
    busy_ms_x1000: bigSum,
  }),
})
