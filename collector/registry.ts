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

type Refuse = (reason: string, line: string) => void

export interface Registry {
  /** Finds or enters the device of every reading, in the order of the readings. */
  resolve(
    read: TargetRead,
    refuse: Refuse,
  ): { readonly devices: readonly Resolved[]; readonly replaced: readonly string[] }
  /** Devices that a target named within the last hour. */
  devicesOf(id: string): Iterable<Tracked>
  forgetTarget(id: string): void
  /** The clock was set by this much: ticks may repeat, and nothing grew old by it. */
  rewind(byMs: number): void
  size(): number
}

interface Index {
  readonly byKey: Map<string, Tracked>
  readonly bySlot: Map<string, Tracked>
  readonly byTarget: Map<string, Set<Tracked>>
  count: number
}

/** A reading whose keys are new, and the devices this read has named so far. */
interface Newcomer {
  readonly read: TargetRead
  readonly keys: readonly string[]
  readonly slot: string | null
  readonly taken: ReadonlySet<Tracked>
}

/**
 * Which device a reading is of: any known key decides; a new key at a known place is a stronger name for the
 * device there, unless it contradicts the name that device has: then it is another device, which took
 * its place.
 */
export function createRegistry(): Registry {
  const index: Index = { byKey: new Map(), bySlot: new Map(), byTarget: new Map(), count: 0 }
  return {
    resolve: (read, refuse) => resolve(index, read, refuse),
    devicesOf: (id) => index.byTarget.get(id) ?? [],
    forgetTarget(id) {
      for (const tracked of index.byTarget.get(id) ?? []) {
        tracked.parts.delete(id)
        tracked.isChanged = true
        if (tracked.parts.size === 0) forget(index, tracked)
      }
      index.byTarget.delete(id)
    },
    rewind(byMs) {
      for (const tracked of new Set(index.byKey.values())) restart(tracked, byMs)
    },
    size: () => index.count,
  }
}

const NOBODY = { devices: [], replaced: [] } as const

function resolve(index: Index, read: TargetRead, refuse: Refuse): ReturnType<Registry['resolve']> {
  const before = index.byTarget.get(read.id)
  // Meters name no devices, ever.
  if (before === undefined && read.interpretation.devices.length === 0) return NOBODY
  const known = before ?? new Set<Tracked>()
  index.byTarget.set(read.id, known)
  sweep(index, known, read.tickMs)
  const taken = new Set<Tracked>()
  const found = new Map<DeviceReading, Resolved>()
  const newcomers: Omit<Resolved, 'tracked'>[] = []
  const replaced: string[] = []
  const take = (tracked: Tracked, facts: Omit<Resolved, 'tracked'>) => {
    taken.add(tracked)
    known.add(tracked)
    addKeys(index, tracked, facts.keys)
    found.set(facts.reading, { tracked, ...facts })
  }
  // Known devices first: only then is it clear whose place a newcomer could have taken.
  for (const reading of read.interpretation.devices) {
    const node = nodeOf(reading, read.target)
    const keys = keysOf(reading, node)
    const tracked = byAnyKey(index, keys)
    if (keys.length === 0) refuse('no_identity', `${reading.vendor} ${reading.model}`)
    else if (tracked === undefined) newcomers.push({ reading, keys, node })
    else if (taken.has(tracked)) refuse('duplicate_device', keys[0] ?? '')
    else take(tracked, { reading, keys, node })
  }
  for (const facts of newcomers) {
    const { keys, reading, node } = facts
    const newcomer: Newcomer = { read, keys, slot: slotOf(reading, node), taken }
    if (byAnyKey(index, keys) !== undefined) refuse('duplicate_device', keys[0] ?? '')
    else {
      const old = replacedBy(index, newcomer)
      if (old !== null) {
        replaced.push(old.keys[0] ?? '')
        forget(index, old)
      }
      const same = sameAt(index, newcomer)
      if (same === null && known.size >= DEVICES_PER_TARGET) refuse('device_limit', keys[0] ?? '')
      else take(same ?? enter(index, newcomer), facts)
    }
  }
  const devices = read.interpretation.devices.flatMap((reading) => found.get(reading) ?? [])
  return { devices, replaced }
}

/** A place is no name: a board that contradicts the one known there is another board. */
function byAnyKey(index: Index, keys: readonly string[]): Tracked | undefined {
  for (const key of keys) {
    const tracked = index.byKey.get(key)
    if (tracked === undefined) continue
    if (!key.startsWith('slot:') || !contradicts(tracked.keys, keys)) return tracked
  }
  return undefined
}

/** The device at the newcomer's place, unless this read shows it elsewhere. */
function holderAt(index: Index, { slot, taken }: Newcomer): Tracked | null {
  const holder = slot === null ? undefined : index.bySlot.get(slot)
  return holder === undefined || taken.has(holder) ? null : holder
}

/**
 * The device whose place the newcomer took: this same target showed it there. Two targets that call
 * themselves by one name (cloned host names) must not push each other's devices out.
 */
function replacedBy(index: Index, newcomer: Newcomer): Tracked | null {
  const holder = holderAt(index, newcomer)
  const isOurs = holder?.parts.has(newcomer.read.id) === true
  return holder !== null && isOurs && contradicts(holder.keys, newcomer.keys) ? holder : null
}

/** The device at this place that the newcomer is another name of; not one that its own source names. */
function sameAt(index: Index, newcomer: Newcomer): Tracked | null {
  const holder = holderAt(index, newcomer)
  if (holder === null || contradicts(holder.keys, newcomer.keys)) return null
  const { id, source } = newcomer.read
  const isOfTwin = [...holder.parts.values()].some(
    (part) => part.source === source && part.id !== id,
  )
  return isOfTwin ? null : holder
}

function enter(index: Index, { keys, slot }: Newcomer): Tracked {
  const tracked: Tracked = {
    keys,
    slot: null,
    parts: new Map(),
    pin: newPin(),
    counters: new Map(),
    device: null,
    isChanged: true,
    lastTickMs: 0,
    seenMs: 0,
    held: null,
  }
  index.count++
  for (const key of keys) index.byKey.set(key, tracked)
  if (slot !== null && !index.bySlot.has(slot)) {
    tracked.slot = slot
    index.bySlot.set(slot, tracked)
  }
  return tracked
}

function addKeys(index: Index, tracked: Tracked, keys: readonly string[]): void {
  const joined = joinKeys(tracked.keys, keys)
  if (joined === tracked.keys) return
  tracked.keys = joined
  tracked.isChanged = true
  for (const key of joined) if (!index.byKey.has(key)) index.byKey.set(key, tracked)
}

function forget(index: Index, tracked: Tracked): void {
  for (const key of tracked.keys) if (index.byKey.get(key) === tracked) index.byKey.delete(key)
  if (tracked.slot !== null) index.bySlot.delete(tracked.slot)
  for (const id of tracked.parts.keys()) index.byTarget.get(id)?.delete(tracked)
  index.count--
}

function sweep(index: Index, targets: Set<Tracked>, tickMs: number): void {
  for (const tracked of targets)
    if (tickMs - tracked.seenMs > FORGET_MS) {
      targets.delete(tracked)
      forget(index, tracked)
    }
}

function restart(tracked: Tracked, byMs: number): void {
  tracked.parts.clear()
  tracked.counters.clear()
  tracked.lastTickMs = 0
  tracked.seenMs += byMs
  tracked.held = null
  tracked.isChanged = true
  Object.assign(tracked.pin, newPin(), { source: tracked.pin.source })
}
