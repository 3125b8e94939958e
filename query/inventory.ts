import {
  type CapacityRow,
  type FaultRate,
  INVENTORY_ROWS_MAX,
  type InventoryAnswer,
  type ModelInventory,
  type VersionItem,
} from '#schemas/api-inventory.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { hostRanges } from './host-ranges.ts'
import { poissonBounds } from './poisson.ts'
import {
  inventoryCapacity,
  inventoryDays,
  inventoryVersions,
  type VersionRow,
} from './queries/inventory.ts'
import { DAY_MS, iso } from './window.ts'

/** Nodes of one version that are named; a hostlist is cut long before. */
const NODES_MAX = 5_000
const ROWS_MAX = 20_000

export interface InventoryDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly simulated: boolean
}

/** Rejects as the reader does. */
export async function inventoryOf(
  { reader, clock, simulated }: InventoryDeps,
  { days: daysAsked }: { readonly days: number },
): Promise<InventoryAnswer> {
  const now_ms = clock()
  const asked = { from_s: Math.floor((now_ms - daysAsked * DAY_MS) / 1000), to_s: seconds(now_ms) }
  const [found] = await inventoryDays.run(reader, asked)
  const days = found?.days ?? 0
  // A day is of the site's zone: whole days lie between the first beginning and the last one's end.
  const from_s = days === 0 ? asked.to_s : (found?.first_s ?? 0)
  const to_s = days === 0 ? asked.to_s : Math.min(asked.to_s, (found?.last_s ?? 0) + DAY_MS / 1000)
  const [capacity, versions] = await Promise.all([
    inventoryCapacity.run(reader, { now_ms, nodes_max: NODES_MAX, limit: ROWS_MAX }),
    inventoryVersions.run(reader, { now_ms, from_s, to_s, nodes_max: NODES_MAX, limit: ROWS_MAX }),
  ])
  return {
    definition: DEFINITION_SET,
    at: iso(now_ms),
    from: days === 0 ? null : iso(from_s * 1000),
    to: days === 0 ? null : iso(to_s * 1000),
    days_asked: daysAsked,
    days,
    has_inventory: capacity.some(({ listed }) => listed > 0),
    capacity: capacity.slice(0, INVENTORY_ROWS_MAX).map((row): CapacityRow => {
      const { listed: _listed, never_seen_nodes, unlisted_nodes, ...told } = row
      return {
        ...told,
        never_seen_nodes: hostRanges(never_seen_nodes),
        unlisted_nodes: hostRanges(unlisted_nodes),
      }
    }),
    models: modelsOf(versions).slice(0, INVENTORY_ROWS_MAX),
    simulated,
  }
}

const seconds = (ms: number) => Math.floor(ms / 1000)

/** Versions by model; those of one name with the most devices first. */
export function modelsOf(rows: readonly VersionRow[]): ModelInventory[] {
  return rows
    .filter(({ name }) => name === '')
    .map(({ vendor, model, devices, ...counts }) => {
      const own = rows.filter(
        (row) => row.name !== '' && row.vendor === vendor && row.model === model,
      )
      const rate = rateOf(counts)
      const names = [...new Set(own.map(({ name }) => name))].toSorted()
      return {
        vendor,
        model,
        devices,
        rate,
        versions: names.map((name) => {
          const same = own.filter((row) => row.name === name)
          const values = valuesOf(same, rate)
          return {
            name,
            told: sum(values),
            drifted: sum(values.filter((value) => !value.is_majority)),
            values: values.slice(0, INVENTORY_ROWS_MAX),
          }
        }),
      }
    })
}

const sum = (values: readonly VersionItem[]) =>
  values.reduce((all, { devices }) => all + devices, 0)

function valuesOf(rows: readonly VersionRow[], ofModel: FaultRate): VersionItem[] {
  const ordered = rows.toSorted((a, b) => b.devices - a.devices || (a.value < b.value ? -1 : 1))
  return ordered.map((row, at) => {
    const rate = rateOf(row)
    return {
      value: row.value,
      devices: row.devices,
      is_majority: at === 0,
      nodes: at === 0 ? '' : hostRanges(row.nodes),
      rate,
      is_worse:
        ordered.length > 1 &&
        rate.low !== null &&
        ofModel.per_thousand !== null &&
        rate.low > ofModel.per_thousand,
    }
  })
}

function rateOf({
  faults,
  faulty_devices,
  device_days,
}: Pick<VersionRow, 'faults' | 'faulty_devices' | 'device_days'>): FaultRate {
  const counts = { faults, faulty_devices, device_days }
  if (device_days <= 0) return { ...counts, per_thousand: null, low: null, high: null }
  const per = (events: number) => (1000 * events) / device_days
  const { low, high } = poissonBounds(faults)
  return { ...counts, per_thousand: per(faults), low: per(low), high: per(high) }
}
