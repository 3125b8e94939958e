import type { Series, SeriesAnswer } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { MetricDefinition, SettleRule } from '#schemas/metric-definition.ts'
import { metricDefinition, type MetricName, isMetricName } from '#schemas/metrics.ts'
import { frame, settledWindow, type FleetDeps } from './fleet.ts'
import { deviceKeys } from './queries/device-keys.ts'
import { deviceSeries, SERIES_PLACES } from './queries/device-series.ts'
import { unknownDevice } from './devices.ts'
import { chooseGrid, stepSpanMs, type Grid } from './steps.ts'
import type { TimeWindow } from './window.ts'

/** Metrics one answer may hold. */
export const SERIES_METRICS_MAX = 32

type SeriesRow = Awaited<ReturnType<typeof deviceSeries.run>>[number]
/** One step of one metric as the store sums it. */
export type SeriesValues = Omit<SeriesRow, 'metric'>

interface Asked {
  readonly name: MetricName
  readonly definition: MetricDefinition
}

/**
 * GET /api/v1/devices/{id}/series: raw samples by each metric's settle rule. Throws E_METRIC_UNKNOWN,
 * E_DEVICE_UNKNOWN, E_RANGE_INVALID.
 */
export async function readDeviceSeries(
  deps: FleetDeps,
  id: string,
  question: {
    readonly metrics: string
    readonly from?: string | undefined
    readonly to?: string | undefined
    readonly points: number
  },
): Promise<SeriesAnswer> {
  const metrics = parseMetrics(question.metrics)
  const { window, published } = await settledWindow(deps, question)
  const grid = chooseGrid(window, question.points)
  const [known, ...parts] = await Promise.all([
    deviceKeys.run(deps.reader, { ids: [id] }),
    ...chunks(metrics, SERIES_PLACES).map((chunk) => readChunk(deps, id, { chunk, window, grid })),
  ])
  if (known.length === 0) throw unknownDevice(id)
  const isProvisional = window.toMs > (published.settledUntilMs ?? Number.NEGATIVE_INFINITY)
  const plan = { resolution: 'raw' as const, provisional: isProvisional ? window : null }
  return { ...frame(deps, { window, plan, published }), groups: parts.flat() }
}

function parseMetrics(text: string): Asked[] {
  const names = [...new Set(text.split(','))]
  if (names.length > SERIES_METRICS_MAX) {
    throw new PlimsollError('E_BAD_REQUEST', `at most ${SERIES_METRICS_MAX} metrics in one answer`)
  }
  return names.map((name) => {
    const definition = metricDefinition(name)
    if (definition !== undefined && isMetricName(name)) return { name, definition }
    throw new PlimsollError(
      'E_METRIC_UNKNOWN',
      `${JSON.stringify(name.slice(0, 60))} is not a metric; GET /api/v1/metrics lists them`,
    )
  })
}

async function readChunk(
  deps: FleetDeps,
  id: string,
  asked: { readonly chunk: readonly Asked[]; readonly window: TimeWindow; readonly grid: Grid },
): Promise<Series[]> {
  const { chunk, window, grid } = asked
  const place = (at: number): MetricName => chunk[at]?.name ?? 'busy_ratio'
  const rows = await deviceSeries.run(deps.reader, {
    device_id: id,
    m1: place(0),
    m2: place(1),
    m3: place(2),
    m4: place(3),
    m5: place(4),
    m6: place(5),
    m7: place(6),
    m8: place(7),
    metric_count: chunk.length,
    counters: chunk.flatMap(({ definition }, at) =>
      definition.kind === 'counter' ? [at + 1] : [],
    ),
    from_ms: window.fromMs,
    to_ms: window.toMs,
    t0_ms: grid.t0Ms,
    step_ms: grid.stepMs,
  })
  return chunk.map(({ definition }, at) =>
    settledSeries(
      definition,
      rows.filter((row) => row.metric === at + 1),
      { window, grid },
    ),
  )
}

/** A metric's line on a grid, each step by the metric's settle rule. */
export function settledSeries(
  definition: MetricDefinition,
  rows: readonly SeriesValues[],
  { window, grid }: { readonly window: TimeWindow; readonly grid: Grid },
): Series {
  const values: (number | null)[] = Array.from({ length: grid.count }, () => null)
  const coverage: (number | null)[] = Array.from({ length: grid.count }, () => 0)
  for (const row of rows) {
    values[row.slot] = SETTLED[definition.settle](row)
    coverage[row.slot] = Math.min(1, row.known_ms / stepSpanMs(grid, window, row.slot))
  }
  return {
    key: {},
    metric: definition.name,
    unit: definition.kind === 'counter' ? `${definition.unit}_per_second` : definition.unit,
    t0: grid.t0Ms,
    step_ms: grid.stepMs,
    values,
    coverage,
  }
}

const SETTLED: Record<SettleRule, (row: SeriesValues) => number> = {
  mean: (row) => row.mean,
  increase: (row) => row.mean,
  max: (row) => row.maximum,
  min: (row) => row.minimum,
  last: (row) => row.last,
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size))
}
