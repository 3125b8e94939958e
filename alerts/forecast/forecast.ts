import {
  FORECAST_AHEAD_S,
  type Forecast,
  type ForecastContributor,
} from '#schemas/alerts/forecast.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { type Fit, moves, standingAt, type Standing, weightsAt } from './fit.ts'
import {
  type Change,
  changesOf,
  endsOf,
  type KnownFacts,
  refillShare,
  stepsOf,
  usesOf,
} from './known.ts'
import { normalQuantile, quantile, seeded } from './robust.ts'
import { COVERAGE_MIN, type Series, SLICE_MS, SLICES_PER_HOUR, SLICES_PER_WEEK } from './series.ts'

/** All that a forecast is made of. */
export interface ForecastInput {
  readonly labels: AlertLabels
  /** Danger line, a utilization ratio. */
  readonly line: number
  /** Closed slices, the newest last: two hours at least, eight days for the yardstick of the week before. */
  readonly series: Series
  readonly fit: Fit
  readonly facts: KnownFacts
  /** Devices in the base of the newest slice. */
  readonly devices: number
}

/** Cases that are thought through. */
const CASES = 120
const SLICES_AHEAD = 72
/** Every slice for six hours, then every hour until a day. */
const AHEAD_S = [
  ...Array.from({ length: SLICES_AHEAD }, (_, at) => (at + 1) * 300),
  ...Array.from({ length: 18 }, (_, at) => (at + 7) * 3600),
]
const CHANCE_WITHIN_S = 21_600
/** What contributors are counted over when no line is reached. */
const CONTRIBUTORS_S = 10_800
const PPM = 1_000_000

/**
 * What will become of a scope, from what is known and from its own past; pure: the same input gives the same forecast.
 * Null when its newest slices are not known well enough: a forecast from half a fleet is worse than none.
 */
export function forecast(input: ForecastInput): Omit<Forecast, 'announced'> | null {
  const { series, fit, line } = input
  const newest = series.readings.at(-1)
  const madeMs = series.fromMs + series.readings.length * SLICE_MS
  if (newest === undefined || newest.utilization === null || newest.coverage < COVERAGE_MIN)
    return null
  const recent = series.readings
    .slice(-2 * SLICES_PER_HOUR)
    .map(({ utilization, coverage }) => (coverage >= COVERAGE_MIN ? utilization : null))
  const standing = standingAt(recent, fit.baseline, madeMs)
  if (standing === null) return null
  const cases = casesOf(input, madeMs)
  const paths = pathsOf(input, standing, cases, madeMs)
  // Devices that are silent now may be busy: only what is under the line with all of them at work is certain.
  const high = (value: number) => value * newest.coverage + 1 - newest.coverage
  const under = paths.map((path) => lasting(path.map((value) => high(value) < line)))
  const reached = under.map((marks) => AHEAD_S[marks.indexOf(true)] ?? Number.POSITIVE_INFINITY)
  const columns = AHEAD_S.map((aheadS, at) => {
    const sorted = new Float64Array(CASES)
    for (const [place, path] of paths.entries()) sorted[place] = path[at] ?? Number.NaN
    const below = under.filter((marks) => marks[at] === true).length / CASES
    return { aheadS, sorted: sorted.sort(), below }
  })
  const toLine = timesOf(reached)
  return {
    labels: input.labels,
    made_ms: madeMs,
    line,
    now: clamp(standing.level),
    coverage: newest.coverage,
    points: FORECAST_AHEAD_S.flatMap((ahead_s) => {
      const column = columns.find(({ aheadS }) => aheadS === ahead_s)
      if (column === undefined) return []
      const at = (share: number) => clamp(quantile(column.sorted, share))
      const last_week = lastWeek(series, ahead_s)
      return [{ ahead_s, p10: at(0.1), p50: at(0.5), p90: at(0.9), below: column.below, last_week }]
    }),
    to_line: toLine,
    chance: Math.max(
      0,
      ...columns.filter(({ aheadS }) => aheadS <= CHANCE_WITHIN_S).map(({ below }) => below),
    ),
    contributors: contributorsOf(input, standing, cases, {
      madeMs,
      aheadS: toLine.median_s ?? CONTRIBUTORS_S,
    }),
    learned_days: fit.learnedDays,
  }
}

/**
 * Marks that belong to three slices in a row, as danger asks for: while a successor starts a fleet dips for minutes, and
 * that is no danger. Hours speak for themselves.
 */
function lasting(marks: readonly boolean[]): boolean[] {
  return marks.map((mark, at) => {
    if (!mark || at >= SLICES_AHEAD) return mark
    let [from, to] = [at, at]
    while (from > 0 && marks[from - 1] === true && at - from < 2) from -= 1
    while (to < marks.length - 1 && marks[to + 1] === true && to - at < 2) to += 1
    return to - from >= 2
  })
}

const clamp = (value: number) => Math.min(1, Math.max(0, value))

/** Scenario seed: the moment and nothing else, so that a forecast made again is the same. */
function casesOf({ facts, devices }: ForecastInput, madeMs: number): Change[][] {
  const steps = stepsOf(facts, devices)
  const uses = usesOf(facts.limitUse)
  const random = seeded(Math.floor(madeMs / SLICE_MS))
  // Each job goes through all its cases once, in an order of its own: even coverage, no two jobs in step.
  const ends = steps.jobs.map((job) => {
    const endOf = endsOf(job, uses, madeMs)
    const follows = shuffled(random)
    return shuffled(random).map((place, at) => {
      const atMs = endOf((place + 0.5) / CASES)
      const share = refillShare(facts.refills, atMs - madeMs)
      return { atMs, isFollowed: ((follows[at] ?? 0) + 0.5) / CASES < share }
    })
  })
  return Array.from({ length: CASES }, (_, at) =>
    changesOf(
      steps,
      madeMs,
      ends.flatMap((cases) => cases[at] ?? []),
    ),
  )
}

function shuffled(random: () => number): number[] {
  const order = Array.from({ length: CASES }, (_, at) => at)
  for (let at = CASES - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1))
    const [a, b] = [order[at] ?? at, order[other] ?? other]
    order[at] = b
    order[other] = a
  }
  return order
}

function pathsOf(
  { fit, devices }: ForecastInput,
  standing: Standing,
  cases: readonly Change[][],
  madeMs: number,
): number[][] {
  const now = fit.baseline(madeMs - SLICE_MS / 2)
  const usual = AHEAD_S.map((aheadS) => {
    const later = fit.baseline(madeMs + aheadS * 1000 - SLICE_MS / 2)
    const weights = weightsAt(fit, aheadS)
    const { season, trend } = moves(standing, { now, later }, weights, aheadS)
    return { level: standing.level + season + trend, sigma: weights.sigma }
  })
  return cases.map((changes, at) => {
    const z = normalQuantile((at + 0.5) / CASES)
    let busy = 0
    let next = 0
    return AHEAD_S.map((aheadS, place) => {
      const fromMs = madeMs + aheadS * 1000 - SLICE_MS
      for (let change = changes[next]; change !== undefined && change.atMs <= fromMs;) {
        busy += change.busyDevices
        next += 1
        change = changes[next]
      }
      const { level, sigma } = usual[place] ?? { level: Number.NaN, sigma: 0 }
      return clamp(level + z * sigma + busy / Math.max(1, devices))
    })
  })
}

function timesOf(reached: readonly number[]): Forecast['to_line'] {
  const sorted = [...reached].sort((a, b) => a - b)
  const at = (share: number) => {
    const value = sorted[Math.floor(share * sorted.length)] ?? Number.POSITIVE_INFINITY
    return Number.isFinite(value) ? value : null
  }
  return { low_s: at(0.1), early_s: at(0.2), median_s: at(0.5), high_s: at(0.9) }
}

function lastWeek({ readings }: Series, aheadS: number): number | null {
  const then = readings.at(readings.length - 1 + aheadS / 300 - SLICES_PER_WEEK)
  return readings.length < SLICES_PER_WEEK || then === undefined ? null : then.utilization
}

/** The three largest parts of the expected change; equal ones in the order of their names. */
function contributorsOf(
  { fit, devices }: ForecastInput,
  standing: Standing,
  cases: readonly Change[][],
  { madeMs, aheadS }: { readonly madeMs: number; readonly aheadS: number },
): ForecastContributor[] {
  const ends = madeMs + aheadS * 1000
  const parts = new Map<string, { change: Change; times: number[]; busy: number }>()
  for (const change of cases.flat()) {
    if (change.atMs > ends) continue
    const key = `${change.kind} ${change.name} ${Math.sign(change.busyDevices)}`
    const part = parts.get(key)
    if (part === undefined)
      parts.set(key, { change, times: [change.atMs], busy: change.busyDevices })
    else {
      part.times.push(change.atMs)
      // Tasks of an array begin as there is room: not as many in every case.
      part.busy += change.busyDevices
      if (change.devices > part.change.devices) part.change = change
    }
  }
  const known = [...parts.values()].map(({ change, times, busy }): ForecastContributor => ({
    kind: change.kind,
    name: change.name.slice(0, 128),
    tenant: change.tenant.slice(0, 128),
    devices: Math.round(change.devices),
    at_ms: Math.round(
      quantile(
        [...times].sort((a, b) => a - b),
        0.5,
      ),
    ),
    change_ppm: ppm(busy / Math.max(1, devices) / CASES),
  }))
  const usual = {
    now: fit.baseline(madeMs - SLICE_MS / 2),
    later: fit.baseline(ends - SLICE_MS / 2),
  }
  const { season, trend } = moves(standing, usual, weightsAt(fit, aheadS), aheadS)
  const nameless = { name: '', tenant: '', devices: 0, at_ms: null } as const
  return [
    ...known,
    { kind: 'season' as const, ...nameless, change_ppm: ppm(season) },
    { kind: 'trend' as const, ...nameless, change_ppm: ppm(trend) },
  ]
    .filter(({ change_ppm }) => change_ppm !== 0)
    .sort((a, b) => Math.abs(b.change_ppm) - Math.abs(a.change_ppm) || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
}

const ppm = (value: number) => Math.round(value * PPM)
