/** One row of `intervals` of kind capacity: half-open [fromMs, toMs). */
export interface CapacityInterval {
  readonly deviceId: bigint
  readonly fromMs: number
  readonly toMs: number
  readonly reason: string
  readonly detail: string
  /** The row with the highest version of a (device, fromMs) counts; wall clock of its making, epoch ms. */
  readonly version: number
}

/** What a batch showed of one device. */
export interface Sighting {
  readonly deviceId: bigint
  readonly node: string
  readonly isPartition: boolean
  readonly firstMs: number
  readonly lastMs: number
}

/** Delivered and not accepted. */
interface Pending {
  readonly node: string
  firstMs: number
  lastMs: number
}

/** 2100-01-01: an interval that has not ended. */
export const OPEN_MS = Date.UTC(2100, 0, 1)
/** A discovered device enters after this much time of samples (DEFINITIONS section 1). */
export const DISCOVERY_MS = 600_000
/** Silence that ends a run of samples: one sample on Monday and one on Friday are not ten minutes. */
export const RUN_GAP_MS = 600_000
export const DISCOVERED_PER_NODE_MAX = 64

export interface CapacityStart {
  readonly intervals: Iterable<CapacityInterval>
  /** Node of devices that have an interval, as far as known. */
  readonly nodes: ReadonlyMap<bigint, string>
  /** Devices that deliver and are not in capacity. */
  readonly pending: Iterable<Sighting>
}

export interface Capacity {
  observe(sighting: Sighting): void
  /** True when a sighting of this device changes nothing: it is in capacity. */
  isAccepted(deviceId: bigint): boolean
  /** The same for all devices of a list; remembered by the list's identity until a device leaves capacity. */
  isAllAccepted(devices: readonly { readonly deviceId: bigint }[]): boolean
  /** The interval to store because a device was replaced at `atMs`, or null when it had none open. */
  retire(deviceId: bigint, atMs: number, nowMs: number): CapacityInterval | null
  /** Intervals of devices that have delivered long enough. Nothing changes until `adopt` is called. */
  acceptable(nowMs: number): readonly CapacityInterval[]
  /** An inventory speaks of these devices: discovery takes none of them in, whatever they deliver. */
  withhold(deviceIds: Iterable<bigint>): void
  /** These intervals are stored. */
  adopt(intervals: readonly CapacityInterval[]): void
  /** This very interval is the latest one of its device here. */
  knows(interval: CapacityInterval): boolean
  /** Nodes whose discovered devices reached the limit since the last call. */
  crowdedNodes(): readonly string[]
  /** Start of the earliest interval, or null. */
  firstMs(): number | null
  readonly acceptedDevices: number
  readonly pendingDevices: number
}

/** Capacity by discovery, in memory, restored from `intervals`, `devices` and recent samples. */
export function createCapacity(start: CapacityStart): Capacity {
  const latest = new Map<bigint, CapacityInterval>()
  const nodes = new Map(start.nodes)
  const perNode = new Map<string, number>()
  const pending = new Map<bigint, Pending>()
  /** When a device was replaced that had not been accepted. */
  const replacedMs = new Map<bigint, number>()
  const withheld = new Set<bigint>()
  const warned = new Set<string>()
  const crowded: string[] = []
  let earliestMs: number | null = null

  /** Lists that were found to be accepted; forgotten as a whole when a device leaves. */
  let acceptedLists = new WeakSet<readonly { readonly deviceId: bigint }[]>()

  const isOpen = (deviceId: bigint) => latest.get(deviceId)?.toMs === OPEN_MS
  const count = (deviceId: bigint, change: number) => {
    const node = nodes.get(deviceId) ?? ''
    perNode.set(node, (perNode.get(node) ?? 0) + change)
  }
  const adoptOne = (interval: CapacityInterval) => {
    const known = latest.get(interval.deviceId)
    // An empty interval counts for nothing, unless it takes back the one that was there.
    if (interval.toMs <= interval.fromMs && known?.fromMs !== interval.fromMs) return
    // An earlier one is passed over, unless the later one was taken back in its favour.
    if (known !== undefined && known.fromMs > interval.fromMs && known.toMs > known.fromMs) return
    const wasOpen = isOpen(interval.deviceId)
    latest.set(interval.deviceId, interval)
    const nowOpen = interval.toMs === OPEN_MS
    if (wasOpen && !nowOpen) acceptedLists = new WeakSet()
    if (wasOpen !== nowOpen) count(interval.deviceId, nowOpen ? 1 : -1)
    if (nowOpen) pending.delete(interval.deviceId)
    earliestMs = Math.min(earliestMs ?? Infinity, interval.fromMs)
  }
  const observe = ({ deviceId, node, isPartition, firstMs, lastMs }: Sighting) => {
    // What a device delivered before it left does not bring it back.
    const leftMs = Math.max(latest.get(deviceId)?.toMs ?? 0, replacedMs.get(deviceId) ?? 0)
    const from = Math.max(firstMs, leftMs)
    if (isPartition || isOpen(deviceId) || from > lastMs) return
    const run = pending.get(deviceId)
    if (run === undefined || run.node !== node || from > run.lastMs + RUN_GAP_MS) {
      pending.set(deviceId, { node, firstMs: from, lastMs })
      return
    }
    if (lastMs < run.firstMs - RUN_GAP_MS) return
    run.firstMs = Math.min(run.firstMs, from)
    run.lastMs = Math.max(run.lastMs, lastMs)
  }

  for (const interval of start.intervals) adoptOne(interval)
  for (const sighting of start.pending) observe(sighting)

  return {
    observe,
    isAccepted: isOpen,
    isAllAccepted(devices) {
      if (acceptedLists.has(devices)) return true
      if (!devices.every(({ deviceId }) => isOpen(deviceId))) return false
      acceptedLists.add(devices)
      return true
    },
    retire(deviceId, atMs, nowMs) {
      const open = latest.get(deviceId)
      if (pending.delete(deviceId) || open === undefined) replacedMs.set(deviceId, atMs)
      if (open?.toMs !== OPEN_MS) return null
      // Replaced before it was accepted: an empty interval, which counts for nothing.
      const toMs = Math.max(atMs, open.fromMs)
      const version = Math.max(nowMs, open.version + 1)
      const closed = { ...open, toMs, version }
      latest.set(deviceId, closed)
      acceptedLists = new WeakSet()
      count(deviceId, -1)
      return closed
    },
    acceptable(nowMs) {
      const room = new Map(perNode)
      const intervals: CapacityInterval[] = []
      for (const [deviceId, { node, firstMs, lastMs }] of pending) {
        if (lastMs - firstMs < DISCOVERY_MS || withheld.has(deviceId)) continue
        const taken = room.get(node) ?? 0
        if (taken >= DISCOVERED_PER_NODE_MAX) {
          if (!warned.has(node)) crowded.push(node)
          warned.add(node)
          continue
        }
        room.set(node, taken + 1)
        const span = { fromMs: firstMs, toMs: OPEN_MS }
        intervals.push({ deviceId, ...span, reason: 'discovered', detail: node, version: nowMs })
      }
      return intervals
    },
    withhold(deviceIds) {
      for (const deviceId of deviceIds) withheld.add(deviceId)
    },
    adopt(intervals) {
      for (const interval of emptyFirst(intervals)) {
        const node = pending.get(interval.deviceId)?.node
        if (node !== undefined) nodes.set(interval.deviceId, node)
        adoptOne(interval)
      }
    },
    knows({ deviceId, fromMs, toMs, version }) {
      const known = latest.get(deviceId)
      return known?.fromMs === fromMs && known.toMs === toMs && known.version === version
    },
    crowdedNodes: () => crowded.splice(0),
    firstMs: () => earliestMs,
    get acceptedDevices() {
      let open = 0
      for (const interval of latest.values()) if (interval.toMs === OPEN_MS) open += 1
      return open
    },
    get pendingDevices() {
      return pending.size
    },
  }
}

/** What was taken back first: it makes room for what replaces it. */
export function emptyFirst<Interval extends Pick<CapacityInterval, 'fromMs' | 'toMs'>>(
  intervals: readonly Interval[],
): readonly Interval[] {
  const isEmpty = ({ fromMs, toMs }: Interval) => toMs <= fromMs
  return intervals.some(isEmpty)
    ? [...intervals.filter(isEmpty), ...intervals.filter((one) => !isEmpty(one))]
    : intervals
}
