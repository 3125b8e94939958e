import type { CoverageAnswer, CoverageCell, CoverageGroup } from '#schemas/api-nodes.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { METER_METRICS } from '#schemas/meter-metrics.ts'
import { LINK_METRICS, NODE_METRICS } from '#schemas/node-metrics.ts'
import type { CollectionDeps } from './collection.ts'
import { parseTargetFilters } from './collection-filters.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import { coverageModels, coverageTargets } from './queries/coverage.ts'

export const COVERAGE_GROUPS = ['source', 'model', 'node'] as const
export const COVERAGE_LIMIT_MAX = 500

export interface CoverageQuestion {
  readonly groupBy: (typeof COVERAGE_GROUPS)[number]
  /** As of /collection; by model only `cluster` counts. */
  readonly filters: readonly string[]
  readonly limit: number
  readonly cursor?: string | undefined
}

type Deps = Pick<CollectionDeps, 'reader' | 'clock' | 'simulated'>
type Page = { readonly now_ms: number; readonly limit: number; readonly offset: number }
type Filters = ReturnType<typeof parseTargetFilters>

const OWN: readonly MetricDefinition[] = [...DEVICE_METRICS, ...NODE_METRICS, ...LINK_METRICS]
/** A source reads devices or meters: where both know a name (`power_watts`), one column serves. */
const CATALOGUE: readonly MetricDefinition[] = [
  ...OWN,
  ...METER_METRICS.filter(({ name }) => OWN.every((metric) => metric.name !== name)),
]

/** GET /api/v1/collection/coverage: source, model or node x metric. Throws E_FILTER_INVALID, E_CURSOR_INVALID. */
export async function coverageMatrix(
  deps: Deps,
  question: CoverageQuestion,
): Promise<CoverageAnswer> {
  const { limit, cursor, ...asked } = question
  const mark = { coverage: asked }
  const offset = cursorOffset(mark, cursor)
  const filters = parseTargetFilters(asked.filters, '')
  const page = { now_ms: deps.clock(), limit, offset }
  const { groups, total } =
    asked.groupBy === 'model'
      ? await byModel(deps, page, filters)
      : await byTarget(deps, page, { filters, key: asked.groupBy })
  const used = new Set(groups.flatMap(({ metrics }) => Object.keys(metrics)))
  return {
    simulated: deps.simulated,
    group_by: asked.groupBy,
    metrics: CATALOGUE.filter(({ name }) => used.has(name)).map(({ name, unit, scope, label }) => ({
      name,
      unit,
      scope,
      label,
    })),
    groups,
    total,
    next_cursor: nextCursor(mark, { offset, given: groups.length, total }),
  }
}

interface Part {
  readonly groups: CoverageGroup[]
  readonly total: number
}

async function byModel({ reader }: Deps, page: Page, { clusters }: Filters): Promise<Part> {
  const rows = await coverageModels.run(reader, { ...page, clusters })
  const groups = rows.map(({ key, devices, counts }) => ({
    key: { model: key },
    targets: null,
    silent_targets: null,
    devices,
    metrics: Object.fromEntries(
      DEVICE_METRICS.flatMap(({ name }, at): [string, CoverageCell][] => {
        const given = counts[at] ?? 0
        return given === 0
          ? []
          : [[name, { devices: given, targets: null, missing: 0, vanished: 0 }]]
      }),
    ),
  }))
  return { groups, total: rows[0]?.total ?? 0 }
}

async function byTarget(
  { reader }: Deps,
  page: Page,
  { filters, key }: { readonly filters: Filters; readonly key: 'source' | 'node' },
): Promise<Part> {
  const { clusters, sources, nodes } = filters
  const rows = await coverageTargets.run(reader, { ...page, key, clusters, sources, nodes })
  const groups = rows.map((row) => ({
    key: { [key]: row.key },
    targets: row.targets,
    silent_targets: row.silent_targets,
    devices: row.devices,
    metrics: cellsOf(row),
  }))
  return { groups, total: rows[0]?.total ?? 0 }
}

type Counted = readonly [names: readonly string[], counts: readonly number[]]

function cellsOf(row: {
  readonly field_devices: Counted
  readonly field_targets: Counted
  readonly field_missing: Counted
  readonly field_vanished: Counted
}): Record<string, CoverageCell> {
  const [devices, targets, missing, vanished] = [
    row.field_devices,
    row.field_targets,
    row.field_missing,
    row.field_vanished,
  ].map(([names, counts]) => new Map(names.map((name, at) => [name, counts[at] ?? 0])))
  return Object.fromEntries(
    CATALOGUE.flatMap(({ name }): [string, CoverageCell][] => {
      const cell = {
        devices: devices?.get(name) ?? 0,
        targets: targets?.get(name) ?? 0,
        missing: missing?.get(name) ?? 0,
        vanished: vanished?.get(name) ?? 0,
      }
      return cell.targets + cell.missing + cell.vanished === 0 ? [] : [[name, cell]]
    }),
  )
}
