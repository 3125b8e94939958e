import { fleetKey } from '../identity/device-id.ts'

/** A device at a place in a node, from when to when it was said to be there. */
export interface Seat {
  readonly deviceId: bigint
  /** The strongest key it showed there. */
  readonly canonicalKey: string
  readonly cluster: string
  readonly node: string
  /** -1 = not told. */
  readonly index: number
  readonly bus: string
  readonly fromMs: number
  readonly lastMs: number
}

/** How an entry names a device; empty and null = not said. */
export interface DeviceName {
  readonly key: string
  readonly node: string
  readonly index: number | null
  readonly bus: string
  readonly cluster: string
}

/** Which devices sat where. */
export interface Seats {
  /** Devices of a node at a moment, one per seat, in the order of their ids. */
  ofNode(node: string, atMs: number): readonly Seat[]
  /** Somebody has described this device. */
  has(deviceId: bigint): boolean
  /** The fleet-wide forms that a key may have: a slot is only unique within a cluster. */
  fleetKeys(name: DeviceName): readonly string[]
}

/** Seats by node, from rows of `devices`. */
export function createSeats(rows: Iterable<Seat>): Seats {
  const byDevice = new Map<bigint, Seat[]>()
  const byNode = new Map<string, Set<bigint>>()
  const clusters = new Map<string, Set<string>>()
  const addTo = <Key, Value>(map: Map<Key, Set<Value>>, key: Key, value: Value) =>
    void map.set(key, (map.get(key) ?? new Set()).add(value))
  for (const seat of rows) {
    const own = byDevice.get(seat.deviceId)
    if (own === undefined) byDevice.set(seat.deviceId, [seat])
    else own.push(seat)
    addTo(byNode, seat.node, seat.deviceId)
    addTo(clusters, seat.node, seat.cluster)
  }
  return {
    ofNode(node, atMs) {
      const sitting = new Map<string, Seat>()
      for (const id of byNode.get(node) ?? []) {
        const seat = seatAt(byDevice.get(id) ?? [], atMs)
        if (seat?.node !== node) continue
        const slot = `${seat.cluster} ${seat.bus === '' ? seat.index : `bus ${seat.bus}`}`
        const other = sitting.get(slot)
        if (other === undefined || isLater(seat, other, atMs)) sitting.set(slot, seat)
      }
      return [...sitting.values()].toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
    },
    has: (id) => byDevice.has(id),
    fleetKeys({ key, cluster }) {
      if (!key.startsWith('slot:')) return [key]
      if (cluster !== '') return [fleetKey(cluster, key, null)]
      const node = key.slice('slot:'.length).split('/')[0] ?? ''
      return [...(clusters.get(node) ?? [])].map((one) => fleetKey(one, key, null))
    },
  }
}

/** Where a device sat at a moment: what was said last until then, or first afterwards. */
function seatAt(seats: readonly Seat[], atMs: number): Seat | undefined {
  let found: Seat | undefined
  for (const seat of seats) if (found === undefined || isLater(seat, found, atMs)) found = seat
  return found
}

/** Whether one of two seats is the one that counts at a moment. */
function isLater(one: Seat, other: Seat, atMs: number): boolean {
  const [isPast, wasPast] = [one.fromMs <= atMs, other.fromMs <= atMs]
  if (isPast !== wasPast) return isPast
  if (!isPast) return one.fromMs < other.fromMs
  const [until, otherUntil] = [Math.min(one.lastMs, atMs), Math.min(other.lastMs, atMs)]
  return until === otherUntil ? one.fromMs > other.fromMs : until > otherUntil
}
