import { createHash } from 'node:crypto'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import type { Forecast, ForecastScore } from '#schemas/alerts/forecast.ts'
import type { Store } from '../store/store.ts'

/** Puts forecasts into their table. Rejects as the store does; a repeat adds nothing. */
export async function writeForecasts(store: Store, forecasts: readonly Forecast[]): Promise<void> {
  const rows = forecasts.map((made) => ({
    made_at: stamp(made.made_ms),
    scope: scopeKey(made.labels),
    body: JSON.stringify(made),
  }))
  await store.insertJson('forecasts', rows, tokenOf('forecasts', rows))
}

/** Puts scores into their table; as `writeForecasts`. */
export async function writeScores(store: Store, scores: readonly ForecastScore[]): Promise<void> {
  const rows = scores.map(({ labels, made_ms, inside, ...score }) => ({
    made_at: stamp(made_ms),
    scope: scopeKey(labels),
    ...score,
    inside: inside ? 1 : 0,
  }))
  await store.insertJson('forecast_scores', rows, tokenOf('forecast_scores', rows))
}

/** Labels as they are a key: equal scopes give equal text. */
const scopeKey = (labels: AlertLabels) => JSON.stringify(labels, Object.keys(labels).sort())

const stamp = (ms: number) => new Date(ms).toISOString()

const tokenOf = (table: string, rows: readonly object[]) =>
  `${table}:${createHash('sha256').update(JSON.stringify(rows)).digest('hex')}`
