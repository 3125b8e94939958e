import { Forecast, type ForecastBook, ForecastScore } from '#schemas/alerts/forecast.ts'
import type { Reader } from '#schemas/ports.ts'
import { forecasts, forecastScores } from '../queries/forecasts.ts'

/**
 * What `ForecastBook` reads. Rejects with the reader's errors, and with a ZodError for a row of another release's
 * shape. A day of one scope is 288 forecasts; the limit of a query's rows is the caller's to keep.
 */
export function forecastReader(reader: Reader): Pick<ForecastBook, 'forecasts' | 'scores'> {
  return {
    async forecasts({ fromMs, toMs }) {
      const rows = await forecasts.run(reader, { from_ms: fromMs, to_ms: toMs })
      return rows.map(({ body }) => Forecast.parse(JSON.parse(body)))
    },
    async scores({ fromMs, toMs, aheadS }) {
      const params = { from_ms: fromMs, to_ms: toMs, ahead_s: aheadS }
      const rows = await forecastScores.run(reader, params)
      return rows.map(({ scope, inside, ...score }) =>
        ForecastScore.parse({ ...score, labels: JSON.parse(scope), inside: inside === 1 }),
      )
    },
  }
}
