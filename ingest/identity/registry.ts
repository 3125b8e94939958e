import { deviceId, isSlotKey, keyKind } from './device-id.ts'

/** One row of device_aliases. */
export interface AliasRow {
  readonly key: string
  readonly deviceId: bigint
  /** Epoch ms of the tick that first showed the key under this device. */
  readonly atMs: number
}

/** A new identity was met where another one sat: the old one's capacity ends at that instant. */
export interface Replacement {
  readonly slot: string
  readonly oldId: bigint
  readonly newId: bigint
  readonly atMs: number
}

/** What identifying one device gave: its id, keys not yet known under it, and whom it displaced. */
export interface Identified {
  readonly id: bigint
  readonly newAliases: readonly AliasRow[]
  readonly replaced: Replacement | null
}

export interface IdentityRegistry {
  /**
   * The device these keys (strongest first, already fleet-wide) belong to at a tick. Any known key leads
   * to its device, except that a slot whose device has another key of the same kind means a replacement.
   * Remembers what it answers; the caller stores `newAliases` before any sample of the device.
   */
  identify(keys: readonly string[], atMs: number): Identified
  /** Learns what other processes stored; rows that are known already change nothing. */
  adopt(rows: readonly AliasRow[]): Adopted
  /** The device of one key, or null when nobody delivered it yet. */
  lookup(key: string): bigint | null
  /** Grows with every key learned: an answer remembered under the same number still holds. */
  readonly version: number
}

/** What the words of other processes changed here. */
export interface Adopted {
  /** A device that sat in a slot was followed by another one. */
  readonly replacements: readonly Replacement[]
  /** To be stored: keys of a device that another process had named otherwise, under its name now. */
  readonly merged: readonly AliasRow[]
  /** Strong keys that this process had under another device. */
  readonly conflicts: number
}

interface Known {
  /** Keys other than slots, by kind: two values of one kind are two devices. */
  readonly strong: Map<string, string>
  slot: string | null
  slotAtMs: number
}

/** Identities in memory, restored from the rows of device_aliases. */
export function createIdentityRegistry(rows: Iterable<AliasRow>): IdentityRegistry {
  const byKey = new Map<string, bigint>()
  const known = new Map<bigint, Known>()
  let version = 0

  const learn = (key: string, id: bigint, atMs: number) => {
    version += 1
    byKey.set(key, id)
    const entry = known.get(id) ?? { strong: new Map(), slot: null, slotAtMs: -Infinity }
    known.set(id, entry)
    if (!isSlotKey(key)) entry.strong.set(keyKind(key), key)
    else if (atMs >= entry.slotAtMs) Object.assign(entry, { slot: key, slotAtMs: atMs })
  }
  for (const row of rows) learn(row.key, row.deviceId, row.atMs)

  const isAnotherDevice = (id: bigint, keys: readonly string[]) => {
    const strong = known.get(id)?.strong
    return keys.some((key) => {
      const other = isSlotKey(key) ? undefined : strong?.get(keyKind(key))
      return other !== undefined && other !== key
    })
  }
  const find = (keys: readonly string[]): bigint | null => {
    for (const key of keys) {
      const id = byKey.get(key)
      if (id !== undefined && !(isSlotKey(key) && isAnotherDevice(id, keys))) return id
    }
    return null
  }
  /** A strong key stays with the device it was first met under; a slot follows who sat in it last. */
  const isNews = (key: string, id: bigint, atMs: number) => {
    const owner = byKey.get(key)
    if (owner === undefined) return true
    const sitting = known.get(owner)
    if (!isSlotKey(key) || sitting === undefined) return false
    if (owner === id) return sitting.slot !== key && atMs > sitting.slotAtMs
    return sitting.slot !== key || atMs >= sitting.slotAtMs
  }
  /** Only where the old one was last seen: a card that has moved on is not retired by its successor. */
  const displaced = (key: string, id: bigint, atMs: number): Replacement | null => {
    const oldId = byKey.get(key)
    if (!isSlotKey(key) || oldId === undefined || oldId === id) return null
    return known.get(oldId)?.slot === key ? { slot: key, oldId, newId: id, atMs } : null
  }

  /** The slot's owner here and the one there never showed two keys of one kind: one device with two names. */
  const isSameDevice = (here: bigint, there: bigint) =>
    !isAnotherDevice(here, [...(known.get(there)?.strong.values() ?? [])])
  const adoptStrong = ({ key, deviceId: id, atMs }: AliasRow): boolean => {
    const owner = byKey.get(key)
    if (owner === id) return false
    if (owner !== undefined) known.get(owner)?.strong.delete(keyKind(key))
    learn(key, id, atMs)
    return owner !== undefined
  }
  /** Who sits in a slot, by somebody else's word; older words than ours are passed over. */
  const adoptSlot = ({ key, deviceId: id, atMs }: AliasRow, merged: AliasRow[]) => {
    const owner = byKey.get(key)
    const sitting = owner === undefined ? undefined : known.get(owner)
    if (owner === id) {
      if (sitting?.slot !== key || atMs > sitting.slotAtMs) learn(key, id, atMs)
      return null
    }
    if (sitting?.slot === key && atMs < sitting.slotAtMs) return null
    if (owner === undefined || sitting?.slot !== key) {
      learn(key, id, atMs)
      return null
    }
    if (!isSameDevice(owner, id)) {
      learn(key, id, atMs)
      return { slot: key, oldId: owner, newId: id, atMs }
    }
    for (const strong of sitting.strong.values()) {
      learn(strong, id, atMs)
      merged.push({ key: strong, deviceId: id, atMs })
    }
    sitting.strong.clear()
    learn(key, id, atMs)
    return null
  }

  return {
    adopt(rows) {
      const merged: AliasRow[] = []
      // Strong keys first: they tell a device with two names from two devices.
      const slots = rows.filter(({ key }) => isSlotKey(key)).toSorted((a, b) => a.atMs - b.atMs)
      const conflicts = rows.filter((row) => !isSlotKey(row.key) && adoptStrong(row)).length
      const replacements = slots.flatMap((row) => adoptSlot(row, merged) ?? [])
      return { replacements, merged, conflicts }
    },
    identify(keys, atMs) {
      const id = find(keys) ?? deviceId(keys[0] ?? '')
      const newAliases: AliasRow[] = []
      let replaced: Replacement | null = null
      for (const key of keys) {
        if (!isNews(key, id, atMs)) continue
        replaced ??= displaced(key, id, atMs)
        learn(key, id, atMs)
        newAliases.push({ key, deviceId: id, atMs })
      }
      return { id, newAliases, replaced }
    },
    lookup: (key) => byKey.get(key) ?? null,
    get version() {
      return version
    },
  }
}
