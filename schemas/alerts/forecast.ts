import { z } from 'zod'
import { AlertLabels, Words } from './severity.ts'

const epochMs = z.int().min(0).max(8.64e15)
const ratio = z.number().min(0).max(1)
const seconds = z.int().min(0)

/** How far ahead stored forecasts speak, seconds: these are scored when the time comes. */
export const FORECAST_AHEAD_S = [900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400] as const

/** What is expected of one five-minute slice ahead, beside the two yardsticks that a forecast has to beat. */
export const ForecastPoint = z.strictObject({
  ahead_s: seconds,
  p10: ratio,
  p50: ratio,
  p90: ratio,
  /** Chance that this and its neighbours, three slices, are under the line even if every silent device is busy. */
  below: ratio,
  /** Same slice of the week before; null = not known. */
  last_week: ratio.nullable(),
})
export type ForecastPoint = z.infer<typeof ForecastPoint>

export const FORECAST_CAUSES = ['job', 'plan', 'waiting', 'season', 'trend'] as const
/** What moves a forecast, by name. */
export const ForecastContributor = z.strictObject({
  kind: z.enum(FORECAST_CAUSES),
  /** Job or plan; empty for the daily pattern and the trend. */
  name: z.string().max(128),
  tenant: z.string().max(128),
  devices: z.int().min(0),
  /** When it is expected, epoch ms; null for what goes on all the time. */
  at_ms: epochMs.nullable(),
  /** Expected part in the change until the line is reached, or in the next three hours, millionths of utilization. */
  change_ppm: z.int(),
})
export type ForecastContributor = z.infer<typeof ForecastContributor>

/** Whether forecasts of a scope may alert, and the sentence that says why not. */
export const ForecastStanding = z.strictObject({ muted: z.boolean(), because: Words.nullable() })
export type ForecastStanding = z.infer<typeof ForecastStanding>

/** What was expected of a scope at one moment: stored, and scored when it has come or not. */
export const Forecast = z.strictObject({
  labels: AlertLabels,
  /** End of the newest closed slice it knew. */
  made_ms: epochMs,
  /** Zone line, as a utilization ratio. */
  line: ratio,
  /** Where the scope stands: level of the newest slices, also what persistence expects. */
  now: ratio,
  coverage: ratio,
  points: z.array(ForecastPoint).max(16),
  /**
   * Seconds until the line is reached for certain (by the upper bound): half of the cases are there by `median_s`, a
   * tenth by `low_s`, a fifth by `early_s`, nine tenths by `high_s`. Null = not within a day.
   */
  to_line: z.strictObject({
    low_s: seconds.nullable(),
    early_s: seconds.nullable(),
    median_s: seconds.nullable(),
    high_s: seconds.nullable(),
  }),
  /** Highest chance to be under the line at any one moment of the next six hours. */
  chance: ratio,
  contributors: z.array(ForecastContributor).max(3),
  /** Days of history it learned from, of the 28 that make it whole. */
  learned_days: z.int().min(0).max(28),
  /** What was said of it to people at that time: nothing, or as alerts go. */
  announced: z.enum(['no', 'warn', 'page']),
  /** Whether forecasts of the scope were muted then. */
  standing: ForecastStanding.optional(),
})
export type Forecast = z.infer<typeof Forecast>

/** How one point of one forecast turned out; losses are absolute, in utilization. */
export const ForecastScore = z.strictObject({
  labels: AlertLabels,
  made_ms: epochMs,
  ahead_s: seconds,
  actual: ratio,
  /** Mean pinball loss of the three quantiles. */
  pinball: z.number().min(0),
  error: z.number().min(0),
  persistence_error: z.number().min(0),
  last_week_error: z.number().min(0).nullable(),
  /** Whether the actual value was between p10 and p90. */
  inside: z.boolean(),
})
export type ForecastScore = z.infer<typeof ForecastScore>

/** Where forecasts are kept. Rejects as the store does: a forecast that is lost costs its score and nothing else. */
export interface ForecastBook {
  saveForecasts(forecasts: readonly Forecast[]): Promise<void>
  saveScores(scores: readonly ForecastScore[]): Promise<void>
  /** Forecasts made in [fromMs, toMs), oldest first. */
  forecasts(range: { readonly fromMs: number; readonly toMs: number }): Promise<readonly Forecast[]>
  /** Scores, so far ahead, of forecasts made in [fromMs, toMs). */
  scores(range: {
    readonly fromMs: number
    readonly toMs: number
    readonly aheadS: number
  }): Promise<readonly ForecastScore[]>
}
