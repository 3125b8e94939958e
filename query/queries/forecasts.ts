import { z } from 'zod'
import { int64, namedQuery } from '../named-query.ts'

const made = { from_ms: z.int(), to_ms: z.int() }

export const forecasts = namedQuery({
  file: new URL('forecasts.sql', import.meta.url),
  params: z.strictObject(made),
  row: z.strictObject({ body: z.string() }),
})

export const forecastScores = namedQuery({
  file: new URL('forecast-scores.sql', import.meta.url),
  params: z.strictObject({ ...made, ahead_s: z.int() }),
  row: z.strictObject({
    made_ms: int64,
    scope: z.string(),
    ahead_s: z.int(),
    actual: z.number(),
    pinball: z.number(),
    error: z.number(),
    persistence_error: z.number(),
    last_week_error: z.number().nullable(),
    inside: z.int(),
  }),
})

export const forecastNewest = namedQuery({
  file: new URL('forecast-newest.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), dimension: z.string(), value: z.string() }),
  row: z.strictObject({ body: z.string() }),
})
