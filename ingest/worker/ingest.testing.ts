import { randomBytes } from 'node:crypto'
import { setBit, type Batch, type BatchColumn, type BatchDevice } from '#schemas/batch.ts'
import { DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'
import type { BatchRecord } from '#schemas/records.ts'
import type { Logger } from '#schemas/role.ts'
import {
  messageId,
  telemetrySubject,
  type ResendRequest,
  type Watermark,
} from '#schemas/subjects.ts'
import { encodeBatch } from '#schemas/wire.ts'
import type { Log, LogMessage } from '../bus/log.ts'
import { intentTaken, type Intent, type IntentStore } from '../bus/intents.ts'
import type { ShardHandle } from './ports.ts'

/** A log in memory whose life, head and tail a test can change. */
export interface MemoryLog extends Pick<Log, 'epoch' | 'first' | 'last' | 'read'> {
  life: string
  messages: LogMessage[]
  add(message: Omit<LogMessage, 'position'>): number
}

export function memoryLog(): MemoryLog {
  const log: MemoryLog = {
    life: 'life-1',
    epoch: () => log.life,
    messages: [],
    add(message) {
      const position = (log.messages.at(-1)?.position ?? 0) + 1
      log.messages.push({ ...message, position })
      return position
    },
    last: async () => log.messages.at(-1)?.position ?? 0,
    async first() {
      return log.messages[0]?.position ?? (await log.last()) + 1
    },
    async read(from, max, waitMs) {
      const found = log.messages.filter((message) => message.position >= from).slice(0, max)
      if (found.length === 0)
        await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 20)))
      return found
    },
  }
  return log
}

/** Intents in memory, with the compare-and-set of the real ones; `last` is there already. */
export function memoryIntents(last: Intent | null = null): IntentStore {
  let stored = last
  return {
    last: async () => stored,
    async write(body, previous) {
      if ((previous?.revision ?? 0) !== (stored?.revision ?? 0)) throw intentTaken(body.shard)
      stored = { ...body, revision: (stored?.revision ?? 0) + 1 }
      return stored
    },
  }
}

export interface Heard {
  readonly watermarks: { collector: string; watermark: Watermark }[]
  readonly resends: { collector: string; request: ResendRequest }[]
}

export interface MemoryHandle extends ShardHandle {
  readonly log: MemoryLog
  readonly heard: Heard
}

export function memoryHandle(shard = 0): MemoryHandle {
  const heard: Heard = { watermarks: [], resends: [] }
  return {
    shard,
    name: `shard-${shard}`,
    log: memoryLog(),
    intents: memoryIntents(),
    heard,
    watermarks: {
      publish: (_, collector, watermark) => void heard.watermarks.push({ collector, watermark }),
      requestResend: (_, collector, request) => void heard.resends.push({ collector, request }),
    },
  }
}

export const silent: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

export const newBoot = () => randomBytes(16).toString('hex')

/** A device with a UUID made of its name; everything else as given. */
export function testDevice(name: string, more: Partial<BatchDevice> = {}): BatchDevice {
  return {
    keys: [`uuid:${name}`],
    node: 'n1',
    vendor: 'nvidia',
    model: 'H100',
    index: 0,
    bus: null,
    parent: null,
    partition: null,
    holder: null,
    hall: 'h1',
    rack: 'r1',
    pool: 'p1',
    sources: ['test'],
    labels: {},
    ...more,
  }
}

/** A value per tick and device; undefined = the row is absent, null = read and not given. */
export type Cells = Partial<Record<MetricName, readonly (readonly (number | null | undefined)[])[]>>

export interface BatchSpec {
  readonly cluster?: string
  readonly collector?: string
  readonly boot: string
  readonly seq: number
  readonly t0Ms: number
  readonly stepMs?: number
  readonly devices: readonly BatchDevice[]
  /** cells.busy_ratio[tick][device]; its presence decides which rows exist. */
  readonly cells: Cells
  readonly records?: readonly BatchRecord[]
  readonly simulated?: boolean
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array } as const

export function testBatch(spec: BatchSpec): Batch {
  const ticks = Math.max(0, ...Object.values(spec.cells).map((rows) => rows.length))
  const rows = ticks * spec.devices.length
  const present = new Uint8Array(Math.ceil(rows / 8))
  const columns: BatchColumn[] = []
  for (const metric of DEVICE_METRICS) {
    const cells = spec.cells[metric.name]
    if (cells === undefined) continue
    const values = new ARRAYS[metric.wire](rows)
    const valid = new Uint8Array(Math.ceil(rows / 8))
    cells.flat().forEach((value, row) => {
      if (value !== undefined) setBit(present, row)
      if (value === undefined || value === null) return
      setBit(valid, row)
      values[row] = value
    })
    columns.push({ name: metric.name, valid, values })
  }
  return {
    schemaId: 1,
    cluster: spec.cluster ?? 'c1',
    collector: spec.collector ?? 'k1',
    boot: spec.boot,
    seq: spec.seq,
    simulated: spec.simulated ?? false,
    t0Ms: ticks === 0 ? 0 : spec.t0Ms,
    stepMs: ticks === 0 ? 0 : (spec.stepMs ?? 10_000),
    ticks,
    devices: spec.devices,
    present,
    busySource: new Uint8Array(rows).fill(1),
    columns,
    records: spec.records ?? [],
  }
}

/** The batch as the log would hold it, received `receivedAtMs` (default: at its last tick). */
export function asMessage(
  batch: Batch,
  times: { receivedAtMs?: number; sentAtMs?: number | null } = {},
): Omit<LogMessage, 'position'> {
  const receivedAtMs =
    times.receivedAtMs ?? batch.t0Ms + Math.max(batch.ticks - 1, 0) * batch.stepMs
  return {
    subject: telemetrySubject(batch.cluster, batch.collector),
    id: messageId(batch.collector, batch.boot, batch.seq),
    sentAtMs: times.sentAtMs === undefined ? receivedAtMs : times.sentAtMs,
    receivedAtMs,
    payload: encodeBatch(batch),
  }
}

/** Polls until a condition holds; rejects after ten seconds with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 28_000
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
