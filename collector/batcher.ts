import type { Batch, BatchDevice } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { type BatchIdentity, buildBatch, buildRecordBatch } from './batch-build.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { DeviceRow } from './merge.ts'
import { createRecordQueue } from './record-queue.ts'
import { cellOf } from './schedule.ts'

/** What a message covers at most: ms and ticks (DESIGN section 6). */
const OPEN_MS = 2000
const TICKS = 10
/** How long a row may wait for others of its tick, ms. */
const LINGER_MS = 200
/** Devices of a message, bytes of their descriptions (before deflating) and of values: half of what readers accept. */
const DEVICES = 512
const BYTES = 448 << 10
/** A message this small takes devices of any vendor: two messages would cost more than a union of columns. */
const SHARED_DEVICES = 64
/** A finished batch: seq counts from 1 within the boot. */
export type BatchKind = 'telemetry' | 'events'

export interface BatcherDeps {
  readonly identity: BatchIdentity
  readonly time: TimeSource
  readonly clock: CollectorClock
  readonly onBatch: (batch: Batch, kind: BatchKind) => void
}

export interface Batcher {
  add(rows: readonly DeviceRow[]): void
  /** `isOnce`: nobody says it again; see createRecordQueue. */
  addRecord(record: BatchRecord, isOnce?: boolean): void
  /** Sends one record at once, in a message that holds nothing else. */
  sendAlone(record: BatchRecord): void
  /** Sends the waiting records in a message of their own. */
  flushRecords(): void
  /** Closes everything that is open. */
  flush(): void
  stats(): { readonly batches: number; readonly rows: number; readonly droppedRecords: number }
}

/** Rows of some devices in one time window of one step, still open. */
interface Open {
  readonly window: Window
  readonly vendor: string
  readonly lastTickMs: number
  readonly devices: BatchDevice[]
  readonly rows: Map<number, DeviceRow>[]
  readonly openedMs: number
  /** How long the rows of the first tick took to come, ms: those of the last one take as long. */
  spreadMs: number
  rowCount: number
  listBytes: number
  valueBytes: number
  cancel: () => void
  dueMs: number
}

/** The messages of one step and time, and which of them holds a device, and where. */
interface Window {
  readonly key: string
  readonly stepMs: number
  readonly ticks: number
  readonly open: Set<Open>
  readonly places: Map<string, { readonly batch: Open; readonly position: number }>
}

/**
 * Collects rows into messages. Up to 2 s intervals a message holds several ticks of its devices, however many
 * messages that takes; above, one tick, closed 200 ms after its first row, so that a scrape is on its way
 * within 0.3 s while neighbours share a message. A device that changes closes the message it is in. Records
 * ride along, or go alone after the same wait.
 */
export function createBatcher(deps: BatcherDeps): Batcher {
  const { identity, time, clock, onBatch } = deps
  const windows = new Map<string, Window>()
  const lists = createLists()
  let seq = 0
  const counts = { batches: 0, rows: 0 }
  const sendRecords = (alone: readonly BatchRecord[]) => {
    counts.batches++
    onBatch(buildRecordBatch(identity, ++seq, clock.now(), alone), 'events')
  }
  const records = createRecordQueue(time, sendRecords)

  const close = (batch: Open) => {
    const { window, rowCount } = batch
    batch.cancel()
    window.open.delete(batch)
    for (const device of batch.devices) window.places.delete(keyOf(device))
    if (window.open.size === 0) windows.delete(window.key)
    counts.batches++
    counts.rows += rowCount
    const block = lists.inOrder(batch)
    const { stepMs } = window
    onBatch(buildBatch(identity, ++seq, { stepMs, ...block }, records.ride()), 'telemetry')
  }
  const closeWithin = (batch: Open, delayMs: number) => {
    const dueMs = time.monotonicMs() + delayMs
    if (dueMs >= batch.dueMs) return
    batch.cancel()
    batch.dueMs = dueMs
    batch.cancel = time.setTimer(delayMs, () => close(batch))
  }
  const windowOf = ({ tickMs, stepMs }: DeviceRow): Window => {
    const ticks = ticksPerMessage(stepMs)
    const startMs = cellOf(tickMs, stepMs * ticks)
    const key = `${stepMs} ${startMs}`
    let window = windows.get(key)
    if (window === undefined) {
      window = { key, stepMs, ticks, open: new Set(), places: new Map() }
      windows.set(key, window)
    }
    return window
  }
  /** An open message with room, of the device's own vendor if there is one. */
  const openFor = (window: Window, { device, tickMs, stepMs }: DeviceRow): Open => {
    const withRoom = [...window.open].filter(hasRoom)
    const known =
      withRoom.find(({ vendor }) => vendor === device.vendor) ??
      withRoom.find(({ devices }) => devices.length < SHARED_DEVICES)
    if (known !== undefined) return known
    const startMs = cellOf(tickMs, stepMs * window.ticks)
    const lastTickMs = startMs + (window.ticks - 1) * stepMs
    const batch = newOpen(window, device.vendor, lastTickMs, time.monotonicMs())
    window.open.add(batch)
    // A window that was empty for a moment has left the map.
    windows.set(window.key, window)
    closeWithin(batch, window.ticks > 1 ? OPEN_MS + LINGER_MS : LINGER_MS)
    return batch
  }
  const addRow = (row: DeviceRow) => {
    const window = windowOf(row)
    const key = keyOf(row.device)
    const held = window.places.get(key)
    if (held !== undefined && held.batch.devices[held.position] !== row.device) close(held.batch)
    let place = window.places.get(key)
    if (place === undefined) {
      const batch = openFor(window, row)
      place = { batch, position: batch.devices.length }
      window.places.set(key, place)
      batch.devices.push(row.device)
      batch.rows.push(new Map())
      batch.listBytes += deviceBytes(row.device)
    }
    const { batch, position } = place
    put(batch, position, row)
    if (row.tickMs < batch.lastTickMs) batch.spreadMs = time.monotonicMs() - batch.openedMs
    else closeWithin(batch, LINGER_MS + batch.spreadMs)
    if (isComplete(batch)) close(batch)
  }
  return {
    add(rows) {
      for (const row of rows) addRow(row)
    },
    addRecord: (record, isOnce) => records.add(record, isOnce),
    sendAlone: (record) => sendRecords([record]),
    flushRecords: () => records.flush(),
    flush() {
      for (const { open } of windows.values()) for (const batch of open) close(batch)
      records.flush()
    },
    stats: () => ({ ...counts, droppedRecords: records.dropped() }),
  }
}

const newOpen = (window: Window, vendor: string, lastTickMs: number, openedMs: number): Open => ({
  window,
  vendor,
  lastTickMs,
  openedMs,
  devices: [],
  rows: [],
  spreadMs: 0,
  rowCount: 0,
  listBytes: 0,
  valueBytes: 0,
  cancel: () => undefined,
  dueMs: Infinity,
})

const keyOf = (device: BatchDevice) => device.keys[0] ?? ''

/** 1 s: two ticks; 2 s and longer: one. */
const ticksPerMessage = (stepMs: number) =>
  Math.min(TICKS, Math.max(1, Math.floor(OPEN_MS / stepMs)))

const hasRoom = ({ devices, listBytes, valueBytes }: Open) =>
  devices.length < DEVICES && listBytes <= BYTES && valueBytes <= BYTES

function put(batch: Open, position: number, row: DeviceRow): void {
  const byTick = batch.rows[position]
  // Of two samples in one cell the first one wins (DEFINITIONS 1).
  if (byTick === undefined || byTick.has(row.tickMs)) return
  byTick.set(row.tickMs, row)
  batch.rowCount++
  batch.valueBytes += Object.keys(row.metrics).length * 6
}

/** Nothing to wait for: every device has all ticks, and of one tick there is no room for more devices. */
function isComplete(batch: Open): boolean {
  const { devices, rowCount, window } = batch
  if (rowCount < devices.length * window.ticks) return false
  return window.ticks > 1 || !hasRoom(batch)
}

const sizes = new WeakMap<BatchDevice, number>()

/** About what a device takes in a message; asked once per device, not per row. */
function deviceBytes(device: BatchDevice): number {
  const known = sizes.get(device)
  if (known !== undefined) return known
  const size = Buffer.byteLength(JSON.stringify(device))
  sizes.set(device, size)
  return size
}

/**
 * Device lists of earlier messages: one of the same devices, come in whatever order, is the same array again,
 * so that its bytes are made only once and readers know it.
 */
function createLists() {
  const lists = new WeakMap<BatchDevice, readonly BatchDevice[]>()
  return {
    inOrder({ devices, rows }: Pick<Open, 'devices' | 'rows'>) {
      const [first] = devices
      const known = first === undefined ? undefined : lists.get(first)
      const places = new Map(devices.map((device, position) => [device, position]))
      if (known?.length === devices.length && known.every((device) => places.has(device))) {
        const inOrder = known.map((device) => rows[places.get(device) ?? -1] ?? NO_ROWS)
        return { devices: known, rows: inOrder }
      }
      for (const device of devices) lists.set(device, devices)
      return { devices, rows }
    },
  }
}

const NO_ROWS: ReadonlyMap<number, DeviceRow> = new Map()
