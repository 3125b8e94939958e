import { deviceId, keyKind } from '../identity/device-id.ts'
import type { AliasRow } from '../identity/registry.ts'
import type { DeviceName, Seat, Seats } from './seats.ts'

/** What is known of keys; the identity registry is one. */
export interface Keys {
  /** The device of one fleet-wide key, or null when nobody delivered or listed it yet. */
  lookup(key: string): bigint | null
}

/** Who is meant by an entry of the journal. */
export interface Naming {
  /** The device that an inventory lists; null = wait until it shows itself. */
  listed(name: DeviceName, atMs: number): bigint | null
  /** The device, or all devices of the node, at a moment; empty = wait until one shows itself. */
  meant(name: Omit<DeviceName, 'bus' | 'cluster'>, atMs: number): readonly bigint[]
  /** Keys that were given to devices here, to be stored before anything else of them. */
  readonly aliases: readonly AliasRow[]
}

/**
 * Names devices for one entry. A key leads to its device; one that nobody knows becomes the key of the device that
 * sits at the listed place, unless that one showed another key of its kind, else the id is the key's own hash, and
 * an alias keeps the device under it when it first reports.
 */
export function createNaming(keys: Keys, seats: Seats): Naming {
  const aliases: AliasRow[] = []
  const added = new Map<string, bigint>()
  const lookup = (key: string) => added.get(key) ?? keys.lookup(key)
  /** At the beginning of time: whatever a collector says of the key is later and wins. */
  const learn = (key: string, id: bigint) => {
    added.set(key, id)
    aliases.push({ key, deviceId: id, atMs: 0 })
    return id
  }
  const known = (name: DeviceName) => {
    for (const key of seats.fleetKeys(name)) {
      const id = lookup(key)
      if (id !== null) return id
    }
    return null
  }
  const sitting = ({ node, index, bus, cluster }: DeviceName, atMs: number): Seat | undefined => {
    if (node === '' || (index === null && bus === '')) return undefined
    return seats
      .ofNode(node, atMs)
      .find(
        (seat) =>
          (bus === '' ? seat.index === index : seat.bus === bus) &&
          (cluster === '' || seat.cluster === cluster),
      )
  }
  return {
    aliases,
    listed(name, atMs) {
      const seat = sitting(name, atMs)
      if (name.key === '') return seat?.deviceId ?? null
      const found = known(name)
      if (found !== null) return found
      const [key] = seats.fleetKeys(name)
      // A slot without a cluster, of a node nobody has heard of.
      if (key === undefined) return null
      const isItsOwn = seat !== undefined && canBe(seat, key)
      return learn(key, isItsOwn ? seat.deviceId : deviceId(key))
    },
    meant({ key, node, index }, atMs) {
      if (key !== '') {
        const id = known({ key, node, index, bus: '', cluster: '' })
        return id === null ? [] : [id]
      }
      const all = seats.ofNode(node, atMs)
      return all
        .filter((seat) => index === null || seat.index === index)
        .map((seat) => seat.deviceId)
    },
  }
}

/** A device whose name is a key of the same kind is another one: two UUIDs are two devices. */
const canBe = (seat: Seat, key: string) => keyKind(seat.canonicalKey) !== keyKind(key)
