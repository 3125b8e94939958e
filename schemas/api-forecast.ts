import { z } from 'zod'
import { Forecast } from './alerts/forecast.ts'
import { ZONE_SCOPES } from './alerts/zone-set.ts'

/** What GET /api/v1/forecast answers. Rules as in api.ts. */

/** Days of history that make a forecast whole. */
export const LEARNING_DAYS = 28
const SCOPES = ZONE_SCOPES.filter((scope) => scope !== 'fleet').join('|')

/** `fleet`, or `hall:h2`, `tenant:videogen-7`… as zone sets have them. */
export const ForecastScope = z
  .string()
  .regex(new RegExp(`^(fleet|(${SCOPES}):.{1,128})$`), 'fleet, or hall:<name>, pool:<name>…')

export const ForecastAnswer = z.strictObject({
  definition: z.string(),
  simulated: z.boolean(),
  at: z.iso.datetime(),
  scope: ForecastScope,
  /** Newest of each zone set that is about the scope; empty = nothing newer than half an hour is known. */
  forecasts: z.array(
    Forecast.extend({
      made_at: z.iso.datetime(),
      /** Utilization as it is expected, ratios, with the time each point speaks of. */
      points: z.array(Forecast.shape.points.element.extend({ at: z.iso.datetime() })),
      /** Time at which a tenth, a fifth, half and nine tenths of the cases are under the line; null = not within a day. */
      to_line_at: z.strictObject({
        low: z.iso.datetime().nullable(),
        early: z.iso.datetime().nullable(),
        median: z.iso.datetime().nullable(),
        high: z.iso.datetime().nullable(),
      }),
      learning: z.strictObject({ days: z.int().min(0), of: z.int() }),
    }),
  ),
})
export type ForecastAnswer = z.infer<typeof ForecastAnswer>
