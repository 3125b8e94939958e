import type { DeviceReading } from '#schemas/reading.ts'
import { newPin } from './busy.ts'
import { contradicts, joinKeys, keysOf, nodeOf, slotOf } from './identity.ts'
import type { Tracked } from './merge.ts'
import type { TargetRead } from './runner.ts'

/** Devices one target may name, partitions included: 16 boards of 7 slices, eight times over. */
export const DEVICES_PER_TARGET = 1024
/** A device nobody named for this long is forgotten; its identity comes from its keys again, ms. */
const FORGET_MS = 3_600_000

/** A reading and the device it is of. */
export interface Resolved {
  readonly tracked: Tracked
  readonly reading: DeviceReading
  readonly keys: readonly string[]
  readonly node: string
}

export interface Registry {
  /** Finds or enters the device of every reading. */
  resolve(
    read: TargetRead,
    refuse: (reason: string, line: string) => void,
  ): { readonly devices: readonly Resolved[]; readonly replaced: readonly string[] }
  /** Devices that a target named within the last hour. */
  devicesOf(id: string): Iterable<Tracked>
  forgetTarget(id: string): void
  rewind(): void
  size(): number
}

/**
 * Which device a reading is of: any known key decides; a new key at a known place is a stronger name for the
 * device there, unless it contradicts the name that device has: then it is another device, which took
 * its place.
 */
export function createRegistry(): Registry {
  const byKey = new Map<string, Tracked>()
  const bySlot = new Map<string, Tracked>()
  const byTarget = new Map<string, Set<Tracked>>()
  let count = 0

  const forget = (tracked: Tracked) => {
    for (const key of tracked.keys) if (byKey.get(key) === tracked) byKey.delete(key)
    if (tracked.slot !== null && bySlot.get(tracked.slot) === tracked) bySlot.delete(tracked.slot)
    for (const id of tracked.parts.keys()) byTarget.get(id)?.delete(tracked)
    count--
  }
  const enter = (keys: readonly string[], slot: string | null): Tracked => {
    const tracked: Tracked = {
      keys,
      slot: null,
      parts: new Map(),
      pin: newPin(),
      device: null,
      isChanged: true,
      lastTickMs: 0,
      seenMs: 0,
      held: null,
    }
    count++
    for (const key of keys) byKey.set(key, tracked)
    if (slot !== null && !bySlot.has(slot)) {
      tracked.slot = slot
      bySlot.set(slot, tracked)
    }
    return tracked
  }
  const addKeys = (tracked: Tracked, keys: readonly string[]) => {
    const joined = joinKeys(tracked.keys, keys)
    if (joined === tracked.keys) return
    tracked.keys = joined
    tracked.isChanged = true
    for (const key of joined) if (!byKey.has(key)) byKey.set(key, tracked)
  }
  const sweep = (targets: Set<Tracked>, tickMs: number) => {
    for (const tracked of targets)
      if (tickMs - tracked.seenMs > FORGET_MS) {
        targets.delete(tracked)
        forget(tracked)
      }
  }
  return {
    resolve(read, refuse) {
      const known = byTarget.get(read.id) ?? new Set<Tracked>()
      byTarget.set(read.id, known)
      sweep(known, read.tickMs)
      const replaced: string[] = []
      const taken = new Set<Tracked>()
      const found: (Resolved | null)[] = []
      const open: { at: number; reading: DeviceReading; keys: readonly string[]; node: string }[] =
        []
      for (const [at, reading] of read.interpretation.devices.entries()) {
        const node = nodeOf(reading, read.target)
        const keys = keysOf(reading, node)
        const tracked = keys.map((key) => byKey.get(key)).find((device) => device !== undefined)
        found.push(null)
        if (keys.length === 0) refuse('no_identity', `${reading.vendor} ${reading.model}`)
        else if (tracked === undefined) open.push({ at, reading, keys, node })
        else if (taken.has(tracked)) refuse('duplicate_device', keys[0] ?? '')
        else {
          taken.add(tracked)
          known.add(tracked)
          addKeys(tracked, keys)
          found[at] = { tracked, reading, keys, node }
        }
      }
      for (const { at, reading, keys, node } of open) {
        const slot = slotOf(reading, node)
        const holder = slot === null ? undefined : bySlot.get(slot)
        const isFree = holder !== undefined && !taken.has(holder)
        if (isFree && contradicts(holder.keys, keys)) {
          replaced.push(holder.keys[0] ?? '')
          forget(holder)
        }
        const isSame = isFree && !contradicts(holder.keys, keys)
        const repeat = keys.map((key) => byKey.get(key)).find((device) => device !== undefined)
        if (repeat !== undefined && taken.has(repeat)) refuse('duplicate_device', keys[0] ?? '')
        else if (!isSame && known.size >= DEVICES_PER_TARGET) refuse('device_limit', keys[0] ?? '')
        else {
          const tracked = isSame ? holder : enter(keys, slot)
          addKeys(tracked, keys)
          taken.add(tracked)
          known.add(tracked)
          found[at] = { tracked, reading, keys, node }
        }
      }
      return { devices: found.filter((entry) => entry !== null), replaced }
    },
    devicesOf: (id) => byTarget.get(id) ?? [],
    forgetTarget(id) {
      for (const tracked of byTarget.get(id) ?? []) {
        tracked.parts.delete(id)
        tracked.isChanged = true
        if (tracked.parts.size === 0) forget(tracked)
      }
      byTarget.delete(id)
    },
    rewind() {
      for (const targets of byTarget.values())
        for (const tracked of targets) {
          tracked.parts.clear()
          tracked.lastTickMs = 0
          tracked.held = null
          tracked.isChanged = true
          Object.assign(tracked.pin, newPin(), { source: tracked.pin.source })
        }
    },
    size: () => count,
  }
}
