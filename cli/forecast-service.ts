import { setImmediate as breathe } from 'node:timers/promises'
import { createForecastLane } from '../alerts/forecast/lane.ts'
import { writeForecasts, writeScores } from '../ingest/forecasts/write.ts'
import type { StoreOptions } from '../ingest/store/client.ts'
import { connectStore } from '../ingest/store/store.ts'
import { forecastReader } from '../query/alerts/forecasts.ts'
import type { Silence } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { AlertFacts } from '#schemas/alerts/ports.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Logger } from '#schemas/role.ts'

/** The facts of alerting with the forecast among their signals; it is made and kept where alerts are evaluated. */
export function withForecast(
  facts: AlertFacts,
  parts: {
    readonly reader: Reader
    readonly connection: StoreOptions
    readonly config: () => AlertsConfig
    readonly log: Logger
    /** As the journal has them. */
    readonly silences: () => Iterable<Silence>
  },
): { readonly facts: AlertFacts; stop(): Promise<void> } {
  const { config } = parts
  const store = connectStore(parts.connection)
  const lane = createForecastLane({
    facts,
    book: {
      ...forecastReader(parts.reader),
      saveForecasts: (made) => writeForecasts(store, made),
      saveScores: (scores) => writeScores(store, scores),
    },
    sets: () => {
      const { zone_sets: given } = config()
      return given.length > 0 ? given : [DEFAULT_ZONE_SET]
    },
    timeZone: () => config().time_zone,
    silences: parts.silences,
    holidays: () => config().holidays.map(({ date }) => date),
    clock: Date.now,
    log: parts.log,
    breathe: () => breathe(),
  })
  return {
    facts: {
      ...facts,
      signal: (name) => (name === 'forecast_zone' ? lane.signal() : facts.signal(name)),
    },
    async stop() {
      await lane.stop()
      await store.close()
    },
  }
}
