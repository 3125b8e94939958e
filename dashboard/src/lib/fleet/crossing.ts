import type { ForecastAnswer } from '#schemas/api-forecast.ts'
import { epochMs } from '#lib/time.ts'

/** When utilization is expected to cross its danger line, as the Fleet page says it. */

export type FleetForecast = ForecastAnswer['forecasts'][number]
export type Contributor = FleetForecast['contributors'][number]

/** One week is the least that teaches the pattern of the hours (docs/forecast.md). */
export const LEARNED_DAYS_MIN = 7

export type Crossing =
  /** Nothing newer than half an hour is known: the evaluator is away, or too little of the fleet is known. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'below' }
  /** The forecast saw it below the line, the newest minute is above again: it is out of date. */
  | { readonly kind: 'back'; readonly madeMs: number | null }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'at'
      readonly atMs: number
      /** 80 % interval; null = not within a day. */
      readonly fromMs: number | null
      readonly toMs: number | null
    }
  /** Half of the cases stay above the line for a day, a tenth does not. */
  | { readonly kind: 'unlikely'; readonly fromMs: number }

/** Of several zone sets the one whose crossing comes first. */
export function firstForecast(answer: ForecastAnswer): FleetForecast | null {
  const medianOf = ({ to_line: { median_s } }: FleetForecast) => median_s ?? Number.MAX_SAFE_INTEGER
  return answer.forecasts.toSorted((a, b) => medianOf(a) - medianOf(b))[0] ?? null
}

/**
 * `busy`: utilization of the newest minute, a ratio, null = not known. It is newer than what the forecast saw, which is
 * made once in five minutes, and stands beside it: below the line or not is its to say.
 */
export function crossingOf(forecast: FleetForecast | null, busy: number | null): Crossing {
  if (forecast === null) return { kind: 'unknown' }
  if ((busy ?? forecast.now) < forecast.line) return { kind: 'below' }
  if (forecast.now < forecast.line) return { kind: 'back', madeMs: epochMs(forecast.made_at) }
  const { median, low, high } = forecast.to_line_at
  const atMs = epochMs(median)
  const fromMs = epochMs(low)
  if (atMs !== null) return { kind: 'at', atMs, fromMs, toMs: epochMs(high) }
  return fromMs === null ? { kind: 'none' } : { kind: 'unlikely', fromMs }
}

/** Days of history where they are short of the whole; null = it has learned all it can. */
export function learningOf(forecast: FleetForecast | null): { days: number; of: number } | null {
  if (forecast === null || forecast.learning.days >= forecast.learning.of) return null
  return forecast.learning
}

/** What moves the forecast down most, as far as it has a name: jobs, plans and waiting work first. */
export function causeOf(forecast: FleetForecast | null): Contributor | null {
  const falls = (forecast?.contributors ?? []).filter(({ change_ppm: change }) => change < 0)
  const named = falls.find(({ name }) => name !== '')
  return named ?? falls[0] ?? null
}
