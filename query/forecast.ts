import { Forecast } from '#schemas/alerts/forecast.ts'
import { type ForecastAnswer, LEARNING_DAYS } from '#schemas/api-forecast.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { forecastNewest } from './queries/forecasts.ts'
import { iso } from './window.ts'

/** An older forecast says nothing of now: two slices and their settling, with room. */
const NEWEST_MS = 30 * 60_000

export interface ForecastDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly simulated: boolean
}

/** GET /api/v1/forecast. Rejects with the reader's errors, and with a ZodError for a row of another release's shape. */
export async function forecastAnswer(deps: ForecastDeps, scope: string): Promise<ForecastAnswer> {
  const nowMs = deps.clock()
  const at = scope.indexOf(':')
  const rows = await forecastNewest.run(deps.reader, {
    from_ms: nowMs - NEWEST_MS,
    dimension: at < 0 ? '' : scope.slice(0, at),
    value: at < 0 ? '' : scope.slice(at + 1),
  })
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    at: iso(nowMs),
    scope,
    forecasts: rows.map(({ body }) => asAnswer(Forecast.parse(JSON.parse(body)))),
  }
}

function asAnswer(made: Forecast): ForecastAnswer['forecasts'][number] {
  const { made_ms, points, to_line } = made
  const after = (seconds: number) => iso(made_ms + seconds * 1000)
  const orNull = (seconds: number | null) => (seconds === null ? null : after(seconds))
  return {
    ...made,
    made_at: iso(made_ms),
    points: points.map((point) => ({ ...point, at: after(point.ahead_s) })),
    to_line_at: {
      low: orNull(to_line.low_s),
      early: orNull(to_line.early_s),
      median: orNull(to_line.median_s),
      high: orNull(to_line.high_s),
    },
    learning: { days: made.learned_days, of: LEARNING_DAYS },
  }
}
