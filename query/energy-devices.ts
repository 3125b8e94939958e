import type {
  DeviceEnergyAnswer,
  DeviceEnergyGroup,
  EnergyStep,
} from '#schemas/api-energy-devices.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { type Dimension, parseFilters, parseGroupBy } from './filters.ts'
import { keyParams } from './fleet-sums.ts'
import { localDayStart } from './local-day.ts'
import { energyDeviceSums, energyPublished, type EnergySumsRow } from './queries/energy-devices.ts'
import type { Grid } from './steps.ts'
import { groupKey, ratioOf, rowKey } from './sums.ts'
import { DAY_MS, effectiveWindow, HOUR_MS, iso, isoOrNull, type TimeWindow } from './window.ts'

export interface EnergyDevicesDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly timeZone: string
  readonly simulated: boolean
}

export interface EnergyDevicesQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly groupBy: string | undefined
  readonly filters: readonly string[]
  /** Absent = one figure a group, without a series. */
  readonly resolution?: EnergyStep | undefined
}

/** What energy is kept by: devices of a node are one row, whoever held them. */
export const ENERGY_FIELDS = [
  'cluster',
  'hall',
  'rack',
  'pool',
  'node',
  'vendor',
  'model',
] as const satisfies readonly Dimension[]

/** Values of all series of an answer. */
export const ENERGY_VALUES_MAX = 20_000

const QUARTER_MS = 900_000
const STEP_MS = { '15m': QUARTER_MS, '1h': HOUR_MS, '1d': DAY_MS } as const satisfies Record<
  EnergyStep,
  number
>
const MJ_PER_KWH = 3.6e9

/**
 * GET /api/v1/energy/devices. The window is widened to whole quarter hours. Throws E_RANGE_INVALID, E_FILTER_INVALID for a field that
 * energy is not kept by, E_QUERY_TOO_LARGE for too many steps, and the reader's errors.
 */
export async function energyDevices(
  deps: EnergyDevicesDeps,
  { from, to, groupBy: groupText, filters: filterTexts, resolution }: EnergyDevicesQuestion,
): Promise<DeviceEnergyAnswer> {
  const groupBy = parseGroupBy(groupText)
  const filters = parseFilters(filterTexts)
  for (const field of [...groupBy, ...filters.fields]) requireField(field)
  const nowMs = deps.clock()
  const { settledUntilMs } = await readSettled(deps.reader, { fromMs: 0, toMs: 0 })
  const window = wholeQuarters(effectiveWindow({ from, to }, settledUntilMs, nowMs))
  const grid = resolution === undefined ? null : gridOf(window, resolution, deps.timeZone)
  const range = { from_s: window.fromMs / 1000, to_s: window.toMs / 1000 }
  const step = { t0_s: (grid?.t0Ms ?? window.fromMs) / 1000, step_s: (grid?.stepMs ?? 0) / 1000 }
  const [{ settledBuckets }, rows] = await Promise.all([
    readSettled(deps.reader, window),
    energyDeviceSums.run(deps.reader, {
      ...filters.params,
      ...keyParams(groupBy),
      ...range,
      ...step,
    }),
  ])
  const groups = Map.groupBy(rows, (row) => rowKey(keysOf(row), groupBy))
  if (grid !== null && groups.size * grid.count > ENERGY_VALUES_MAX)
    throw new PlimsollError(
      'E_QUERY_TOO_LARGE',
      `${groups.size} groups of ${grid.count} steps; ask for a coarser resolution, a shorter time, or filter`,
    )
  const expected = (window.toMs - window.fromMs) / QUARTER_MS
  const answered = [...groups.values()].map((members) =>
    groupOf(
      groupBy.length === 0 || members[0] === undefined ? {} : groupKey(keysOf(members[0]), groupBy),
      members,
      grid,
    ),
  )
  if (answered.length === 0 && groupBy.length === 0) answered.push(groupOf({}, [], grid))
  return {
    definition: DEFINITION_SET,
    from: iso(window.fromMs),
    to: iso(window.toMs),
    resolution: resolution ?? '15m',
    settled_until: isoOrNull(settledUntilMs),
    provisional: settledBuckets < expected,
    buckets: { expected, settled: settledBuckets },
    simulated: deps.simulated,
    groups: answered.sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1)),
  }
}

const keysOf = ({ key_1, key_2, key_3, key_4 }: EnergySumsRow) => [key_1, key_2, key_3, key_4]
const keyText = (key: Readonly<Record<string, string>>) => Object.values(key).join('\u0000')

function requireField(field: Dimension): void {
  if (ENERGY_FIELDS.some((known) => known === field)) return
  throw new PlimsollError(
    'E_FILTER_INVALID',
    `energy is kept by node and not by ${field}; fields: ${ENERGY_FIELDS.join(', ')}`,
  )
}

async function readSettled(reader: Reader, { fromMs, toMs }: TimeWindow) {
  const [row] = await energyPublished.run(reader, { from_s: fromMs / 1000, to_s: toMs / 1000 })
  const isAny = row !== undefined && row.revision_rows > 0
  return {
    settledUntilMs: isAny ? row.last_bucket_s * 1000 + QUARTER_MS : null,
    settledBuckets: row?.settled_buckets ?? 0,
  }
}

const wholeQuarters = ({ fromMs, toMs }: TimeWindow): TimeWindow => ({
  fromMs: Math.floor(fromMs / QUARTER_MS) * QUARTER_MS,
  toMs: Math.ceil(toMs / QUARTER_MS) * QUARTER_MS,
})

/** Steps over the window. Days are the site's, of 24 hours: where clocks change in the window they move by an hour. */
function gridOf(window: TimeWindow, resolution: EnergyStep, timeZone: string): Grid {
  const stepMs = STEP_MS[resolution]
  const t0Ms =
    resolution === '1d'
      ? localDayStart(window.fromMs, timeZone)
      : Math.floor(window.fromMs / stepMs) * stepMs
  return { t0Ms, stepMs, count: Math.ceil((window.toMs - t0Ms) / stepMs) }
}

const SUMS = [
  'sum_capacity_ms',
  'sum_energy_mj',
  'sum_counter_mj',
  'sum_counter_ms',
  'sum_power_mj',
  'sum_power_ms',
  'sum_bridged_mj',
  'sum_both_counter_mj',
  'sum_both_power_mj',
] as const

type Sums = Readonly<Record<(typeof SUMS)[number], bigint>>

function groupOf(
  key: Record<string, string>,
  rows: readonly EnergySumsRow[],
  grid: Grid | null,
): DeviceEnergyGroup {
  const of = (name: keyof Sums) => rows.reduce((sum, row) => sum + row[name], 0n)
  const energy = of('sum_energy_mj')
  const capacity = of('sum_capacity_ms')
  return {
    key,
    kwh: kwhOf(energy),
    capacity_device_hours: Number(capacity) / HOUR_MS,
    coverage: ratioOf(of('sum_counter_ms') + of('sum_power_ms'), capacity),
    by_counter: ratioOf(of('sum_counter_mj'), energy),
    by_power: ratioOf(of('sum_power_mj'), energy),
    bridged: ratioOf(of('sum_bridged_mj'), energy),
    resets: rows.reduce((sum, row) => sum + row.sum_resets, 0),
    rejected: rows.reduce((sum, row) => sum + row.sum_rejected, 0),
    agreement: ratioOf(of('sum_both_counter_mj'), of('sum_both_power_mj')),
    ...(grid === null ? {} : { series: seriesOf(rows, grid) }),
  }
}

function seriesOf(rows: readonly EnergySumsRow[], { t0Ms, stepMs, count }: Grid) {
  const bySlot = new Map(rows.map((row) => [row.slot, row]))
  const points = Array.from({ length: count }, (_, slot) => bySlot.get(slot))
  return {
    unit: 'kwh' as const,
    t0: t0Ms,
    step_ms: stepMs,
    values: points.map((row) => (row === undefined ? null : kwhOf(row.sum_energy_mj))),
    coverage: points.map((row) =>
      row === undefined
        ? null
        : ratioOf(row.sum_counter_ms + row.sum_power_ms, row.sum_capacity_ms),
    ),
  }
}

const kwhOf = (mj: bigint) => Number(mj) / MJ_PER_KWH
