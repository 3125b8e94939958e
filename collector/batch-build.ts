import { type Batch, type BatchColumn, type BatchDevice, setBit } from '#schemas/batch.ts'
import type { MetricName } from '#schemas/metrics.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { CURRENT_SCHEMA_ID, WIRE_SCHEMAS, type WireColumn } from '#schemas/wire-columns.ts'
import type { DeviceRow } from './merge.ts'

/** Who sends: the same for every batch of a run. */
export interface BatchIdentity {
  readonly cluster: string
  readonly collector: string
  readonly boot: string
  readonly simulated: boolean
}

/** Rows of some devices over some ticks, at most one per device and tick. */
export interface RowBlock {
  readonly stepMs: number
  readonly devices: readonly BatchDevice[]
  /** By device position, then by tick start, epoch ms. */
  readonly rows: readonly ReadonlyMap<number, DeviceRow>[]
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array } as const

/** Columns and bitmaps of a block of rows. Ticks run from the first row's to the last one's. */
export function buildBatch(
  identity: BatchIdentity,
  seq: number,
  block: RowBlock,
  records: readonly BatchRecord[],
): Batch {
  const { stepMs, devices } = block
  const tickTimes = block.rows.flatMap((byTick) => [...byTick.keys()])
  const t0Ms = Math.min(...tickTimes)
  const ticks = (Math.max(...tickTimes) - t0Ms) / stepMs + 1
  const rows = ticks * devices.length
  const present = new Uint8Array(Math.ceil(rows / 8))
  const busySource = new Uint8Array(rows)
  const columns = new Map<MetricName, BatchColumn>()
  for (const [position, byTick] of block.rows.entries())
    for (const [tickMs, { metrics, busySource: code }] of byTick) {
      const row = ((tickMs - t0Ms) / stepMs) * devices.length + position
      setBit(present, row)
      busySource[row] = code
      for (const column of WIRE) {
        const value = metrics[column.name]
        if (value === undefined || value === null) continue
        const { valid, values } = columnOf(columns, column, rows)
        setBit(valid, row)
        values[row] = value
      }
    }
  return {
    ...identity,
    schemaId: CURRENT_SCHEMA_ID,
    seq,
    t0Ms,
    stepMs,
    ticks,
    devices,
    present,
    busySource,
    columns: [...columns.values()],
    records,
  }
}

/** One list for all batches without samples: encoders remember a list's bytes by its identity. */
const NO_DEVICES: readonly BatchDevice[] = []

/** A batch without samples. */
export function buildRecordBatch(
  identity: BatchIdentity,
  seq: number,
  nowMs: number,
  records: readonly BatchRecord[],
): Batch {
  const empty = new Uint8Array()
  return {
    ...identity,
    schemaId: CURRENT_SCHEMA_ID,
    seq,
    t0Ms: nowMs,
    stepMs: 0,
    ticks: 0,
    devices: NO_DEVICES,
    present: empty,
    busySource: empty,
    columns: [],
    records,
  }
}

const WIRE: readonly WireColumn[] = WIRE_SCHEMAS.get(CURRENT_SCHEMA_ID) ?? []

function columnOf(
  columns: Map<MetricName, BatchColumn>,
  { name, type }: WireColumn,
  rows: number,
): BatchColumn {
  const known = columns.get(name)
  if (known !== undefined) return known
  const valid = new Uint8Array(Math.ceil(rows / 8))
  const column = { name, valid, values: new ARRAYS[type](rows) }
  columns.set(name, column)
  return column
}
