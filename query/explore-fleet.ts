import { EXPLORE_GROUPS_MAX, type ExploreGroup } from '#schemas/api-explore.ts'
import type { Askable } from './explore-metrics.ts'
import type { ExploreFinding, ExploreQuestion } from './explore-groups.ts'
import { type Dimension, type Filters, parseFilters, parseGroupBy } from './filters.ts'
import { FLEET_METRICS } from './fleet-metrics.ts'
import { type FleetDeps, settledWindow } from './fleet.ts'
import { type GroupSums, readSums } from './fleet-sums.ts'
import { planOf } from './plan-of.ts'
import { NO_COLUMNS } from './queries/fleet-sums.ts'
import { timeByState } from './state-sums.ts'
import { chooseSiteGrid, type Grid } from './steps.ts'
import { ratioOf, type Sums } from './sums.ts'

type FleetAskable = Extract<Askable, { readonly from: 'fleet' | 'state' }>
interface Point {
  readonly value: number | null
  readonly coverage: number | null
}

/**
 * A settled figure of groups over time. Which groups are told is decided by their figure over the window, so that one of
 * 6,250 nodes costs two questions and not 6,250 lines.
 */
export async function readFleet(
  deps: FleetDeps,
  asked: FleetAskable,
  question: ExploreQuestion,
): Promise<ExploreFinding> {
  const groupBy = parseGroupBy(question.groupBy)
  const { window, published } = await settledWindow(deps, question)
  const { grid, areLocalDays } = chooseSiteGrid(window, question.points, deps.timeZone)
  const columns = asked.from === 'fleet' ? FLEET_METRICS[asked.figure].columns : NO_COLUMNS
  const shared = { groupBy, columns, bySource: false, states: asked.from === 'state' }
  const ask = async (filters: Filters, step: Pick<Grid, 't0Ms' | 'stepMs'> | null) => {
    const fields = [...groupBy, ...filters.fields]
    const steps = { stepMs: step?.stepMs ?? null, areLocalDays: step !== null && areLocalDays }
    const plan = await planOf(deps, { ...window, fields, ...steps }, published)
    const { t0Ms, stepMs } = step ?? { t0Ms: window.fromMs, stepMs: 0 }
    return { plan, groups: await readSums(deps.reader, plan, { ...shared, filters, t0Ms, stepMs }) }
  }
  const whole = await ask(parseFilters(question.filters), null)
  const told = [...whole.groups]
    .map(([id, group]) => ({ id, group, point: pointOf(asked, group.steps.get(0)) }))
    .sort(
      (a, b) =>
        Number(a.point.value === null) - Number(b.point.value === null) ||
        (b.point.value ?? 0) - (a.point.value ?? 0) ||
        (a.id < b.id ? -1 : 1),
    )
    .slice(0, EXPLORE_GROUPS_MAX)
  const [field] = groupBy
  const keys = field === undefined ? [] : told.map(({ group }) => group.key[field] ?? '')
  const narrowed = whole.groups.size > told.length ? narrow(question.filters, field, keys) : null
  const { plan, groups } = await ask(parseFilters(narrowed ?? question.filters), grid)
  const lines = told.map(({ id, group, point }, at) =>
    lineOf(asked, { key: keys[at] ?? null, point, grid, group: groups.get(id) ?? group }),
  )
  const isAlone = groupBy.length === 0 && lines.length === 0
  return {
    window,
    grid,
    settledUntilMs: published.settledUntilMs,
    isProvisional: plan.provisional !== null,
    resolution: plan.resolution,
    per: 'group',
    places: 'then',
    heldFromMs: null,
    // Without a field there is one line, also where there was nothing.
    groups: isAlone ? [emptyLine(grid)] : lines,
    groupsTotal: isAlone ? 1 : whole.groups.size,
  }
}

/** The filters with these values only; null where one of them could not be written in a list. */
function narrow(
  filters: readonly string[],
  field: Dimension | undefined,
  keys: readonly string[],
): string[] | null {
  if (field === undefined || keys.some((key) => key.includes(','))) return null
  const others = filters.filter(
    (text) => !text.startsWith(`${field}:eq:`) && !text.startsWith(`${field}:in:`),
  )
  return [...others, `${field}:in:${keys.join(',')}`]
}

function pointOf(asked: FleetAskable, sums: Sums | undefined): Point {
  if (sums === undefined) return { value: null, coverage: null }
  if (asked.from === 'fleet') return FLEET_METRICS[asked.figure].read(sums)
  const covered = sums.capacity === 0n ? null : 1
  return {
    value: ratioOf(timeByState(sums)[asked.state], sums.capacity * 1000n),
    coverage: covered,
  }
}

function lineOf(
  asked: FleetAskable,
  line: {
    readonly key: string | null
    readonly point: Point
    readonly grid: Grid
    readonly group: GroupSums
  },
): ExploreGroup {
  const points = Array.from({ length: line.grid.count }, (_, step) =>
    pointOf(asked, line.group.steps.get(step)),
  )
  return {
    key: line.key,
    values: points.map(({ value }) => value),
    coverage: points.map(({ coverage }) => coverage),
    mean: line.point.value,
    mean_coverage: line.point.coverage,
    sources: null,
  }
}

const emptyLine = (grid: Grid): ExploreGroup => ({
  key: null,
  values: Array.from({ length: grid.count }, () => null),
  coverage: Array.from({ length: grid.count }, () => null),
  mean: null,
  mean_coverage: null,
  sources: null,
})
