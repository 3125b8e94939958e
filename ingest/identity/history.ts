import { createHash } from 'node:crypto'
import type { BatchDevice } from '#schemas/batch.ts'

/** What is known of a device, as a batch told it. */
export interface DeviceFacts {
  readonly deviceId: bigint
  readonly canonicalKey: string
  readonly cluster: string
  readonly collector: string
  readonly simulated: boolean
  /** 0 = not a partition. */
  readonly parentId: bigint
  readonly device: BatchDevice
  /** Hash of everything but time, collector and the order of sources: equal = nothing changed. */
  readonly fingerprint: string
}

/** One row of `devices`: what is so from a moment on. */
export interface DeviceRow {
  readonly facts: DeviceFacts
  /** Epoch ms of the first tick at which this was so. */
  readonly atMs: number
  readonly logPosition: number
}

/** A stored row as far as comparing needs it. */
export interface StoredFacts {
  readonly deviceId: bigint
  readonly atMs: number
  readonly collector: string
  readonly fingerprint: string
}

interface Change {
  readonly atMs: number
  readonly collector: string
  readonly fingerprint: string
}
interface History {
  /** By time, oldest first; bounded, the oldest are forgotten. */
  readonly changes: Change[]
  lastToldMs: number
  /** The list that says of this device what is in force; it tells for all of its devices at once. */
  list: ToldList | null
}

/** A device list whose words were compared with the histories of all its devices. */
interface ToldList {
  /** True while they all say what is in force for ticks from `fromMs` on. */
  isInForce: boolean
  fromMs: number
  lastToldMs: number
}

/** Changes remembered per device, for rows that arrive late; also how many a start loads. */
export const CHANGES_MAX = 8
/** 132 bits. */
const FINGERPRINT_CHARS = 22
/** While the collector that told us last has spoken within this time, another one's words are left out. */
export const COLLECTOR_HOLD_MS = 180_000

export interface DeviceHistory {
  /** The row to store when these facts are news at this tick, else null. Remembers them. */
  observe(facts: DeviceFacts, atMs: number, logPosition: number): DeviceRow | null
  /**
   * Observes every device of a list at one tick and adds the rows to store to `news`. A list that is handed
   * over again (the same array) is not looked through while nothing about its devices changed.
   */
  observeList(
    list: readonly DeviceFacts[],
    atMs: number,
    logPosition: number,
    news: DeviceRow[],
  ): void
  /** Learns a row that another process stored; one that is known already changes nothing. */
  learn(row: StoredFacts): void
}

/** Builds the facts of one device of a batch; `device.keys[0]` may still lack the cluster. */
export function deviceFacts(facts: Omit<DeviceFacts, 'fingerprint'>): DeviceFacts {
  return { ...facts, fingerprint: fingerprint(facts) }
}

function fingerprint(facts: Omit<DeviceFacts, 'fingerprint'>): string {
  const { device } = facts
  const holder = device.holder ?? {}
  // As the column holds it: a share read back from the store must compare equal.
  const share = device.partition?.share ?? null
  const text = JSON.stringify([
    [facts.canonicalKey, facts.cluster, facts.simulated, facts.parentId.toString()],
    [device.node, device.vendor, device.model, device.index ?? -1, device.bus ?? ''],
    [device.partition?.id ?? '', device.partition?.profile ?? ''],
    share === null ? null : Math.fround(share),
    [device.hall, device.rack, device.pool],
    [holder.tenant ?? '', holder.job ?? '', holder.namespace ?? ''],
    [holder.pod ?? '', holder.container ?? '', holder.class ?? ''],
    [...device.sources].sort(),
    Object.entries(device.labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  ])
  return createHash('sha256').update(text).digest('base64').slice(0, FINGERPRINT_CHARS)
}

/**
 * Turns what batches say about devices into rows, one per change. Ticks may come late: they are compared
 * with what was so at their own time. Restored from the rows of `devices`.
 */
export function createDeviceHistory(rows: Iterable<StoredFacts>): DeviceHistory {
  const histories = new Map<bigint, History>()
  const lists = new WeakMap<readonly DeviceFacts[], ToldList>()
  const historyOf = (deviceId: bigint, atMs: number) => {
    let history = histories.get(deviceId)
    if (history === undefined) {
      history = { changes: [], lastToldMs: atMs, list: null }
      histories.set(deviceId, history)
    }
    history.lastToldMs = Math.max(history.lastToldMs, atMs)
    return history
  }
  for (const row of rows) insertChange(historyOf(row.deviceId, row.atMs), row)

  const observe: DeviceHistory['observe'] = (facts, atMs, logPosition) => {
    const { deviceId, collector, fingerprint } = facts
    const told = histories.get(deviceId)
    const inForce = told?.changes.findLast((change) => change.atMs <= atMs)
    const isOther = inForce !== undefined && inForce.collector !== collector
    if (isOther && told !== undefined && Math.abs(atMs - lastToldMs(told)) <= COLLECTOR_HOLD_MS)
      return null
    const history = historyOf(deviceId, atMs)
    if (inForce?.fingerprint === fingerprint && !isOther) return null
    insertChange(history, { atMs, collector, fingerprint })
    return { facts, atMs, logPosition }
  }

  /** Whether every device's newest change is what this list says of it; then the list tells for them all. */
  const adopt = (facts: readonly DeviceFacts[], list: ToldList): void => {
    const own: History[] = []
    let fromMs = -Infinity
    for (const { deviceId, collector, fingerprint } of facts) {
      const history = histories.get(deviceId)
      const newest = history?.changes.at(-1)
      if (history === undefined || newest === undefined) return
      if (newest.collector !== collector || newest.fingerprint !== fingerprint) return
      fromMs = Math.max(fromMs, newest.atMs)
      own.push(history)
    }
    for (const history of own) {
      if (history.list === list) continue
      history.lastToldMs = lastToldMs(history)
      if (history.list !== null) history.list.isInForce = false
      history.list = list
    }
    Object.assign(list, { isInForce: true, fromMs })
  }

  return {
    observe,
    learn(row) {
      const known = histories.get(row.deviceId)?.changes.find(({ atMs }) => atMs === row.atMs)
      if (known?.fingerprint === row.fingerprint && known.collector === row.collector) return
      insertChange(historyOf(row.deviceId, row.atMs), row)
    },
    observeList(facts, atMs, logPosition, news) {
      const list = lists.get(facts) ?? { isInForce: false, fromMs: 0, lastToldMs: -Infinity }
      if (list.isInForce && atMs >= list.fromMs) {
        list.lastToldMs = Math.max(list.lastToldMs, atMs)
        return
      }
      lists.set(facts, list)
      for (const one of facts) {
        const row = observe(one, atMs, logPosition)
        if (row !== null) news.push(row)
      }
      adopt(facts, list)
    },
  }
}

const lastToldMs = ({ lastToldMs: own, list }: History) => Math.max(own, list?.lastToldMs ?? own)

function insertChange(history: History, { atMs, collector, fingerprint }: Change): void {
  const { changes, list } = history
  if (list !== null) list.isInForce = false
  const before = changes.findLastIndex((other) => other.atMs <= atMs)
  const replaces = changes[before]?.atMs === atMs
  const change = { atMs, collector, fingerprint }
  changes.splice(replaces ? before : before + 1, replaces ? 1 : 0, change)
  if (changes.length > CHANGES_MAX) changes.shift()
}
