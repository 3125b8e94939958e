import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Forecast, ForecastScore } from '#schemas/alerts/forecast.ts'
import { ForecastAnswer } from '#schemas/api-forecast.ts'
import { startTestEngine } from '../../ingest/engine/engine.testing.ts'
import { writeForecasts, writeScores } from '../../ingest/forecasts/write.ts'
import { forecastAnswer } from '../forecast.ts'
import { forecastReader } from './forecasts.ts'

const NOW = Date.UTC(2026, 4, 4, 8)
const made: Forecast = {
  labels: { hall: 'h2', zone_set: 'halls' },
  made_ms: NOW,
  line: 0.6,
  now: 0.66,
  coverage: 0.99,
  points: [{ ahead_s: 3600, p10: 0.58, p50: 0.61, p90: 0.64, below: 0.3, last_week: null }],
  to_line: { low_s: 1500, early_s: 2400, median_s: 3600, high_s: null },
  chance: 0.8,
  contributors: [],
  learned_days: 9,
  announced: 'warn',
}
const scored: ForecastScore = {
  labels: made.labels,
  made_ms: NOW,
  ahead_s: 3600,
  actual: 0.62,
  pinball: 0.0036,
  error: 0.01,
  persistence_error: 0.04,
  last_week_error: null,
  inside: true,
}

let engine: Awaited<ReturnType<typeof startTestEngine>>
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(async () => {
  await engine.stop()
})

test('a forecast and its score come back as they were stored, once each, however often they were written', async () => {
  const later = { ...made, made_ms: NOW + 300_000, labels: {} }
  await writeForecasts(engine.store, [made, later])
  await writeForecasts(engine.store, [made])
  await writeForecasts(engine.store, [made])
  await writeScores(engine.store, [scored])
  await writeScores(engine.store, [{ ...scored, ahead_s: 900 }, scored])
  const book = forecastReader(engine.reader)
  expect(await book.forecasts({ fromMs: NOW, toMs: NOW + 300_001 })).toEqual([made, later])
  expect(await book.forecasts({ fromMs: NOW, toMs: NOW + 300_000 })).toEqual([made])
  expect(await book.scores({ fromMs: NOW, toMs: NOW + 1, aheadS: 3600 })).toEqual([scored])
})

test('the newest forecast of a scope is answered, in times, and nothing that is old', async () => {
  const hall = { ...made, standing: { muted: false, because: null } }
  const fleet = { ...made, labels: { zone_set: 'fleet' }, now: 0.7 }
  await writeForecasts(engine.store, [
    { ...hall, made_ms: NOW - 300_000, now: 0.1 },
    hall,
    { ...hall, labels: { hall: 'h3', zone_set: 'halls' } },
    fleet,
  ])
  const asked = (scope: string, nowMs = NOW + 400_000) =>
    forecastAnswer({ reader: engine.reader, clock: () => nowMs, simulated: false }, scope)
  const answer = ForecastAnswer.parse(await asked('hall:h2'))
  expect(answer.forecasts).toMatchObject([
    {
      labels: hall.labels,
      now: 0.66,
      made_at: '2026-05-04T08:00:00.000Z',
      points: [{ ahead_s: 3600, at: '2026-05-04T09:00:00.000Z', p50: 0.61 }],
      to_line_at: { low: '2026-05-04T08:25:00.000Z', high: null },
      learning: { days: 9, of: 28 },
      standing: { muted: false },
    },
  ])
  expect((await asked('fleet')).forecasts).toMatchObject([{ labels: fleet.labels, now: 0.7 }])
  expect((await asked('hall:h9')).forecasts).toEqual([])
  expect((await asked('hall:h2', NOW + 3_600_000)).forecasts).toEqual([])
})
