import { robustSigma, theilSen } from './robust.ts'
import { type Baseline, type Calendar, hoursOf, seasonOf } from './season.ts'
import { learnable, type Series, SLICE_MS, SLICES_PER_HOUR, SLICES_PER_WEEK } from './series.ts'

/**
 * What a scope's own past says about how to look ahead: how much of the weekly pattern to believe, how fast it comes back
 * to its usual level, how far a trend carries, and how wrong that was. Everything is learned by walking forward through
 * the past, each moment knowing only what lay before it.
 */

export interface Weights {
  /** Share of the usual change between now and then that is added. */
  readonly season: number
  /** Share of the distance to the usual level that is left then, as far as such distances were seen: `reach`. */
  readonly stay: number
  readonly reach: number
  /** Share of the trend of the last hours that is added: of a weak one, a strong rise, a strong fall. */
  readonly weakTrend: number
  readonly rise: number
  readonly fall: number
  /** Spread of the errors, a normal distribution's sigma. */
  readonly sigma: number
}

/** Learned once a day; good until the next. */
export interface Fit {
  readonly learnedMs: number
  readonly baseline: Baseline
  /** Ascending by `aheadS`. */
  readonly horizons: readonly { readonly aheadS: number; readonly weights: Weights }[]
  /** Whole days of history, at most 28. */
  readonly learnedDays: number
}

/** Band of the facts sheet: half a point at least, since flat stretches promise nothing. */
export const SIGMA_MIN = 0.005
/** A trend beyond this, in utilization an hour, is strong: it takes the fleet from target to danger within a shift. */
export const STRONG_TREND_PER_HOUR = 0.015
/** A trend is carried on for two hours at most. */
const TREND_HOURS_MAX = 2
/** Slices that a trend is read from: two hours. */
const TREND_SLICES = 2 * SLICES_PER_HOUR
/** It goes on only if the newest of them go on: three quarters of an hour. */
const NEWEST_SLICES = 9
/** A jump between neighbours of more than this is a step, and no part of a trend. */
const STEP_MIN = 0.015
const HORIZONS_S = [300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]
const SHARES = [0, 0.25, 0.5, 0.75, 1]
/** Fewer errors than these choose nothing and widen the band. */
const EXAMPLES_MIN = 48
const TREND_EXAMPLES_MIN = 24
const WEEKS_MAX = 8

/** Level and trend of the newest slices. */
export interface Standing {
  readonly level: number
  /** Utilization an hour over the last two hours, steps left out. */
  readonly trendPerHour: number
  /** What the usual pattern does in those hours, utilization an hour; 0 where nothing was learned. */
  readonly usualTrendPerHour: number
}

/**
 * Level and trend at the end of `values`. Steps are taken out before the trend is read, or one job that ended would look
 * like a fall that goes on. Null when the newest quarter of an hour says nothing.
 */
export function standingAt(
  values: readonly (number | null)[],
  baseline: Baseline,
  endMs: number,
): Standing | null {
  const window = values.slice(-TREND_SLICES)
  const newest = window.slice(-3).filter((value) => value !== null)
  const last = newest.at(-1)
  if (last === undefined) return null
  const isStepped = newest.some(
    (value, at) => Math.abs(value - (newest[at - 1] ?? value)) > STEP_MIN,
  )
  const level = isStepped ? last : newest.reduce((sum, value) => sum + value, 0) / newest.length
  const joined = withoutSteps(window)
  const slopes = [joined, joined.slice(-NEWEST_SLICES)].map((part) => theilSen(part)?.slope ?? 0)
  const [long = 0, short = 0] = slopes
  // What has ended is no trend, and what has just begun counts as far as two hours bear it out.
  const carried = Math.min(2 * Math.abs(long), Math.abs(short))
  const slope = long * short <= 0 ? 0 : Math.sign(long) * carried
  const [before, now] = [baseline(endMs - TREND_SLICES * SLICE_MS), baseline(endMs)]
  const hours = TREND_SLICES / SLICES_PER_HOUR
  const usualTrendPerHour = before === null || now === null ? 0 : (now - before) / hours
  return { level, trendPerHour: slope * SLICES_PER_HOUR, usualTrendPerHour }
}

/** The same run with its jumps closed, joined at its end. */
function withoutSteps(values: readonly (number | null)[]): (number | null)[] {
  let shift = 0
  let next: number | null = null
  const joined: (number | null)[] = []
  for (const value of [...values].reverse()) {
    if (value !== null && next !== null && Math.abs(next - value) > STEP_MIN) shift += next - value
    joined.push(value === null ? null : value + shift)
    if (value !== null) next = value
  }
  return joined.reverse()
}

/** How the usual pattern, the way back to it and the trend move a scope by `aheadS`; `usual` null = not learned. */
export function moves(
  standing: Standing,
  usual: { readonly now: number | null; readonly later: number | null },
  weights: Weights,
  aheadS: number,
): { readonly season: number; readonly trend: number } {
  const { now, later } = usual
  const season =
    now === null || later === null
      ? 0
      : weights.season * (later - now) -
        (1 - weights.stay) * within(standing.level - now, weights.reach)
  const hours = Math.min(aheadS / 3600, TREND_HOURS_MAX)
  // Of the trend only what the pattern has not explained already.
  const unexplained = standing.trendPerHour - weights.season * standing.usualTrendPerHour
  return { season, trend: weights[kindOf(standing)] * unexplained * hours }
}

const within = (value: number, reach: number) => Math.max(-reach, Math.min(reach, value))

type TrendKind = 'weakTrend' | 'rise' | 'fall'

function kindOf({ trendPerHour }: Standing): TrendKind {
  if (Math.abs(trendPerHour) < STRONG_TREND_PER_HOUR) return 'weakTrend'
  return trendPerHour > 0 ? 'rise' : 'fall'
}

interface Example {
  readonly standing: Standing
  readonly now: number | null
  readonly later: number | null
  readonly actual: number
}

/** Learns from up to eight weeks before the end of the series. Takes some 100 ms: once a day, not at every slice. */
export function learn(series: Series, calendar: Calendar): Fit {
  const cut = Math.max(0, series.readings.length - WEEKS_MAX * SLICES_PER_WEEK)
  const fromMs = series.fromMs + cut * SLICE_MS
  const values = learnable({ fromMs, readings: series.readings.slice(cut) })
  const endMs = fromMs + values.length * SLICE_MS
  const hours = hoursOf(fromMs, values)
  const moments = walk(values, (untilMs) => seasonOf(hours, untilMs, calendar), fromMs)
  const horizons = HORIZONS_S.map((aheadS) => ({
    aheadS,
    weights: choose(
      moments.flatMap(({ at, standing, baseline }) => {
        const place = at + aheadS / 300 - 1
        const actual = values[place]
        if (actual === null || actual === undefined) return []
        const now = baseline(middleMs(fromMs, at - 1))
        return [{ standing, now, later: baseline(middleMs(fromMs, place)), actual }]
      }),
      aheadS,
    ),
  }))
  const learnedDays = Math.min(28, Math.floor(hours.size / 24))
  return { learnedMs: endMs, baseline: seasonOf(hours, endMs, calendar), horizons, learnedDays }
}

const middleMs = (fromMs: number, at: number) => fromMs + (at + 0.5) * SLICE_MS

/** Each whole hour of the past with what was known later: slices before place `at`. */
function walk(
  values: readonly (number | null)[],
  season: (untilMs: number) => Baseline,
  fromMs: number,
) {
  const moments: { at: number; standing: Standing; baseline: Baseline }[] = []
  for (let at = TREND_SLICES; at < values.length; at += SLICES_PER_HOUR) {
    const baseline = season(fromMs + at * SLICE_MS)
    const endMs = fromMs + at * SLICE_MS
    const standing = standingAt(values.slice(at - TREND_SLICES, at), baseline, endMs)
    if (standing !== null) moments.push({ at, standing, baseline })
  }
  return moments
}

const PERSISTENCE: Weights = {
  season: 0,
  stay: 1,
  reach: 0,
  weakTrend: 0,
  rise: 0,
  fall: 1,
  sigma: SIGMA_MIN,
}

function choose(examples: readonly Example[], aheadS: number): Weights {
  const seasonal = examples.filter(({ now, later }) => now !== null && later !== null)
  let weights: Weights = PERSISTENCE
  const withTrend = { ...weights, weakTrend: 0, rise: 0, fall: 0 }
  if (seasonal.length >= EXAMPLES_MIN) {
    // A fleet that wavers by a point teaches nothing about how it comes back from ten.
    const reach = 2 * robustSigma(seasonal.map(({ standing, now }) => standing.level - (now ?? 0)))
    const tried = SHARES.flatMap((season) =>
      SHARES.map((stay) => ({ ...withTrend, season, stay, reach })),
    )
    const { season, stay } = best(tried, seasonal, aheadS, { ...withTrend, reach })
    weights = { ...weights, season, stay, reach }
  }
  for (const kind of ['weakTrend', 'rise', 'fall'] as const) {
    const like = examples.filter(({ standing }) => kindOf(standing) === kind)
    if (like.length < TREND_EXAMPLES_MIN) continue
    weights = best(
      SHARES.map((share) => ({ ...weights, [kind]: share })),
      like,
      aheadS,
      weights,
    )
  }
  const errors = examples.map((example) => errorOf(example, weights, aheadS))
  // Little experience: the band of a fleet that moves a point an hour, as far as two hours carry.
  const unlearned = 0.01 * Math.sqrt(Math.min(aheadS, 7200) / 3600)
  const sigma = errors.length < EXAMPLES_MIN ? unlearned : robustSigma(errors)
  return { ...weights, sigma: Math.max(SIGMA_MIN, sigma) }
}

/** A gain under a hundredth is no reason to leave what was `usual`. */
function best(
  tried: readonly Weights[],
  examples: readonly Example[],
  aheadS: number,
  usual: Weights,
): Weights {
  const loss = (weights: Weights) =>
    examples.reduce((sum, example) => sum + Math.abs(errorOf(example, weights, aheadS)), 0)
  let chosen = { weights: usual, loss: loss(usual) * 0.99 }
  for (const weights of tried) {
    const found = loss(weights)
    if (found < chosen.loss) chosen = { weights, loss: found }
  }
  return chosen.weights
}

function errorOf(
  { standing, now, later, actual }: Example,
  weights: Weights,
  aheadS: number,
): number {
  const { season, trend } = moves(standing, { now, later }, weights, aheadS)
  return actual - (standing.level + season + trend)
}

/** Weights for any distance, straight between those that were learned. */
export function weightsAt({ horizons }: Fit, aheadS: number): Weights {
  const after = horizons.findIndex((horizon) => horizon.aheadS >= aheadS)
  const high = horizons.at(after)
  const low = horizons.at(Math.max(0, after - 1))
  if (high === undefined || low === undefined) return PERSISTENCE
  if (after <= 0) return high.weights
  const share = (aheadS - low.aheadS) / (high.aheadS - low.aheadS)
  const between = (name: keyof Weights) =>
    low.weights[name] + (high.weights[name] - low.weights[name]) * share
  return {
    season: between('season'),
    stay: between('stay'),
    reach: between('reach'),
    weakTrend: between('weakTrend'),
    rise: between('rise'),
    fall: between('fall'),
    sigma: between('sigma'),
  }
}
