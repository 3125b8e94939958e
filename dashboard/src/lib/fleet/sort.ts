import type { FleetGroup } from '#schemas/api.ts'

/** Sorting of the group table. Groups without a value go last, whichever way it is sorted. */

export const COLUMNS = [
  'name',
  'now',
  'utilization',
  'memory',
  'coverage',
  'devices',
  'power',
] as const
export type Column = (typeof COLUMNS)[number]
export interface Order {
  readonly column: Column
  readonly descending: boolean
}

export interface Row {
  readonly name: string
  readonly group: FleetGroup
  /** The same group in the last closed minute, where the live stream has it. */
  readonly now: FleetGroup | null
}

/** Rows of the groups of one dimension, each with its live counterpart. */
export function rowsOf(
  dimension: string,
  groups: readonly FleetGroup[],
  live: readonly FleetGroup[],
): Row[] {
  const liveByName = new Map(live.map((group) => [group.key[dimension] ?? '', group]))
  return groups.map((group) => {
    const name = group.key[dimension] ?? ''
    return { name, group, now: liveByName.get(name) ?? null }
  })
}

function valueOf(row: Row, column: Column): number | null {
  switch (column) {
    case 'name':
      return null
    case 'now':
      return row.now?.utilization ?? null
    case 'memory':
      return row.group.memory_used.value
    case 'power':
      return row.group.power_watts
    case 'devices':
      return row.group.devices
    default:
      return row.group[column]
  }
}

export function sortRows(rows: readonly Row[], { column, descending }: Order): Row[] {
  const sign = descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const byName = a.name.localeCompare(b.name, undefined, { numeric: true })
    if (column === 'name') return sign * byName
    const [x, y] = [valueOf(a, column), valueOf(b, column)]
    if (x === null || y === null) return x === y ? byName : x === null ? 1 : -1
    return x === y ? byName : sign * (x - y)
  })
}

/** A click on a column: turns the order of the current one, starts a new one where it is most telling. */
export function nextOrder(order: Order, column: Column): Order {
  if (order.column === column) return { column, descending: !order.descending }
  // Low utilization and low coverage are what one looks for; many devices and watts likewise.
  return { column, descending: column === 'devices' || column === 'power' }
}

/** Shares of known time by busy source, largest first. */
export function sourceShares(group: FleetGroup): { source: string; share: number }[] {
  const entries = Object.entries(group.busy_sources).filter(([, seconds]) => seconds > 0)
  const total = entries.reduce((sum, [, seconds]) => sum + seconds, 0)
  return entries
    .map(([source, seconds]) => ({ source, share: seconds / total }))
    .sort((a, b) => b.share - a.share)
}
