import type { BatchRecord } from '#schemas/records.ts'
import type { MetricName } from '#schemas/metrics.ts'

/** Who holds a device: whatever the source could tell; empty fields are left out. */
export interface Holder {
  readonly tenant?: string
  readonly job?: string
  readonly namespace?: string
  readonly pod?: string
  readonly container?: string
  readonly class?: string
}

/** A slice of a device (MIG instance, vNPU). `share` is its part of the parent's compute, 0..1. */
export interface Partition {
  readonly id: string
  readonly profile: string | null
  readonly share: number | null
}

/** A device as a batch names it. `keys[0]` is the canonical key that device_id is the hash of. */
export interface BatchDevice {
  /** `uuid:…`, `vdie:…`, `serial:…` or `slot:<node>/<bus>/<chip>`; strongest first, at least one. */
  readonly keys: readonly string[]
  readonly node: string
  readonly vendor: string
  readonly model: string
  /** The index the driver lists it under; may change at reboot, so never an identity. */
  readonly index: number | null
  readonly bus: string | null
  /** keys[0] of the device this one is a partition of. */
  readonly parent: string | null
  readonly partition: Partition | null
  readonly holder: Holder | null
  /** Where it stands, as the collector's configuration says; empty string = not told. */
  readonly hall: string
  readonly rack: string
  readonly pool: string
  /** Sources merged into this device's rows, e.g. `['dcgm-exporter']`. */
  readonly sources: readonly string[]
  /** Slow facts: driver, firmware, serial… bounded by the limits below. */
  readonly labels: Readonly<Record<string, string>>
}

/** A column of a batch: one value per row (row = tick x devices.length + device), nulls by bitmap. */
export interface BatchColumn {
  readonly name: MetricName
  /** Bit r set = row r has a value. Length ceil(rows / 8). */
  readonly valid: Uint8Array
  readonly values: Float32Array | Float64Array | Uint8Array | Uint32Array
}

/** One collector's message: `ticks` moments of `devices`, columns apart, or records only. */
export interface Batch {
  readonly schemaId: number
  readonly cluster: string
  readonly collector: string
  /** Random 128-bit hex of one run of the collector process; part of every message id. */
  readonly boot: string
  /** 1, 2, 3… within a boot, shared by samples and events. */
  readonly seq: number
  readonly simulated: boolean
  /** Epoch ms of the first tick, a multiple of stepMs. */
  readonly t0Ms: number
  /** Interval of the samples, ms: divides 60,000. 0 when the batch holds records only. */
  readonly stepMs: number
  readonly ticks: number
  readonly devices: readonly BatchDevice[]
  /** Bit r set = row r exists: the device was read at that tick, whatever it said. */
  readonly present: Uint8Array
  /** `busy_source` code of each row (index into BUSY_SOURCES). */
  readonly busySource: Uint8Array
  readonly columns: readonly BatchColumn[]
  readonly records: readonly BatchRecord[]
}

/** Limits every reader enforces before it allocates; a message beyond them is poison. */
export const BATCH_LIMITS = {
  bytes: 1 << 20,
  devices: 4096,
  rows: 65_536,
  records: 4096,
  text: 256,
  keysPerDevice: 8,
  labelsPerDevice: 32,
} as const

/** True when bit `index` of a little-endian bitmap is set. */
export function bitSet(bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
}

/** Sets bit `index` of a bitmap in place. */
export function setBit(bitmap: Uint8Array, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
}
