import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { SupplyOf } from './facility/loop-supplies.ts'
import type { thermalGroups } from './queries/thermal.ts'
import { OUTLIER_SCORE, peerFigures, type PeerFigures, type PeerGroup } from './thermal-figures.ts'

type GroupRow = Awaited<ReturnType<typeof thermalGroups.run>>[number]
export type HeatPlace = Pick<GroupRow, 'cluster' | 'hall' | 'rack' | 'vendor' | 'model'>

/** One device's heat over the window. */
export interface DeviceHeat {
  readonly place: HeatPlace
  readonly id: string
  readonly node: string
  readonly celsius: number | null
  readonly celsiusMax: number | null
  readonly margin: number | null
  readonly marginSource: 'device' | 'model' | null
  readonly watts: number | null
  readonly capacityMs: number
  readonly temperatureMs: number
  readonly powerMs: number
  readonly throttledSeconds: number
  /** Beside its peers; worked out when first asked for. */
  readonly peers: () => PeerFigures
}

/** The devices of every group; `supplyOf` tells what a rack is supplied with, where a loop is known. */
export function devicesOf(
  rows: readonly GroupRow[],
  models: ModelCatalogue,
  supplyOf: SupplyOf = () => null,
): DeviceHeat[] {
  return rows.flatMap((row) => groupDevices(row, models, supplyOf(row)))
}

function groupDevices(
  row: GroupRow,
  models: ModelCatalogue,
  supplyCelsius: number | null,
): DeviceHeat[] {
  const { cluster, hall, rack, vendor, model } = row
  const place = { cluster, hall, rack, vendor, model }
  const entry = models.find(model)
  const slowdown = entry?.temperature_slowdown_celsius?.value ?? null
  const points: { celsius: number; watts: number | null; at: number }[] = []
  row.ids.forEach((_, at) => {
    const celsius = celsiusAt(row, at)
    if (celsius !== null) points.push({ celsius, watts: wattsAt(row, at), at })
  })
  const group: PeerGroup = {
    points,
    // Where nobody knows, devices are compared at similar power.
    supplyCelsius,
    capWatts: entry?.power_cap_watts?.value ?? null,
  }
  const placeOf = new Map(points.map(({ at }, index) => [at, index]))
  return row.ids.map((id, at): DeviceHeat => {
    const celsiusMax = row.temperature_max[at] ?? null
    const told = row.margin_min[at] ?? null
    const ofModel = slowdown === null || celsiusMax === null ? null : slowdown - celsiusMax
    const margin = told ?? ofModel
    let known: PeerFigures | undefined
    return {
      place,
      id,
      node: row.nodes[at] ?? '',
      celsius: celsiusAt(row, at),
      celsiusMax,
      margin,
      marginSource: told !== null ? 'device' : margin !== null ? 'model' : null,
      watts: wattsAt(row, at),
      capacityMs: row.capacity_ms[at] ?? 0,
      temperatureMs: row.temperature_known_ms[at] ?? 0,
      powerMs: row.power_known_ms[at] ?? 0,
      throttledSeconds: (row.throttled_heat_ms_x1000[at] ?? 0) / 1_000_000,
      peers: () => (known ??= figuresAt(group, placeOf.get(at))),
    }
  })
}

/** Without a temperature of its own a device has no place among the points. */
const figuresAt = (group: PeerGroup, index: number | undefined): PeerFigures => {
  const [figures] = index === undefined ? [] : peerFigures(group, [index])
  return figures ?? NO_TEMPERATURE
}

const NO_TEMPERATURE: PeerFigures = {
  reference: 'peers',
  unit: 'celsius',
  peers: 0,
  resistance: null,
  median: null,
  mad: null,
  deviation: null,
  score: null,
  reason: 'no_temperature',
}

const celsiusAt = (row: GroupRow, at: number) =>
  (row.temperature_known_ms[at] ?? 0) > 0 ? (row.temperature_mc[at] ?? 0) / 1000 : null
const wattsAt = (row: GroupRow, at: number) =>
  (row.power_known_ms[at] ?? 0) > 0 ? (row.power_mw[at] ?? 0) / 1000 : null

export const isOutlier = ({ score }: PeerFigures) => score !== null && score >= OUTLIER_SCORE
