import type { DeviceEvent } from '#schemas/api.ts'
import { clockEvents } from '#schemas/clock-events.ts'
import type { MetricDefinition, MetricUnit } from '#schemas/metric-definition.ts'
import { HEALTH_CODES } from '#schemas/metrics.ts'
import { looseRange, ratioRange, type ChartSpec, type Marker } from '#lib/chart/options.ts'
import { percent, quantity, type Lang } from '#lib/format.ts'
import { epochMs } from '#lib/time.ts'
import { LEVELS } from '#lib/zones.ts'

/** One metric of one device as a small chart. */

interface Place {
  readonly lang: Lang
  readonly timeZone: string
  readonly markers: readonly Marker[]
}

/** 1 B to 16 TiB. */
const BYTE_STEPS = Array.from({ length: 45 }, (_step, exponent) => 2 ** exponent)

/**
 * How a metric is charted: gauges as they are, counters as the rate the API answers. Joules per second
 * are watts, bytes per second a throughput, seconds per second a share of the time, single events are told per hour.
 */
export function chartedAs(metric: Pick<MetricDefinition, 'kind' | 'unit'>): {
  readonly unit: MetricUnit
  readonly factor: number
  readonly rate: 'joules' | 'bytes' | 'seconds' | 'count' | null
} {
  if (metric.kind !== 'counter') return { unit: metric.unit, factor: 1, rate: null }
  if (metric.unit === 'joules') return { unit: 'watts', factor: 1, rate: 'joules' }
  if (metric.unit === 'bytes') return { unit: 'bytes_per_second', factor: 1, rate: 'bytes' }
  if (metric.unit === 'seconds') return { unit: 'ratio', factor: 1, rate: 'seconds' }
  return { unit: 'count', factor: 3600, rate: 'count' }
}

/** The load lines; in a small chart there is room for the first and the last label. */
const BUSY_LEVELS = LEVELS.map(({ zone, below }) => ({
  value: below,
  text: zone === 'ticket' || zone === 'danger' ? String(Math.round(below * 100)) : '',
  colour: `--zone-${zone}` as const,
  width: zone === 'danger' ? 1.5 : 1,
  dash: zone === 'danger' ? [] : [2, 4],
}))

export function metricSpec(metric: MetricDefinition, place: Place): ChartSpec {
  const { unit, factor } = chartedAs(metric)
  const isRatio = unit === 'ratio'
  const { lang } = place
  return {
    lines: [
      {
        label: metric.label[lang],
        colour: '--series',
        fill: '--series-soft',
        width: 1.5,
        stepped: metric.kind === 'enum',
      },
    ],
    hatchGapsOf: 0,
    ...(metric.name === 'busy_ratio' ? { levels: BUSY_LEVELS } : {}),
    yRange: isRatio ? ratioRange([0, 1]) : looseRange,
    yText: (value) =>
      isRatio ? percent(value, lang).replace(/[.,]0/, '') : quantity(value * factor, unit, lang),
    ySpace: isRatio ? 40 : 28,
    ...(unit === 'bytes' ? { yIncrements: BYTE_STEPS } : {}),
    yWidth: 68,
    marginRight: 30,
    showTimes: true,
    sync: 'device',
    ...place,
  }
}

/** Faults and warnings as flags on every chart of the device; what is merely told is not. */
export function markersOf(events: readonly DeviceEvent[], lang: Lang): Marker[] {
  return events.flatMap((event) => {
    const atMs = epochMs(event.at)
    if (atMs === null || event.severity === 'info') return []
    const said = lang === 'zh' && event.message_zh !== '' ? event.message_zh : event.message
    return [
      {
        atMs,
        colour: event.severity === 'warning' ? '--zone-warn' : '--zone-danger',
        text: [event.type, event.code, said].filter((word) => word !== '').join(' '),
      } as const,
    ]
  })
}

/** A value of a series in words: health codes and clock reasons have names, everything else a number and a unit. */
export function metricText(
  metric: MetricDefinition,
  value: number | null | undefined,
  lang: Lang,
  healthWords: Readonly<Record<string, string>>,
): string {
  if (metric.name === 'health_code' && Object.values<unknown>(HEALTH_CODES).includes(value)) {
    return healthWords[String(value)] ?? String(value)
  }
  if (metric.name === 'clock_event_reasons' && typeof value === 'number' && value > 0) {
    const names = clockEvents(value).map(({ name }) => name[lang])
    if (names.length > 0) return names.join(lang === 'zh' ? '、' : ', ')
  }
  const { unit, factor } = chartedAs(metric)
  return quantity(value === null || value === undefined ? value : value * factor, unit, lang)
}
