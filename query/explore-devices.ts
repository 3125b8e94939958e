import { EXPLORE_GROUPS_MAX, type ExploreStat } from '#schemas/api-explore.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import {
  type ExploreFinding,
  type ExploreQuestion,
  gridOf,
  gridParams,
  groupsOf,
  leastStepMs,
} from './explore-groups.ts'
import { type FieldPlace, type Filters, parseFilters, parseGroupBy } from './filters.ts'
import { type FleetDeps, settledWindow } from './fleet.ts'
import { exploreDevices, exploreHeld, exploreLedger, exploreSamples } from './queries/explore.ts'
import type { Grid } from './steps.ts'
import { HOUR_MS, iso, MINUTE_MS, type TimeWindow } from './window.ts'

/** What one question may read: seconds on a small machine. */
const RAW_ROWS_MAX = 25_000_000
/** Of a metric that minutes hold too, samples are worth it for their extremes only. */
const EXTREME_ROWS_MAX = 3_000_000
const BUCKET_ROWS_MAX = 30_000_000
/** The most common interval of samples; the reader's own limit holds where they are denser. */
const TYPICAL_INTERVAL_MS = 10_000
const LIMITS = { maxRowsToRead: 120_000_000 } as const

/** Metrics of which settled minutes hold a mean: they can be asked for over months. */
const SETTLED = {
  busy_ratio: {
    known_column: 'known_ms',
    sum_column: 'busy_ms_x1000',
    peak_column: 'nothing',
    scale: 1000,
  },
  power_watts: {
    known_column: 'power_known_ms',
    sum_column: 'power_mw_ms',
    peak_column: 'nothing',
    scale: 1000,
  },
  temperature_celsius: {
    known_column: 'temperature_known_ms',
    sum_column: 'temperature_mc_ms',
    peak_column: 'temperature_max',
    scale: 1000,
  },
} as const
const isSettled = (name: string): name is keyof typeof SETTLED => Object.hasOwn(SETTLED, name)

type Table = 'samples' | 'ledger_1m' | 'ledger_1h'

interface Cost {
  readonly metric: string
  readonly stat: ExploreStat
  readonly devices: number
  /** Devices of the fleet: buckets lie by time, whoever is asked for. */
  readonly everywhere: number
  readonly lengthMs: number
  /** Raw samples reach back to the begin of the window. */
  readonly isHeld: boolean
}

/** The finest table that answers at a bearable cost. Throws E_QUERY_TOO_LARGE with what would be bearable. */
export function chooseTable(cost: Cost): Table {
  const { metric, stat, devices, everywhere, lengthMs, isHeld } = cost
  const rawRows = devices * (lengthMs / TYPICAL_INTERVAL_MS) + everywhere * (lengthMs / MINUTE_MS)
  if (isSettled(metric)) {
    const isExtreme = stat === 'min' || stat === 'max'
    if (isExtreme && isHeld && rawRows <= EXTREME_ROWS_MAX) return 'samples'
    if (everywhere * (lengthMs / MINUTE_MS) <= BUCKET_ROWS_MAX) return 'ledger_1m'
    if (everywhere * (lengthMs / HOUR_MS) <= BUCKET_ROWS_MAX) return 'ledger_1h'
  } else if (rawRows <= RAW_ROWS_MAX) return 'samples'
  const rows = Math.round(isSettled(metric) ? everywhere * (lengthMs / HOUR_MS) : rawRows)
  const most = isSettled(metric) ? BUCKET_ROWS_MAX : RAW_ROWS_MAX
  const minutes = Math.max(1, Math.floor(((lengthMs / MINUTE_MS) * most) / rows))
  throw new PlimsollError(
    'E_QUERY_TOO_LARGE',
    `this reads about ${millions(rows)} rows and may read ${millions(most)}: ask for at most ${minutes} minutes of these ${devices} devices, or filter by hall, rack or node`,
  )
}

const millions = (rows: number) => `${(rows / 1e6).toFixed(1)} M`

/** Readings of devices: raw where that is bearable, else what settled minutes or hours hold of them. */
export async function readDevices(
  deps: FleetDeps,
  definition: MetricDefinition,
  question: ExploreQuestion,
): Promise<ExploreFinding> {
  const { name, kind } = definition
  const isByDevice = question.groupBy === 'device'
  const k1: FieldPlace = isByDevice ? 'none' : (parseGroupBy(question.groupBy)[0] ?? 'none')
  const filters = parseFilters(question.filters)
  const { window: asked, published } = await settledWindow(deps, question)
  const { settledUntilMs } = published
  if (settledUntilMs === null || settledUntilMs <= asked.fromMs)
    throw new PlimsollError('E_RANGE_INVALID', 'nothing of this window is settled yet')
  const window = { fromMs: asked.fromMs, toMs: Math.min(asked.toMs, settledUntilMs) }
  const [held, cost] = await Promise.all([readHeld(deps), readCost(deps, filters, window)])
  const isHeld = held !== null && held <= window.fromMs + MINUTE_MS
  const table = chooseTable({
    ...cost,
    metric: name,
    stat: question.stat,
    isHeld,
    lengthMs: window.toMs - window.fromMs,
  })
  if (table === 'samples' && (held === null || held >= window.toMs))
    throw new PlimsollError(
      'E_RANGE_INVALID',
      held === null
        ? 'no sample is stored yet'
        : `samples are kept from ${iso(held)} on; busy_ratio, power_watts and temperature_celsius are settled and reach further back`,
    )
  const grid = gridOf(
    window,
    question.points,
    table === 'ledger_1h' ? HOUR_MS : leastStepMs(kind === 'counter'),
  )
  const scope = {
    ...filters.params,
    k1,
    by_device: Number(isByDevice),
    stat: question.stat,
    groups_max: EXPLORE_GROUPS_MAX,
  }
  const rows = await run(deps, { table, name, kind, window, grid, scope, filters })
  return {
    window,
    grid,
    settledUntilMs,
    isProvisional: false,
    resolution: table === 'samples' ? 'raw' : table === 'ledger_1m' ? '1m' : '1h',
    per: table === 'samples' ? 'reading' : table === 'ledger_1m' ? 'device_minute' : 'device_hour',
    places: 'then',
    heldFromMs: table === 'samples' && !isHeld ? held : null,
    groups: groupsOf(rows, {
      grid,
      window,
      isGrouped: question.groupBy !== undefined,
      capacity: 'told',
    }),
    groupsTotal: rows[0]?.groups_total ?? 0,
  }
}

function run(
  { reader }: Pick<FleetDeps, 'reader'>,
  asked: {
    readonly table: Table
    readonly name: string
    readonly kind: MetricDefinition['kind']
    readonly window: TimeWindow
    readonly grid: Grid
    readonly filters: Filters
    readonly scope: Pick<
      Parameters<typeof exploreSamples.run>[1],
      'k1' | 'by_device' | 'stat' | 'groups_max'
    > &
      Filters['params']
  },
) {
  const { table, name, kind, window, grid, scope, filters } = asked
  const params = { ...scope, ...gridParams(window, grid) }
  if (table === 'samples' || !isSettled(name)) {
    const everywhere = Number(filters.fields.length === 0)
    const is_counter = Number(kind === 'counter')
    return exploreSamples.run(reader, { ...params, metric: name, is_counter, everywhere }, LIMITS)
  }
  const resolution = table === 'ledger_1m' ? '1m' : '1h'
  return exploreLedger.run(reader, { ...params, ...SETTLED[name], table, resolution }, LIMITS)
}

async function readHeld({ reader }: Pick<FleetDeps, 'reader'>): Promise<number | null> {
  const [row] = await exploreHeld.run(reader, {})
  return row?.device_ms ?? null
}

async function readCost(
  { reader }: Pick<FleetDeps, 'reader'>,
  filters: Filters,
  { toMs }: TimeWindow,
): Promise<{ readonly devices: number; readonly everywhere: number }> {
  const minute_s = (toMs - MINUTE_MS) / 1000
  const [row] = await exploreDevices.run(reader, { ...filters.params, minute_s })
  return row ?? { devices: 0, everywhere: 0 }
}
