import type { MeasuredAnswer, MeasuredSource } from '#schemas/api-measured.ts'
import { BUSY_LADDER } from '#schemas/busy-ladder.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { countDevices } from './device-count.ts'
import { type Filters, parseFilters } from './filters.ts'
import { type FleetDeps, type FleetQuestion, frame, settledWindow } from './fleet.ts'
import { TIER_COLUMNS } from './fleet-metrics.ts'
import { readSums } from './fleet-sums.ts'
import { tiersOf } from './ledger/tiers.ts'
import { planOf } from './plan-of.ts'
import { measuredCounters, measuredSources } from './queries/measured.ts'
import { emptySums, ratioOf, rowKey, type Sums, utilizationOf } from './sums.ts'
import { iso, MINUTE_MS, type TimeWindow } from './window.ts'

/** Minutes over which counters are read: enough for a typical value, and cheap on a fleet of any size. */
const READ_MINUTES = 5
/** No busy source has this code. */
const NO_SOURCE = 255

/** What counters are read as, by place in BUSY_LADDER. */
const SOURCE_CODES = BUSY_LADDER.map((step) =>
  'source' in step ? BUSY_SOURCES.indexOf(step.source) : NO_SOURCE,
)

/** GET /api/v1/utilization/sources. Throws E_RANGE_INVALID, E_FILTER_INVALID and the reader's errors. */
export async function measuredAnswer(
  deps: FleetDeps,
  asked: Omit<FleetQuestion, 'groupBy'>,
): Promise<MeasuredAnswer> {
  const filters = parseFilters(asked.filters)
  const { window, published } = await settledWindow(deps, asked)
  const { fields } = filters
  const plan = await planOf(deps, { ...window, fields, stepMs: null }, published)
  const grouping = { t0Ms: window.fromMs, stepMs: 0, groupBy: [], filters, columns: TIER_COLUMNS }
  const read = readWindow(window, published.settledUntilMs)
  const [groups, devices, sources, counters] = await Promise.all([
    readSums(deps.reader, plan, { ...grouping, bySource: true, states: true }),
    countDevices(deps, { window, published, groupBy: [], filters }),
    read === null
      ? []
      : measuredSources.run(deps.reader, { ...filters.params, ...inSeconds(read) }),
    read === null ? [] : readCounters(deps, filters, read),
  ])
  const id = rowKey([], [])
  const sums = groups.get(id)?.steps.get(0) ?? emptySums()
  const now = new Map(sources.map((row) => [row.busy_source, row.devices]))
  const hasRead = sources.length > 0
  return {
    ...frame(deps, { window, plan, published }),
    devices: devices.get(id) ?? 0,
    ...utilizationOf(sums),
    tiers: tiersOf(sums),
    sources: sourcesOf(sums, now),
    read_from: read === null || !hasRead ? null : iso(read.fromMs),
    read_to: read === null || !hasRead ? null : iso(read.toMs),
    read_devices: sources.reduce((sum, row) => sum + row.devices, 0),
    counters,
  }
}

/** The newest settled minutes of a window; null where nothing of it is settled. */
export function readWindow(window: TimeWindow, settledUntilMs: number | null): TimeWindow | null {
  const toMs = Math.min(window.toMs, settledUntilMs ?? 0)
  const fromMs = Math.max(window.fromMs, toMs - READ_MINUTES * MINUTE_MS)
  return fromMs < toMs ? { fromMs, toMs } : null
}

const inSeconds = ({ fromMs, toMs }: TimeWindow) => ({
  from_s: fromMs / 1000,
  to_s: toMs / 1000,
})

async function readCounters(
  { reader }: Pick<FleetDeps, 'reader'>,
  filters: Filters,
  read: TimeWindow,
): Promise<MeasuredAnswer['counters']> {
  const rows = await measuredCounters.run(reader, {
    ...filters.params,
    ...inSeconds(read),
    everywhere: Number(filters.fields.length === 0),
    sources: SOURCE_CODES,
  })
  return rows.flatMap(({ counter, devices, busy_devices, spread: [p10, p50, p90] }) => {
    const step = BUSY_LADDER[counter - 1]
    return step === undefined ? [] : [{ metric: step.metric, devices, busy_devices, p10, p50, p90 }]
  })
}

/** Sources by known time; one that speaks only now has no settled time yet and is left to the next answer. */
function sourcesOf(sums: Sums, devicesNow: ReadonlyMap<number, number>): MeasuredSource[] {
  return [...(sums.bySource ?? [])]
    .toSorted((a, b) => Number(b[1].known - a[1].known) || a[0] - b[0])
    .map(([code, { known, busyX1000 }]) => ({
      source: BUSY_SOURCES[code] ?? `source_${code}`,
      known_device_seconds: Number(known) / 1000,
      share: ratioOf(known, sums.known),
      utilization: ratioOf(busyX1000, known * 1000n),
      devices: devicesNow.get(code) ?? 0,
    }))
}
