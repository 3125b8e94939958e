import type { Batch, BatchDevice } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { type BatchIdentity, buildBatch, buildRecordBatch } from './batch-build.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { DeviceRow } from './merge.ts'
import { createRecordQueue } from './record-queue.ts'
import { cellOf } from './schedule.ts'

/** A message stays open for at most this long, ms, and this many ticks (DESIGN section 6). */
const OPEN_MS = 2000
const TICKS = 10
/** How long a row may wait for others of its tick, ms. */
const LINGER_MS = 200
/** Devices and bytes of a message: half of what readers accept. */
const DEVICES = 512
const BYTES = 448 << 10
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
  addRecord(record: BatchRecord): void
  /** Sends one record at once, in a message that holds nothing else. */
  sendAlone(record: BatchRecord): void
  /** Sends the waiting records in a message of their own. */
  flushRecords(): void
  /** Closes everything that is open. */
  flush(): void
  stats(): { readonly batches: number; readonly rows: number; readonly droppedRecords: number }
}

/** Rows of one step, time window and group that are still open. */
interface Open {
  readonly key: string
  readonly stepMs: number
  readonly lastTickMs: number
  readonly devices: BatchDevice[]
  readonly rows: Map<number, DeviceRow>[]
  readonly positions: Map<string, number>
  readonly nodes: Set<string>
  rowCount: number
  bytes: number
  cancel: () => void
  dueMs: number
}

/**
 * Collects rows into messages. Up to 2 s intervals a message holds several ticks; above, one tick, closed
 * 200 ms after its first row, so that a scrape is on its way within 0.3 s while neighbours share a message.
 * A device that changes closes the message it is in. Records ride along, or go alone after the same wait.
 */
export function createBatcher(deps: BatcherDeps): Batcher {
  const { identity, time, clock, onBatch } = deps
  const open = new Map<string, Open>()
  const lastDevices = new Map<string, readonly BatchDevice[]>()
  let seq = 0
  const counts = { batches: 0, rows: 0 }
  const sendRecords = (alone: readonly BatchRecord[]) => {
    counts.batches++
    onBatch(buildRecordBatch(identity, ++seq, clock.now(), alone), 'events')
  }
  const records = createRecordQueue(time, sendRecords)

  const close = (batch: Open) => {
    batch.cancel()
    open.delete(batch.key)
    const rhythm = `${batch.stepMs}`
    const devices = reuse(lastDevices.get(rhythm), batch.devices)
    lastDevices.set(rhythm, devices)
    counts.batches++
    for (const byTick of batch.rows) counts.rows += byTick.size
    onBatch(buildBatch(identity, ++seq, { ...batch, devices }, records.ride()), 'telemetry')
  }
  const openFor = (row: DeviceRow): Open => {
    const ticks = ticksPerMessage(row.stepMs)
    const startMs = cellOf(row.tickMs, row.stepMs * ticks)
    const key = `${row.stepMs} ${startMs}`
    const known = open.get(key)
    if (known !== undefined) return known
    const batch = newOpen(key, row.stepMs, startMs + (ticks - 1) * row.stepMs)
    open.set(key, batch)
    closeWithin(batch, ticks > 1 ? OPEN_MS : LINGER_MS)
    return batch
  }
  const closeWithin = (batch: Open, delayMs: number) => {
    const dueMs = time.monotonicMs() + delayMs
    if (dueMs >= batch.dueMs) return
    batch.cancel()
    batch.dueMs = dueMs
    batch.cancel = time.setTimer(delayMs, () => close(batch))
  }
  const addRow = (row: DeviceRow) => {
    let batch = openFor(row)
    const held = batch.devices[batch.positions.get(keyOf(row)) ?? -1]
    const isOther = held !== undefined && held !== row.device
    const isFull = held === undefined && (batch.devices.length >= DEVICES || batch.bytes > BYTES)
    if (isOther || isFull) {
      close(batch)
      batch = openFor(row)
    }
    put(batch, row)
    if (row.tickMs === batch.lastTickMs) closeWithin(batch, LINGER_MS)
    if (isComplete(batch)) close(batch)
  }
  return {
    add(rows) {
      for (const row of rows) addRow(row)
    },
    addRecord: (record) => records.add(record),
    sendAlone: (record) => sendRecords([record]),
    flushRecords: () => records.flush(),
    flush() {
      for (const batch of open.values()) close(batch)
      records.flush()
    },
    stats: () => ({ ...counts, droppedRecords: records.dropped() }),
  }
}

const newOpen = (key: string, stepMs: number, lastTickMs: number): Open => ({
  key,
  stepMs,
  lastTickMs,
  devices: [],
  rows: [],
  positions: new Map(),
  nodes: new Set(),
  rowCount: 0,
  bytes: 0,
  cancel: () => undefined,
  dueMs: Infinity,
})

const keyOf = (row: DeviceRow) => row.device.keys[0] ?? ''

/** 1 s: two ticks; 2 s and longer: one. */
const ticksPerMessage = (stepMs: number) =>
  Math.min(TICKS, Math.max(1, Math.floor(OPEN_MS / stepMs)))

function put(batch: Open, row: DeviceRow): void {
  let position = batch.positions.get(keyOf(row))
  if (position === undefined) {
    position = batch.devices.length
    batch.positions.set(keyOf(row), position)
    batch.devices.push(row.device)
    batch.rows.push(new Map())
    batch.nodes.add(row.device.node)
    batch.bytes += deviceBytes(row.device)
  }
  const byTick = batch.rows[position]
  // Of two samples in one cell the first one wins (DEFINITIONS 1).
  if (byTick === undefined || byTick.has(row.tickMs)) return
  byTick.set(row.tickMs, row)
  batch.rowCount++
  batch.bytes += Object.keys(row.metrics).length * 6
}

/** Several ticks of one node's worth of devices, all of them there: nothing to wait for. */
function isComplete(batch: Open): boolean {
  const ticks = ticksPerMessage(batch.stepMs)
  return ticks > 1 && batch.nodes.size === 1 && batch.rowCount === batch.devices.length * ticks
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

/** The list of the last message when it is the same: its bytes are then encoded only once. */
function reuse(
  last: readonly BatchDevice[] | undefined,
  devices: readonly BatchDevice[],
): readonly BatchDevice[] {
  const isSame = last?.length === devices.length && devices.every((device, i) => device === last[i])
  return isSame ? last : devices
}
