import type { AlertDetail } from '#schemas/api-alerts.ts'
import type { SeriesAnswer } from '#schemas/api.ts'
import { looseRange, type ChartSpec, type LevelLine, type Marker } from '#lib/chart/options.ts'
import { bucketsOf, type Column, where } from '#lib/chart/series.ts'
import { trendSpec } from '#lib/fleet/trend.ts'
import type { Lang } from '#lib/format.ts'
import type { AlertTexts } from '#lib/i18n/en-alerts.ts'
import type { Messages } from '#lib/i18n/en.ts'
import { valueText } from './values.ts'
import type { LevelSteps } from '#lib/site-zones.ts'

/** The chart of an alert as data: utilization on its lines for a zone, else the values of its evaluations. */
export interface ValueChart {
  readonly spec: ChartSpec
  readonly times: number[]
  readonly columns: Column[]
  /** The line that is the figure. */
  readonly values: Column
  readonly text: (value: number | null) => string
  /** Unit of the values in the catalogue's words; empty = none. */
  readonly unit: string
}

interface Words {
  readonly m: AlertTexts
  readonly shared: Messages
  readonly lang: Lang
  readonly timeZone: string
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** What the chart shows of time: two hours before the alert, at most a week of it, and half an hour after. */
export function chartWindow(
  { since_ms, resolved_ms }: AlertDetail['alert'],
  nowMs: number,
): { fromMs: number; toMs: number } {
  const floor = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS
  const end = resolved_ms === null ? nowMs : Math.min(nowMs, resolved_ms + HOUR_MS / 2)
  const begin = Math.max(since_ms - 2 * HOUR_MS, end - 168 * HOUR_MS)
  return { fromMs: floor(begin), toMs: floor(Math.max(end, begin + HOUR_MS)) }
}

const COLOURS = {
  page: '--zone-danger',
  warn: '--zone-warn',
  ticket: '--zone-ticket',
  data: '--ink-2',
} as const

/** Where values are only those of the alert itself: from its begin to the newest, with some room. */
export function valuesWindow({ alert, values, at_ms }: AlertDetail): {
  fromMs: number
  toMs: number
} {
  const first = Math.min(alert.since_ms, values[0]?.at_ms ?? alert.since_ms)
  const last = Math.max(values.at(-1)?.at_ms ?? first, alert.resolved_ms ?? at_ms)
  const room = Math.max(MINUTE_MS, (last - first) * 0.05)
  return { fromMs: first - room, toMs: last + room }
}

/** Moments of the alert as strokes on the time axis. */
function markersOf(
  { since_ms, fired_ms, resolved_ms, severity }: AlertDetail['alert'],
  m: AlertTexts['detail']['marks'],
): Marker[] {
  return [
    { atMs: since_ms, colour: '--ink-2', text: m.since },
    ...(fired_ms === null ? [] : [{ atMs: fired_ms, colour: COLOURS[severity], text: m.fired }]),
    ...(resolved_ms === null
      ? []
      : [{ atMs: resolved_ms, colour: '--zone-ok' as const, text: m.resolved }]),
  ]
}

export function zoneChart(
  answer: SeriesAnswer,
  { alert }: AlertDetail,
  lines: readonly LevelSteps[],
  { shared, lang, timeZone, m }: Words,
): ValueChart | null {
  const series = answer.groups[0]
  if (series === undefined) return null
  const bounds = (column: Column | undefined) => where(column ?? series.values, series.values)
  return {
    spec: {
      ...trendSpec({ lang, timeZone, m: shared }, lines),
      markers: markersOf(alert, m.detail.marks),
    },
    times: bucketsOf(series).times,
    columns: [bounds(series.hi), bounds(series.lo), series.values],
    values: series.values,
    text: (value) => valueText(value, 'ratio', { m, lang }),
    unit: 'ratio',
  }
}

export function valueChart(
  { alert, rule, values }: AlertDetail,
  { lang, timeZone, m }: Words,
): ValueChart | null {
  if (!values.some(({ value }) => value !== null)) return null
  const unit = rule?.unit ?? null
  const text = (value: number | null) => valueText(value, unit, { m, lang })
  const levels = (rule?.thresholds ?? []).map(({ severity, set }): LevelLine => ({
    value: set,
    text: m.severities[severity],
    colour: COLOURS[severity],
    width: severity === 'page' ? 2 : 1,
    dash: severity === 'page' ? [] : [6, 4],
  }))
  const column = values.map(({ value }) => value)
  const edges = levels.map(({ value }) => value)
  return {
    spec: {
      lines: [{ label: m.detail.chart, colour: '--series', width: 2, stepped: true }],
      hatchGapsOf: 0,
      levels,
      markers: markersOf(alert, m.detail.marks),
      yRange: (min, max) =>
        looseRange(
          min === null ? null : Math.min(min, ...edges),
          max === null ? null : Math.max(max, ...edges),
        ),
      yText: text,
      yWidth: unit === 'ratio' || unit === null ? 56 : 84,
      marginRight: levels.length === 0 ? 8 : 72,
      showTimes: true,
      timeZone,
      lang,
    },
    times: values.map(({ at_ms }) => at_ms),
    columns: [column],
    values: column,
    text,
    unit: unit ?? '',
  }
}
