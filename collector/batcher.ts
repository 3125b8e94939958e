import type { Batch, BatchDevice } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { type BatchIdentity, buildBatch, buildRecordBatch } from './batch-build.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { DeviceRow } from './merge.ts'
import { cellOf } from './schedule.ts'

/** A message stays open for at most this long, ms, and this many ticks (DESIGN section 6). */
const OPEN_MS = 2000
const TICKS = 10
/** How long a row may wait for others of its tick, and a record for rows to ride along with, ms. */
const LINGER_MS = 200
const RECORD_LINGER_MS = 250
/** Devices and bytes of a message: half of what readers accept. */
const DEVICES = 512
const BYTES = 448 << 10
/** Records that ride along with samples, and records in a message of their own, with their bytes. */
const WITH_ROWS = { records: 64, bytes: 128 << 10 }
const ALONE = { records: 256, bytes: 384 << 10 }
/** Records waiting while the spool is slow; beyond, the oldest target lines go, then are counted. */
const RECORDS_WAITING = 16_384

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
  const records: BatchRecord[] = []
  let cancelRecords: (() => void) | null = null
  let seq = 0
  const counts = { batches: 0, rows: 0, droppedRecords: 0 }

  const close = (batch: Open) => {
    batch.cancel()
    open.delete(batch.key)
    const rhythm = `${batch.stepMs}`
    const devices = reuse(lastDevices.get(rhythm), batch.devices)
    lastDevices.set(rhythm, devices)
    const riding = takeRecords(records, WITH_ROWS)
    counts.batches++
    for (const byTick of batch.rows) counts.rows += byTick.size
    onBatch(buildBatch(identity, ++seq, { ...batch, devices }, riding), 'telemetry')
  }
  const closeRecords = () => {
    cancelRecords?.()
    cancelRecords = null
    while (records.length > 0) {
      counts.batches++
      const alone = takeRecords(records, ALONE)
      onBatch(buildRecordBatch(identity, ++seq, clock.now(), alone), 'events')
    }
  }
  const openFor = (row: DeviceRow): Open => {
    const ticks = ticksPerMessage(row.stepMs)
    const startMs = cellOf(row.tickMs, row.stepMs * ticks)
    const key = `${row.stepMs} ${startMs}`
    const known = open.get(key)
    if (known !== undefined) return known
    const lastTickMs = startMs + (ticks - 1) * row.stepMs
    const batch: Open = {
      key,
      stepMs: row.stepMs,
      lastTickMs,
      devices: [],
      rows: [],
      positions: new Map(),
      nodes: new Set(),
      rowCount: 0,
      bytes: 0,
      cancel: () => undefined,
      dueMs: Infinity,
    }
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
    addRecord(record) {
      records.push(record)
      if (records.length > RECORDS_WAITING) counts.droppedRecords += dropTargetLine(records)
      cancelRecords ??= time.setTimer(RECORD_LINGER_MS, closeRecords)
    },
    flushRecords: closeRecords,
    flush() {
      for (const batch of open.values()) close(batch)
      closeRecords()
    },
    stats: () => ({ ...counts }),
  }
}

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

/** The oldest records, as many as fit; at least one when there is one. */
function takeRecords(
  records: BatchRecord[],
  limit: { readonly records: number; readonly bytes: number },
): BatchRecord[] {
  let count = 0
  let bytes = 0
  for (const record of records.slice(0, limit.records)) {
    bytes += Buffer.byteLength(JSON.stringify(record))
    if (count > 0 && bytes > limit.bytes) break
    count++
  }
  return records.splice(0, count)
}

/** The list of the last message when it is the same: its bytes are then encoded only once. */
function reuse(
  last: readonly BatchDevice[] | undefined,
  devices: readonly BatchDevice[],
): readonly BatchDevice[] {
  const isSame = last?.length === devices.length && devices.every((device, i) => device === last[i])
  return isSame ? last : devices
}

/** Makes room by forgetting the oldest target line: the next minute says the same again. */
function dropTargetLine(records: BatchRecord[]): number {
  const at = records.findIndex((record) => record.kind === 'target')
  records.splice(Math.max(0, at), 1)
  return 1
}
