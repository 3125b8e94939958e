import { LEDGER_STATES } from '#schemas/ledger.ts'
import { noFilters, type Dimension } from '../filters.ts'
import { memo } from '../memo.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { timeByState } from '../state-sums.ts'
import { ratioOf, utilizationOf } from '../sums.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { bookOf, type Cell, type LedgerDeps, readCells, totalOf } from './cells.ts'
import { lossesOf, versusCapacity } from './loss.ts'
import { PRICED_FIELDS } from './payer.ts'
import { usdOf } from './money.ts'

/** What /metrics/fleet gives: gauges of settled figures, so that a board that exists does not go dark. */
export const FLEET_GAUGES = {
  plimsoll_fleet_utilization_ratio: 'Busy of known device-seconds.',
  plimsoll_fleet_utilization_lo_ratio: 'The same if every silent device were idle.',
  plimsoll_fleet_utilization_hi_ratio: 'The same if every silent device were busy.',
  plimsoll_fleet_coverage_ratio: 'Known of base device-seconds.',
  plimsoll_fleet_capacity_devices: 'Accepted devices, mean over the window.',
  plimsoll_fleet_state_ratio: 'Share of capacity in each of the nine states; they sum to 1.',
  plimsoll_fleet_loss_usd_per_hour:
    'Dollars lost an hour against all capacity; absent where no price is known.',
  plimsoll_fleet_price_assumed: '1 while dollars come from the price nobody entered.',
  plimsoll_fleet_settled_until_seconds: 'End of the newest settled minute, seconds since 1970.',
  plimsoll_fleet_series_left_out: 'Series that the limit of this page left out.',
} as const
export type FleetGauge = keyof typeof FLEET_GAUGES

/** Series on the page at most, those that say what was left out included. */
export const FLEET_SERIES_MAX = 2_000
/** Series without a group: settled until, left out. */
const FRAME_SERIES = 2

const WINDOWS = { '1h': HOUR_MS, '5m': 5 * MINUTE_MS } as const

/** Groups in the order in which they are kept when there are too many. */
const SCOPES = [
  { scope: 'fleet', fields: [] },
  { scope: 'cluster', fields: ['cluster'] },
  { scope: 'model', fields: ['model'] },
  { scope: 'pool', fields: ['pool'] },
  { scope: 'hall', fields: ['cluster', 'hall'] },
] as const satisfies readonly { readonly scope: string; readonly fields: readonly Dimension[] }[]

const GROUP_BY = ['cluster', 'hall', 'model', 'pool'] as const satisfies readonly Dimension[]
const TTL_MS = 10_000

interface Series {
  readonly gauge: FleetGauge
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** GET /metrics/fleet, worked out once for all who ask within ten seconds. Rejects as lossAnswer does. */
export function fleetExposition(deps: LedgerDeps): () => Promise<string> {
  return memo(deps.clock, TTL_MS, async () => {
    const published = await deps.published()
    const { settledUntilMs } = published
    if (settledUntilMs === null) return render([])
    const prices = bookOf(await deps.documents())
    const filters = noFilters()
    const windows = await Promise.all(
      Object.entries(WINDOWS).map(async ([name, lengthMs]) => {
        const window = { fromMs: settledUntilMs - lengthMs, toMs: settledUntilMs }
        const asked = { window, published, groupBy: GROUP_BY, filters, more: PRICED_FIELDS }
        const { cells } = await readCells(deps, { ...asked, columns: NO_COLUMNS, prices })
        return { name, lengthMs, cells }
      }),
    )
    const groups = SCOPES.flatMap(({ scope, fields }) =>
      windows.flatMap(({ name, lengthMs, cells }) =>
        groupsOf({ scope, fields }, cells, { name, lengthMs }),
      ),
    )
    const { kept, leftOut } = withinLimit(groups, FLEET_SERIES_MAX - FRAME_SERIES)
    return render([
      ...kept,
      {
        gauge: 'plimsoll_fleet_settled_until_seconds',
        labels: {},
        value: settledUntilMs / 1000,
      },
      { gauge: 'plimsoll_fleet_series_left_out', labels: {}, value: leftOut },
    ])
  })
}

/** The series of each group of a scope, in the order of their keys. */
function groupsOf(
  { scope, fields }: { readonly scope: string; readonly fields: readonly Dimension[] },
  cells: readonly Cell[],
  window: { readonly name: string; readonly lengthMs: number },
): readonly (readonly Series[])[] {
  const keyOf = ({ key }: Cell) => JSON.stringify(fields.map((field) => key[field] ?? ''))
  return [...Map.groupBy(cells, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => {
      const key = fields.map((field) => [field, members[0]?.key[field] ?? ''])
      const labels = { scope, ...Object.fromEntries(key), window: window.name }
      return seriesOf(labels, members, window.lengthMs)
    })
}

function seriesOf(
  labels: Readonly<Record<string, string>>,
  cells: readonly Cell[],
  lengthMs: number,
): readonly Series[] {
  const totals = totalOf(cells)
  const { utilization, util_lo, util_hi, coverage } = utilizationOf(totals)
  const times = timeByState(totals)
  const all = versusCapacity(lossesOf(cells))
  const usd = usdOf(all)
  const figures: readonly (readonly [FleetGauge, number | null])[] = [
    ['plimsoll_fleet_utilization_ratio', utilization],
    ['plimsoll_fleet_utilization_lo_ratio', util_lo],
    ['plimsoll_fleet_utilization_hi_ratio', util_hi],
    ['plimsoll_fleet_coverage_ratio', coverage],
    ['plimsoll_fleet_capacity_devices', Number(totals.capacity) / lengthMs],
    ['plimsoll_fleet_loss_usd_per_hour', usd === null ? null : usd / (lengthMs / HOUR_MS)],
    ['plimsoll_fleet_price_assumed', all.isAssumed ? 1 : 0],
  ]
  const states = LEDGER_STATES.map((state) => ({
    gauge: 'plimsoll_fleet_state_ratio' as const,
    labels: { ...labels, state },
    value: ratioOf(times[state], totals.capacity * 1000n),
  }))
  return [...figures.map(([gauge, value]) => ({ gauge, labels, value })), ...states].flatMap(
    ({ value, ...series }) => (value === null ? [] : [{ ...series, value }]),
  )
}

/** Whole groups only: half of nine states would not sum to one. */
function withinLimit(groups: readonly (readonly Series[])[], max: number) {
  const kept: Series[] = []
  let leftOut = 0
  for (const group of groups) {
    if (leftOut === 0 && kept.length + group.length <= max) kept.push(...group)
    else leftOut += group.length
  }
  return { kept, leftOut }
}

function render(series: readonly Series[]): string {
  const byGauge = Map.groupBy(series, ({ gauge }) => gauge)
  const lines = [...byGauge].flatMap(([gauge, members]) => [
    `# HELP ${gauge} ${FLEET_GAUGES[gauge]}`,
    `# TYPE ${gauge} gauge`,
    ...members.map(({ labels, value }) => `${gauge}${labelText(labels)} ${value}`),
  ])
  return [...lines, ''].join('\n')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
