import { ExploreAnswer, ExploreMetrics } from '#schemas/api-explore.ts'
import { METER_METRICS } from '#schemas/meter-metrics.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { MINUTE_MS, noise } from './stub-fleet.ts'
import { searchAt } from './stub-search.ts'
import { thermalAt } from './stub-thermal.ts'

/** TEST ONLY. /api/v1/explore of the made-up site. */

const FIELDS = ['cluster', 'hall', 'rack', 'node', 'model', 'tenant', 'device']
const STATS = ['avg', 'min', 'p5', 'p95', 'max'] as const

const FLEET = [
  ['utilization', 'ratio', 'Utilization', '利用率'],
  ['temperature_celsius', 'celsius', 'Hottest device', '最热设备'],
  ['throttled_share', 'ratio', 'State: throttled', '状态：降频'],
] as const

const metrics = ExploreMetrics.parse({
  metrics: [
    ...FLEET.map(([name, unit, en, zh]) => ({
      name: `fleet.${name}`,
      family: 'fleet',
      label: { en, zh },
      unit,
      kind: 'gauge',
      text: { en: 'Busy time of the known time.', zh: '已知时间中的忙碌时间占比。' },
      stats: ['avg'],
      fields: FIELDS.slice(0, -1),
    })),
    ...[...DEVICE_METRICS.slice(0, 30), ...METER_METRICS.slice(0, 3)].map((metric) => ({
      ...metric,
      family: metric.scope,
      name: `${metric.scope}.${metric.name}`,
      text: { en: `Missing: ${metric.missing}.`, zh: '缺失表示来源未给出该值。' },
      stats: metric.kind === 'enum' ? ['min', 'max'] : STATS,
      fields: metric.scope === 'meter' ? ['meter'] : FIELDS,
    })),
  ],
})

/** Answers of search, Explore and Thermal; null = another address. */
export function jumpAt(path: string, query: URLSearchParams, nowMs: number): unknown {
  if (path === 'search') return searchAt(query, nowMs)
  if (path === 'thermal') return thermalAt(query, nowMs)
  return path.startsWith('explore/') ? exploreAt(path, query, nowMs) : null
}

function exploreAt(path: string, query: URLSearchParams, nowMs: number): unknown {
  if (path === 'explore/metrics') return metrics
  const metric = metrics.metrics.find(({ name }) => name === query.get('metric'))
  const toMs = Number(query.get('to') ?? nowMs)
  const fromMs = Number(query.get('from') ?? toMs - 86_400_000)
  const step = Math.ceil((toMs - fromMs) / 120 / MINUTE_MS) * MINUTE_MS
  const t0 = Math.floor(fromMs / step) * step
  const count = Math.ceil((toMs - t0) / step)
  const field = query.get('group_by')
  const keys = field === null ? [null] : Array.from({ length: 20 }, (_, at) => `${field}-${at + 1}`)
  const isNothing = query.getAll('filter').some((text) => text.endsWith(':nothing'))
  return ExploreAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    settled_until: new Date(toMs).toISOString(),
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    provisional: false,
    resolution: 'raw',
    per: metric?.family === 'fleet' ? 'group' : 'reading',
    held_from: null,
    places: 'then',
    metric,
    stat: query.get('stat') ?? 'avg',
    group_by: field,
    t0,
    step_ms: step,
    groups: keys.map((key, line) => {
      const values = Array.from({ length: count }, (_, at) =>
        isNothing || (at > 50 && at < 60)
          ? null
          : 0.8 - line * 0.03 + 0.05 * noise(line * 1000 + at),
      )
      const coverage = values.map((value) => (value === null ? 0 : 0.98))
      return {
        key,
        values,
        coverage,
        mean: isNothing ? null : 0.8 - line * 0.03,
        mean_coverage: 0.9,
        sources: 8,
      }
    }),
    groups_total: field === null ? 1 : 31,
  })
}
