import type { Series } from '#schemas/api.ts'
import type { NodeSeriesAnswer } from '#schemas/api-nodes.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '#schemas/node-metrics.ts'
import { type SeriesValues, settledSeries } from './device-series.ts'
import { type FleetDeps, frame, settledWindow } from './fleet.ts'
import { findNode } from './nodes.ts'
import { nodeSeries } from './queries/nodes.ts'
import { chooseGrid } from './steps.ts'

/** Metrics one answer may hold. */
const METRICS_MAX = 32

export interface NodeSeriesQuestion {
  readonly metrics: string
  readonly cluster?: string | undefined
  /** A link or port; without it the metrics are of the node itself. */
  readonly link?: string | undefined
  /** The device the link belongs to; without it the link is a port of the node. */
  readonly device_id?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly points: number
}

/**
 * GET /api/v1/nodes/{node}/series: node samples, or those of one link, by each metric's settle rule. Throws
 * E_METRIC_UNKNOWN, E_NODE_UNKNOWN, E_RANGE_INVALID.
 */
export async function readNodeSeries(
  deps: FleetDeps,
  node: string,
  question: NodeSeriesQuestion,
): Promise<NodeSeriesAnswer> {
  const { link } = question
  const metrics = parseMetrics(question.metrics, link === undefined ? 'node' : 'link')
  const { cluster } = await findNode(deps, node, question.cluster)
  const { window, published } = await settledWindow(deps, question)
  const grid = chooseGrid(window, question.points)
  const params = {
    cluster,
    node,
    link: link ?? '',
    device_id: question.device_id ?? '0',
    metrics: metrics.map(({ name }) => name),
    counters: metrics.flatMap(({ name, kind }) => (kind === 'counter' ? [name] : [])),
    from_ms: window.fromMs,
    to_ms: window.toMs,
    t0_ms: grid.t0Ms,
    step_ms: grid.stepMs,
  }
  const rows = await nodeSeries.run(deps.reader, params)
  const byMetric: Map<string, SeriesValues[]> = Map.groupBy(rows, ({ metric }) => metric)
  const groups: Series[] = metrics.map((definition) =>
    settledSeries(definition, byMetric.get(definition.name) ?? [], { window, grid }),
  )
  const isProvisional = window.toMs > (published.settledUntilMs ?? Number.NEGATIVE_INFINITY)
  const plan = { resolution: 'raw' as const, provisional: isProvisional ? window : null }
  const { definition: _, ...answer } = frame(deps, { window, plan, published })
  return { ...answer, groups }
}

function parseMetrics(text: string, scope: 'node' | 'link'): MetricDefinition[] {
  const names = [...new Set(text.split(','))]
  if (names.length > METRICS_MAX)
    throw new PlimsollError('E_BAD_REQUEST', `at most ${METRICS_MAX} metrics in one answer`)
  return names.map((name) => {
    const definition = scope === 'node' ? nodeMetricDefinition(name) : linkMetricDefinition(name)
    if (definition !== undefined) return definition
    throw new PlimsollError(
      'E_METRIC_UNKNOWN',
      `${JSON.stringify(name.slice(0, 60))} is not a metric of a ${scope}; GET /api/v1/metrics lists them`,
    )
  })
}
