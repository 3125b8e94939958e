import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { type Fit, learn, moves, standingAt, weightsAt } from './fit.ts'
import type { Calendar } from './season.ts'
import { COVERAGE_MIN, type Series, seriesOf, SLICE_MS } from './series.ts'

/**
 * Helios, the public fleet of 856 GPUs in May 2020 (shared/traces/EXPECTED.md section 1): its minutes as slices, the
 * naive forecasts of section 1.4 and ours beside them. W18 to W20 are learned from, W21 and W22 only judged.
 */

const HELIOS = join(import.meta.dirname, '../../../shared/traces/helios-earth-may2020')
export const isHeliosHere = existsSync(HELIOS)
const SUFFIX = '_cluster_sequence_vc.csv.gz'
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const WEEK_HOURS = 168

/** The trace has no zone: its wall clock is taken as Asia/Shanghai, which has no daylight saving. */
export const HELIOS_CALENDAR: Calendar = {
  utcOffsetMs: 8 * HOUR_MS,
  // What the state council published for 2020; none lies in the weeks that are judged.
  holidays: new Set(['2020-05-01', '2020-05-02', '2020-05-03', '2020-05-04', '2020-05-05']),
}

/** Local midnight of a day of May. */
export const may = (day: number): number => Date.UTC(2020, 4, day) - 8 * HOUR_MS

/** GPUs that run and GPUs there are, in the minutes of the month, whole fleet. */
export interface Minutes {
  readonly running: readonly number[]
  readonly total: readonly number[]
}

export function heliosMinutes(): Minutes {
  const running: number[] = []
  const total: number[] = []
  for (const name of readdirSync(HELIOS).filter((file) => file.endsWith(SUFFIX))) {
    const lines = gunzipSync(readFileSync(join(HELIOS, name)))
      .toString('utf8')
      .trim()
      .split(/\r?\n/)
    const columns = lines[0]?.split(',') ?? []
    const [runs, all] = [columns.indexOf('running_gpu_num'), columns.indexOf('total_gpu_num')]
    for (const [at, line] of lines.slice(1).entries()) {
      const fields = line.split(',')
      running[at] = (running[at] ?? 0) + Number(fields[runs])
      total[at] = (total[at] ?? 0) + Number(fields[all])
    }
  }
  return { running, total }
}

export function heliosSlices({ running, total }: Minutes): ZoneSlice[] {
  return Array.from({ length: total.length / 5 }, (_, at) => {
    const baseMs = BigInt(sum(total, at * 5, 5) * MINUTE_MS)
    const busyX1000 = BigInt(sum(running, at * 5, 5) * MINUTE_MS) * 1000n
    return {
      fromMs: may(1) + at * SLICE_MS,
      baseMs,
      knownMs: baseMs,
      busyX1000,
      sourceChangedMs: 0n,
    }
  })
}

const sum = (values: readonly number[], from: number, count: number) =>
  values.slice(from, from + count).reduce((total, value) => total + value, 0)

/** Share of each hour of the month. */
export const heliosHours = ({ running, total }: Minutes): number[] =>
  Array.from(
    { length: total.length / 60 },
    (_, hour) => sum(running, hour * 60, 60) / sum(total, hour * 60, 60),
  )

/** Mean absolute errors over the 168 hours of a week; of `lastWeek` the bias, too. */
export interface WeekErrors {
  readonly lastHour: number
  readonly yesterday: number
  readonly lastWeek: number
  readonly lastWeekBias: number
}

/** The naive forecasts of EXPECTED 1.4 for the week whose Monday is that day of May. */
export function naiveErrors(hours: readonly number[], monday: number): WeekErrors {
  const first = (monday - 1) * 24
  const errors = (back: number) =>
    Array.from(
      { length: WEEK_HOURS },
      (_, at) => (hours[first + at] ?? Number.NaN) - (hours[first + at - back] ?? Number.NaN),
    )
  const weekly = errors(WEEK_HOURS)
  return {
    lastHour: absolute(errors(1)),
    yesterday: absolute(errors(24)),
    lastWeek: absolute(weekly),
    lastWeekBias: mean(weekly),
  }
}

/** What W18 to W20 teach. */
export function heliosFit(slices: readonly ZoneSlice[]): Fit {
  return learn(seriesOf(slices.filter(({ fromMs }) => fromMs < may(18))), HELIOS_CALENDAR)
}

/** Error of our median for the mean of the hour that begins, at each hour of a week. */
export function ourErrors(
  series: Series,
  fit: Fit,
  { hours, monday }: { readonly hours: readonly number[]; readonly monday: number },
): { readonly median: number; readonly misses: number } {
  const errors: number[] = []
  let misses = 0
  for (let hour = 0; hour < WEEK_HOURS; hour += 1) {
    const nowMs = may(monday) + hour * HOUR_MS
    const expected = expectedHour(series, fit, nowMs)
    if (expected === null) misses += 1
    else errors.push(expected - (hours[(monday - 1) * 24 + hour] ?? Number.NaN))
  }
  return { median: absolute(errors), misses }
}

/** Mean of the twelve medians of the hour from `nowMs` on. */
function expectedHour(series: Series, fit: Fit, nowMs: number): number | null {
  const end = (nowMs - series.fromMs) / SLICE_MS
  const values = series.readings
    .slice(Math.max(0, end - 24), end)
    .map(({ utilization, coverage }) => (coverage >= COVERAGE_MIN ? utilization : null))
  const standing = standingAt(values, fit.baseline, nowMs)
  if (standing === null) return null
  const now = fit.baseline(nowMs - SLICE_MS / 2)
  const levels = Array.from({ length: 12 }, (_, slice) => {
    const aheadS = (slice + 1) * 300
    const later = fit.baseline(nowMs + aheadS * 1000 - SLICE_MS / 2)
    const { season, trend } = moves(standing, { now, later }, weightsAt(fit, aheadS), aheadS)
    return standing.level + season + trend
  })
  return mean(levels)
}

const mean = (values: readonly number[]) =>
  values.reduce((total, value) => total + value, 0) / values.length
const absolute = (values: readonly number[]) => mean(values.map(Math.abs))
