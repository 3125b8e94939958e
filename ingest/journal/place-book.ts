import type { InventoryDevice, NodePlace } from '#schemas/journal.ts'
import { OPEN_MS } from '../settle/capacity.ts'
import type { EntryHead } from './inventory.ts'
import type { Span } from './spans.ts'

const FIELDS = ['site', 'cluster', 'hall', 'rack', 'pool'] as const
type Place = Readonly<Record<(typeof FIELDS)[number], string>>

/** One row of `places`: of a device, or, with device 0, of all devices of a node. */
export interface StoredPlace extends Place {
  readonly deviceId: bigint
  readonly node: string
  readonly fromMs: number
  readonly version: number
}

/** What one entry makes of the places of its devices and nodes. */
export interface PlaceBook {
  /**
   * A device stands where the inventory lists it: from its first date at first, from the entry on when it was somewhere
   * else before, or from when it was accepted there. `firstMs` is when the device is known from without a date.
   */
  device(deviceId: bigint, listed: InventoryDevice, firstMs: number | null): void
  node(place: NodePlace): void
  writes(): readonly StoredPlace[]
  changes(): readonly Span[]
}

export function createPlaceBook(stored: readonly StoredPlace[], entry: EntryHead): PlaceBook {
  const rows = new Map<string, StoredPlace[]>()
  const own = new Set<StoredPlace>()
  const spans: Span[] = []
  const keyOf = ({ deviceId, node }: Pick<StoredPlace, 'deviceId' | 'node'>) =>
    deviceId === 0n ? `node ${node}` : `device ${deviceId}`
  for (const row of stored.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const key = keyOf(row)
    rows.set(key, [...(rows.get(key) ?? []), row])
  }
  const tell = ({ fromMs }: StoredPlace, all: readonly StoredPlace[]) => {
    const next = all.find((other) => other.fromMs > fromMs)
    spans.push({ fromMs, toMs: next?.fromMs ?? OPEN_MS })
  }
  const put = (place: StoredPlace) => {
    const key = keyOf(place)
    const all = rows.get(key) ?? []
    const inForce = all.findLast((row) => row.fromMs <= place.fromMs)
    if (inForce !== undefined && isSamePlace(inForce, place)) {
      // What is so already needs no row; but one of this very entry is what a crash left of it, and nobody was told.
      if (inForce.version === place.version && !own.has(inForce)) tell(inForce, all)
      return
    }
    const others = all.filter((row) => row.fromMs !== place.fromMs)
    const replaced = all.find((row) => row.fromMs === place.fromMs)
    if (replaced !== undefined && replaced.version > place.version) return
    if (replaced !== undefined) own.delete(replaced)
    // The key of the table holds the node too: a row at the same moment keeps the name it has.
    const row = replaced === undefined ? place : { ...place, node: replaced.node }
    own.add(row)
    rows.set(
      key,
      [...others, row].toSorted((a, b) => a.fromMs - b.fromMs),
    )
    tell(row, others)
  }
  return {
    device(deviceId, listed, firstMs) {
      if (FIELDS.every((field) => listed[field] === '')) return
      const fromMs = Math.min(
        deviceFrom(rows.get(`device ${deviceId}`) ?? [], listed, firstMs, entry.atMs),
        OPEN_MS,
      )
      put({ deviceId, node: listed.node, fromMs, ...placeOf(listed), version: entry.sequence })
    },
    node(place) {
      const known = rows.get(`node ${place.node}`) ?? []
      const fromMs = Math.min(nodeFrom(known, place, entry), OPEN_MS)
      put({ deviceId: 0n, node: place.node, fromMs, ...placeOf(place), version: entry.sequence })
    },
    writes: () => [...own],
    changes: () => spans,
  }
}

function deviceFrom(
  all: readonly StoredPlace[],
  { delivered_ms, accepted_ms }: InventoryDevice,
  firstMs: number | null,
  atMs: number,
): number {
  const last = all.at(-1)
  if (last === undefined) {
    const dates = [delivered_ms, accepted_ms].filter((date) => date !== null)
    return dates.length > 0 ? Math.min(...dates) : (firstMs ?? atMs)
  }
  const isAcceptedSince = accepted_ms !== null && accepted_ms > last.fromMs && accepted_ms <= atMs
  return isAcceptedSince ? accepted_ms : Math.max(atMs, last.fromMs)
}

/**
 * Without a date (0): for ever where nothing was known of the node, else from the entry on, as for devices. Rows of
 * this very entry are what a crash left of it, not what was known.
 */
function nodeFrom(all: readonly StoredPlace[], { from_ms }: NodePlace, entry: EntryHead): number {
  const last = all.findLast(({ version }) => version < entry.sequence)
  return from_ms !== 0 || last === undefined ? from_ms : Math.max(entry.atMs, last.fromMs)
}

const placeOf = ({ site, cluster, hall, rack, pool }: Place): Place => ({
  site,
  cluster,
  hall,
  rack,
  pool,
})

const isSamePlace = (one: Place, other: Place) =>
  FIELDS.every((field) => one[field] === other[field])
