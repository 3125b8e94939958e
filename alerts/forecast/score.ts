import type { Forecast, ForecastScore, ForecastStanding } from '#schemas/alerts/forecast.ts'
import { SLICE_MS } from './series.ts'

/** Every forecast is held to what came, beside two yardsticks: the level stays, and the same slice of the week before. */

const QUANTILES = [0.1, 0.5, 0.9] as const
const WEEK_MS = 7 * 86_400_000
/** Scored ahead by this much counts for muting: what the yardstick of one hour is measured on. */
const JUDGED_AHEAD_S = 3600
/** Forecasts a week that make a week worth judging: two days of slices. */
const WEEK_SCORES_MIN = 576

/** Loss of a quantile: what lies beyond it costs its share. */
export function pinball(share: number, expected: number, actual: number): number {
  const beyond = actual - expected
  return Math.max(share * beyond, (share - 1) * beyond)
}

/**
 * Scores of all points that speak of one slice, once it is closed. A slice of which less is known than `Forecast` needs
 * scores nothing: its utilization is not what came.
 */
export function score(
  made: readonly Forecast[],
  slice: { readonly fromMs: number; readonly utilization: number },
): ForecastScore[] {
  const actual = slice.utilization
  return made.flatMap(({ labels, made_ms, points, now }) =>
    points
      .filter(({ ahead_s }) => made_ms + ahead_s * 1000 === slice.fromMs + SLICE_MS)
      .map(({ ahead_s, p10, p50, p90, last_week }) => {
        const expected = [p10, p50, p90]
        const losses = QUANTILES.map((share, at) => pinball(share, expected[at] ?? p50, actual))
        return {
          labels,
          made_ms,
          ahead_s,
          actual,
          pinball: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
          error: Math.abs(actual - p50),
          persistence_error: Math.abs(actual - now),
          last_week_error: last_week === null ? null : Math.abs(actual - last_week),
          inside: actual >= p10 && actual <= p90,
        }
      }),
  )
}

/** Means over scores of one distance ahead. */
export interface ScoreTable {
  readonly aheadS: number
  readonly count: number
  readonly pinball: number
  readonly error: number
  readonly persistenceError: number
  /** Over the forecasts that knew the week before; null = none. */
  readonly lastWeekError: number | null
  /** Share of actual values between p10 and p90; 0.8 is meant. */
  readonly inside: number
}

export function scoreTable(scores: readonly ForecastScore[]): ScoreTable[] {
  const byAhead = Map.groupBy(scores, ({ ahead_s }) => ahead_s)
  return [...byAhead]
    .sort(([a], [b]) => a - b)
    .map(([aheadS, of]) => {
      const weeks = of.flatMap(({ last_week_error }) => last_week_error ?? [])
      return {
        aheadS,
        count: of.length,
        pinball: mean(of.map((one) => one.pinball)),
        error: mean(of.map(({ error }) => error)),
        persistenceError: mean(of.map(({ persistence_error }) => persistence_error)),
        lastWeekError: weeks.length === 0 ? null : mean(weeks),
        inside: of.filter(({ inside }) => inside).length / of.length,
      }
    })
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Whether forecasts of a scope may alert at `nowMs`: not when they were worse than a yardstick in each of the last two
 * weeks. Two weeks that say too little mute nothing. Muted forecasts are made and scored on, so one better week ends it.
 */
export function standingOf(scores: readonly ForecastScore[], nowMs: number): ForecastStanding {
  const weeks = [0, 1].map((back) => {
    const endMs = nowMs - back * WEEK_MS
    const of = scores.filter(
      ({ made_ms, ahead_s }) =>
        ahead_s === JUDGED_AHEAD_S && made_ms < endMs && made_ms >= endMs - WEEK_MS,
    )
    return of.length < WEEK_SCORES_MIN ? null : scoreTable(of)[0]
  })
  const [last, before] = weeks
  if (last === null || last === undefined || before === null || before === undefined)
    return { muted: false, because: null }
  const isWorse = (of: (table: ScoreTable) => number | null) =>
    [last, before].every((table) => table.error > (of(table) ?? Number.POSITIVE_INFINITY))
  const worse = [
    {
      en: 'the level stays as it is',
      zh: '“水平不变”',
      of: ({ persistenceError }: ScoreTable) => persistenceError,
    },
    {
      en: 'it is as it was a week before',
      zh: '“与上周同时相同”',
      of: ({ lastWeekError }: ScoreTable) => lastWeekError,
    },
  ].find(({ of }) => isWorse(of))
  if (worse === undefined) return { muted: false, because: null }
  const [off, simple] = [points(last.error), points(worse.of(last) ?? 0)]
  return {
    muted: true,
    because: {
      en: `Forecasts are muted: for two weeks the rule "${worse.en}" was closer, last week ${simple} against ${off} points one hour ahead. They are made and scored on, and speak again after a better week.`,
      zh: `预测已静音：两周来${worse.zh}更准确，上周提前一小时的误差为 ${simple} 个百分点，预测为 ${off} 个。预测仍在生成和评分，某周表现更好后恢复。`,
    },
  }
}

const points = (error: number) => (error * 100).toFixed(2)
