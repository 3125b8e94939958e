import type { AnswerFrame, FleetSummary, Series, SeriesAnswer } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { parseFilters, parseGroupBy } from './filters.ts'
import { keyParams, readSums, type GroupSums } from './fleet-sums.ts'
import { fleetDeviceCount } from './queries/fleet-sums.ts'
import { pendingDevices } from './queries/pending-devices.ts'
import {
  type Plan,
  planQuestion,
  type PublishedMinutes,
  type Question,
  wantsBuckets,
} from './resolution.ts'
import { FLEET_METRICS, type FleetMetric, SUMMARY_COLUMNS } from './fleet-metrics.ts'
import { readPublished, readPublishedBuckets } from './settled.ts'
import { chooseGrid, type Grid } from './steps.ts'
import { emptySums, fleetGroup, rowKey } from './sums.ts'
import { effectiveWindow, iso, isoOrNull, type TimeWindow } from './window.ts'

/** What the fleet answers need. */
export interface FleetDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly timeZone: string
  readonly simulated: boolean
}

/** Parameters as they come from outside; texts are read and checked here. */
export interface FleetQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly groupBy?: string | undefined
  readonly filters: readonly string[]
}

/** Most numbers in one chart answer. */
export const SERIES_VALUES_MAX = 50_000

/** GET /api/v1/fleet/summary. Throws E_RANGE_INVALID, E_FILTER_INVALID and the reader's errors. */
export async function fleetSummary(
  deps: FleetDeps,
  question: FleetQuestion,
): Promise<FleetSummary> {
  const groupBy = parseGroupBy(question.groupBy)
  const filters = parseFilters(question.filters)
  const { window, published } = await settledWindow(deps, question)
  const fields = [...groupBy, ...filters.fields]
  const plan = await planOf(deps, { ...window, fields, stepMs: null }, published)
  const once = { t0Ms: window.fromMs, stepMs: 0, columns: SUMMARY_COLUMNS }
  const grouping = { ...once, groupBy, filters, bySource: true }
  const [groups, counts, pending] = await Promise.all([
    readSums(deps.reader, plan, grouping),
    fleetDeviceCount.run(deps.reader, {
      ...filters.params,
      ...keyParams(groupBy),
      from_ms: window.fromMs,
      to_ms: window.toMs,
    }),
    pendingDevices.run(deps.reader, { now_ms: deps.clock() }),
  ])
  const devices = new Map(counts.map((row) => [rowKey(row), row.devices]))
  const answered = [...groups].map(([id, group]) =>
    fleetGroup(group.key, devices.get(id) ?? 0, group.steps.get(0) ?? emptySums()),
  )
  // Without group_by there is one group, also where there was nothing: null, not an empty list.
  const isEmptyFleet = groupBy.length === 0 && answered.length === 0
  return {
    ...frame(deps, { window, plan, published }),
    groups: isEmptyFleet ? [fleetGroup({}, 0, emptySums())] : answered.sort(byKey),
    pending_devices: pending[0]?.pending_devices ?? 0,
  }
}

/** GET /api/v1/fleet/series. Throws as fleetSummary, and E_QUERY_TOO_LARGE for too many numbers. */
export async function fleetSeries(
  deps: FleetDeps,
  question: FleetQuestion & { readonly metric: FleetMetric; readonly points: number },
): Promise<SeriesAnswer> {
  const groupBy = parseGroupBy(question.groupBy)
  const filters = parseFilters(question.filters)
  const { window, published } = await settledWindow(deps, question)
  const grid = chooseGrid(window, question.points)
  const fields = [...groupBy, ...filters.fields]
  const plan = await planOf(deps, { ...window, fields, stepMs: grid.stepMs }, published)
  const { columns } = FLEET_METRICS[question.metric]
  const steps = { t0Ms: grid.t0Ms, stepMs: grid.stepMs, columns }
  const grouping = { ...steps, groupBy, filters, bySource: false }
  const groups = [...(await readSums(deps.reader, plan, grouping)).values()]
  // Without group_by there is one line, also where there was nothing: nulls, not an empty list.
  if (groupBy.length === 0 && groups.length === 0) groups.push({ key: {}, steps: new Map() })
  if (groups.length * grid.count > SERIES_VALUES_MAX) {
    throw new PlimsollError(
      'E_QUERY_TOO_LARGE',
      `${groups.length} groups of ${grid.count} points; ask for fewer points or filter`,
    )
  }
  return {
    ...frame(deps, { window, plan, published }),
    groups: groups.map((group) => seriesOf(group, question.metric, grid)).sort(byKey),
  }
}

async function planOf(
  deps: FleetDeps,
  question: Question,
  published: PublishedMinutes,
): Promise<Plan> {
  const buckets = wantsBuckets(question)
    ? await readPublishedBuckets(deps.reader, question)
    : { hours: [], days: [] }
  return planQuestion(question, { ...published, ...buckets }, deps.timeZone)
}

/** The effective window and what is settled of it. */
export async function settledWindow(
  deps: Pick<FleetDeps, 'reader' | 'clock'>,
  asked: Pick<FleetQuestion, 'from' | 'to'>,
): Promise<{ window: TimeWindow; published: PublishedMinutes }> {
  const now = deps.clock()
  // Refuses a bad range before the store is asked.
  effectiveWindow(asked, null, now)
  const published = await readPublished(deps.reader)
  return { window: effectiveWindow(asked, published.settledUntilMs, now), published }
}

/** What every grouped answer carries. */
export function frame(
  deps: Pick<FleetDeps, 'simulated'>,
  answer: {
    readonly window: TimeWindow
    readonly plan: Pick<Plan, 'resolution' | 'provisional'>
    readonly published: PublishedMinutes
  },
): AnswerFrame {
  return {
    definition: DEFINITION_SET,
    from: iso(answer.window.fromMs),
    to: iso(answer.window.toMs),
    resolution: answer.plan.resolution,
    settled_until: isoOrNull(answer.published.settledUntilMs),
    provisional: answer.plan.provisional !== null,
    simulated: deps.simulated,
  }
}

function seriesOf(group: GroupSums, metric: FleetMetric, grid: Grid): Series {
  const { unit, read } = FLEET_METRICS[metric]
  const points = Array.from({ length: grid.count }, (_, step) => {
    const sums = group.steps.get(step)
    return sums === undefined ? null : read(sums)
  })
  const hasBounds = metric === 'utilization'
  return {
    key: group.key,
    metric,
    unit,
    t0: grid.t0Ms,
    step_ms: grid.stepMs,
    values: points.map((point) => point?.value ?? null),
    coverage: points.map((point) => point?.coverage ?? null),
    ...(hasBounds ? { lo: points.map((point) => point?.lo ?? null) } : {}),
    ...(hasBounds ? { hi: points.map((point) => point?.hi ?? null) } : {}),
  }
}

const byKey = (a: { key: Record<string, string> }, b: { key: Record<string, string> }) =>
  keyText(a.key) < keyText(b.key) ? -1 : 1
const keyText = (key: Record<string, string>) => Object.values(key).join('\u0000')
