import type { AnswerFrame, FleetGroup, FleetSummary, Series, SeriesAnswer } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { parseFilters, parseGroupBy } from './filters.ts'
import { memo } from './memo.ts'
import { readSums, type GroupSums } from './fleet-sums.ts'
import { countDevices } from './device-count.ts'
import { pendingDevices } from './queries/pending-devices.ts'
import type { Plan, PublishedBuckets, PublishedMinutes } from './resolution.ts'
import { planOf } from './plan-of.ts'
import { FLEET_METRICS, type FleetMetric, SUMMARY_COLUMNS } from './fleet-metrics.ts'
import { readPublished, readPublishedBuckets } from './settled.ts'
import { chooseSiteGrid, type Grid } from './steps.ts'
import { emptySums, fleetGroup, powerOf, type Sums, utilizationOf } from './sums.ts'
import { effectiveWindow, iso, isoOrNull, type TimeWindow } from './window.ts'

/** What the answers about the fleet are made from. */
export interface FleetInput {
  readonly reader: Reader
  readonly clock: Clock
  readonly timeZone: string
  readonly simulated: boolean
}

/** The input with what all questions share, remembered for as long as the TTLs below say. */
export interface FleetDeps extends FleetInput {
  readonly published: () => Promise<PublishedMinutes>
  readonly buckets: () => Promise<PublishedBuckets>
  readonly pending: () => Promise<number>
}

const PUBLISHED_TTL_MS = 1000
const PENDING_TTL_MS = 2000
const BUCKETS_TTL_MS = 30_000

export function fleetDeps(input: FleetInput): FleetDeps {
  const { reader, clock } = input
  return {
    ...input,
    published: memo(clock, PUBLISHED_TTL_MS, () => readPublished(reader)),
    buckets: memo(clock, BUCKETS_TTL_MS, () => readPublishedBuckets(reader, clock())),
    pending: memo(clock, PENDING_TTL_MS, async () => {
      const [row] = await pendingDevices.run(reader, { now_ms: clock() })
      return row?.pending_devices ?? 0
    }),
  }
}

/** Parameters as they come from outside; texts are read and checked here. */
export interface FleetQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly groupBy?: string | undefined
  readonly filters: readonly string[]
}

/** What the groups of a summary can be put in order by; `-` before it = the highest first. */
export const SUMMARY_ORDERS = [
  'utilization',
  'util_lo',
  'util_hi',
  'coverage',
  'capacity_device_seconds',
  'busy_device_seconds',
  'power_watts',
  'temperature_celsius_max',
] as const satisfies readonly (keyof FleetGroup)[]
export type SummaryOrder = (typeof SUMMARY_ORDERS)[number]

export const SUMMARY_LIMIT_MAX = 1000

export interface SummaryQuestion extends FleetQuestion {
  /** Absent = by key. */
  readonly sort?: SummaryOrder | `-${SummaryOrder}` | undefined
  /** Absent = all groups. */
  readonly limit?: number | undefined
}

/** Most numbers in one chart answer. */
export const SERIES_VALUES_MAX = 50_000

/**
 * GET /api/v1/fleet/summary; with `sort` and `limit` the first of an order, groups without the figure last.
 * Throws E_RANGE_INVALID, E_FILTER_INVALID and the reader's errors.
 */
export async function fleetSummary(
  deps: FleetDeps,
  question: SummaryQuestion,
): Promise<FleetSummary> {
  const groupBy = parseGroupBy(question.groupBy)
  const filters = parseFilters(question.filters)
  const { window, published } = await settledWindow(deps, question)
  const fields = [...groupBy, ...filters.fields]
  const plan = await planOf(deps, { ...window, fields, stepMs: null }, published)
  const once = { t0Ms: window.fromMs, stepMs: 0, columns: SUMMARY_COLUMNS }
  const grouping = { ...once, groupBy, filters, bySource: true }
  const [groups, devices, pending] = await Promise.all([
    readSums(deps.reader, plan, grouping),
    countDevices(deps, { window, published, groupBy, filters }),
    deps.pending(),
  ])
  // Without group_by there is one group, also where there was nothing: null, not an empty list.
  const isEmptyFleet = groupBy.length === 0 && groups.size === 0
  return {
    ...frame(deps, { window, plan, published }),
    groups: isEmptyFleet
      ? [fleetGroup({}, 0, emptySums())]
      : inOrder(groups, question).map(({ id, key, sums }) =>
          fleetGroup(key, devices.get(id) ?? 0, sums),
        ),
    pending_devices: pending,
  }
}

interface OrderedGroup {
  readonly id: string
  readonly key: Record<string, string>
  readonly sums: Sums
}

/** The groups that are answered, in their order; of 6,250 nodes only the first 20 are worked out in full. */
function inOrder(
  groups: ReadonlyMap<string, GroupSums>,
  { sort, limit }: Pick<SummaryQuestion, 'sort' | 'limit'>,
): OrderedGroup[] {
  const field = SUMMARY_ORDERS.find((known) => sort === known || sort === `-${known}`)
  const figure = field === undefined ? () => null : FIGURES[field]
  const sign = sort === field ? 1 : -1
  return [...groups]
    .map(([id, { key, steps }]) => {
      const sums = steps.get(0) ?? emptySums()
      return { id, key, sums, text: keyText(key), figure: figure(sums) }
    })
    .sort((a, b) => byFigure(a.figure, b.figure, sign) || (a.text < b.text ? -1 : 1))
    .slice(0, limit)
}

/** Groups without the figure last, whichever way the order goes. */
function byFigure(left: number | null, right: number | null, sign: number): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  return sign * (left - right)
}

/** What a summary can be ordered by, as fleetGroup answers it. */
const FIGURES: Readonly<Record<SummaryOrder, (sums: Sums) => number | null>> = {
  utilization: (sums) => utilizationOf(sums).utilization,
  util_lo: (sums) => utilizationOf(sums).util_lo,
  util_hi: (sums) => utilizationOf(sums).util_hi,
  coverage: (sums) => utilizationOf(sums).coverage,
  capacity_device_seconds: (sums) => Number(sums.capacity),
  busy_device_seconds: (sums) => Number(sums.busyX1000),
  power_watts: (sums) => powerOf(sums).value,
  temperature_celsius_max: (sums) => sums.temperatureMax,
}

/** GET /api/v1/fleet/series. Throws as fleetSummary, and E_QUERY_TOO_LARGE for too many numbers. */
export async function fleetSeries(
  deps: FleetDeps,
  question: FleetQuestion & { readonly metric: FleetMetric; readonly points: number },
): Promise<SeriesAnswer> {
  const groupBy = parseGroupBy(question.groupBy)
  const filters = parseFilters(question.filters)
  const { window, published } = await settledWindow(deps, question)
  const { grid, areLocalDays } = chooseSiteGrid(window, question.points, deps.timeZone)
  const fields = [...groupBy, ...filters.fields]
  const asked = { ...window, fields, stepMs: grid.stepMs, areLocalDays }
  const plan = await planOf(deps, asked, published)
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

/** The effective window and what is settled of it. */
export async function settledWindow(
  deps: Pick<FleetDeps, 'published' | 'clock'>,
  asked: Pick<FleetQuestion, 'from' | 'to'>,
): Promise<{ window: TimeWindow; published: PublishedMinutes }> {
  const now = deps.clock()
  // Refuses a bad range before the store is asked.
  effectiveWindow(asked, null, now)
  const published = await deps.published()
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
    // Its place in the answer, which is sent as it is built: withNames says them.
    names: undefined,
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
