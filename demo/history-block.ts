import { BUSY_SOURCES, metricDefinition } from '#schemas/metrics.ts'
import type { NativeColumn } from '../ingest/store/native-block.ts'
import type { Fleet } from './fleet/layout.ts'
import { simMetrics, type SimMetric } from './fleet/readings.ts'
import type { FleetTick } from './fleet/state.ts'

export interface HistoryBlock {
  /** Stages one tick; `seal` must follow before ten minutes of ticks have gathered. */
  stage(tick: FleetTick, stepMs: number): void
  /** Moves what was staged into the block, device by device: the order of the table, so nothing is sorted. */
  seal(): void
  readonly rows: number
  /** The block's columns, cut to its rows; the block is empty afterwards. */
  take(): readonly NativeColumn[]
}

/** Which counter a vendor's simulated busy_ratio is taken from, as stored. */
export const BUSY_NVIDIA = BUSY_SOURCES.indexOf('gr_engine_active')
export const BUSY_ASCEND = BUSY_SOURCES.indexOf('npu_util')

interface MetricBuffer {
  readonly values: Float32Array | Float64Array | Uint8Array | Uint32Array
  readonly nulls: Uint8Array
  /** The first `rows` values as a column of their own. */
  column(rows: number): NativeColumn
}

function makeBuffer({ name }: SimMetric, capacity: number): MetricBuffer {
  const nulls = new Uint8Array(capacity)
  const wire = metricDefinition(name)?.wire ?? 'f32'
  if (wire === 'f64') {
    const values = new Float64Array(capacity)
    return {
      values,
      nulls,
      column: (n) => ({
        name,
        type: 'Nullable(Float64)',
        values: values.slice(0, n),
        nulls: nulls.slice(0, n),
      }),
    }
  }
  if (wire === 'u8') {
    const values = new Uint8Array(capacity)
    return {
      values,
      nulls,
      column: (n) => ({
        name,
        type: 'Nullable(UInt8)',
        values: values.slice(0, n),
        nulls: nulls.slice(0, n),
      }),
    }
  }
  if (wire === 'u32') {
    const values = new Uint32Array(capacity)
    return {
      values,
      nulls,
      column: (n) => ({
        name,
        type: 'Nullable(UInt32)',
        values: values.slice(0, n),
        nulls: nulls.slice(0, n),
      }),
    }
  }
  const values = new Float32Array(capacity)
  return {
    values,
    nulls,
    column: (n) => ({
      name,
      type: 'Nullable(Float32)',
      values: values.slice(0, n),
      nulls: nulls.slice(0, n),
    }),
  }
}

interface StagedTick {
  readonly atMs: number
  readonly stepMs: number
  readonly present: Uint8Array
  /** One array per metric, by device position. */
  readonly values: readonly Float64Array[]
}

/** Collects history rows in table order. `capacity` rows at most between two takes. */
export function createHistoryBlock(
  fleet: Fleet,
  ids: readonly bigint[],
  capacity: number,
): HistoryBlock {
  const { devices } = fleet
  const metrics = simMetrics(fleet)
  const isNvidia = Uint8Array.from(devices, (device) => (device.spec.vendor === 'nvidia' ? 1 : 0))
  const ts = new BigInt64Array(capacity)
  const deviceIds = new BigUint64Array(capacity)
  const steps = new Uint32Array(capacity)
  const sources = new Uint8Array(capacity)
  const busy = new Float32Array(capacity)
  const buffers = metrics.map((metric) => makeBuffer(metric, capacity))
  const busyIndex = metrics.findIndex((metric) => metric.name === 'gr_engine_active_ratio')
  const npuIndex = metrics.findIndex((metric) => metric.name === 'npu_util_ratio')
  let staged: StagedTick[] = []
  let rows = 0

  function stage(tick: FleetTick, stepMs: number): void {
    const values = metrics.map((metric) => {
      const into = new Float64Array(devices.length)
      metric.fill(tick, into)
      return into
    })
    staged.push({ atMs: tick.atMs, stepMs, present: tick.present.slice(), values })
  }

  /** Row -> (device, tick), in table order: device by device, then time. */
  function order(): {
    readonly device: Uint32Array
    readonly tick: Uint8Array
    readonly count: number
  } {
    const device = new Uint32Array(devices.length * staged.length)
    const tick = new Uint8Array(device.length)
    let count = 0
    for (let i = 0; i < devices.length; i++) {
      for (let t = 0; t < staged.length; t++) {
        if (staged[t]?.present[i] !== 1) continue
        device[count] = i
        tick[count] = t
        count++
      }
    }
    return { device, tick, count }
  }

  function seal(): void {
    const { device, tick, count } = order()
    const times = BigInt64Array.from(staged, (moment) => BigInt(moment.atMs))
    for (let r = 0; r < count; r++) {
      const [i, t, row] = [device[r] ?? 0, tick[r] ?? 0, rows + r]
      ts[row] = times[t] ?? 0n
      deviceIds[row] = ids[i] ?? 0n
      steps[row] = staged[t]?.stepMs ?? 0
      sources[row] = isNvidia[i] === 1 ? BUSY_NVIDIA : BUSY_ASCEND
      busy[row] = staged[t]?.values[isNvidia[i] === 1 ? busyIndex : npuIndex]?.[i] ?? 0
    }
    buffers.forEach((buffer, metricIndex) => {
      const columns = staged.map((moment) => moment.values[metricIndex] ?? new Float64Array(0))
      copyColumn(buffer, columns, { device, tick, count }, rows)
    })
    rows += count
    staged = []
  }

  function take(): readonly NativeColumn[] {
    const n = rows
    rows = 0
    return [
      { name: 'ts', type: "DateTime64(3, 'UTC')", values: ts.slice(0, n) },
      { name: 'device_id', type: 'UInt64', values: deviceIds.slice(0, n) },
      { name: 'step_ms', type: 'UInt32', values: steps.slice(0, n) },
      { name: 'busy_source', type: 'UInt8', values: sources.slice(0, n) },
      {
        name: 'busy_ratio',
        type: 'Nullable(Float32)',
        values: busy.slice(0, n),
        nulls: new Uint8Array(n),
      },
      ...buffers.map((buffer) => buffer.column(n)),
    ]
  }

  return {
    stage,
    seal,
    take,
    get rows() {
      return rows
    },
  }
}

function copyColumn(
  buffer: MetricBuffer,
  columns: readonly Float64Array[],
  order: { readonly device: Uint32Array; readonly tick: Uint8Array; readonly count: number },
  firstRow: number,
): void {
  const { values, nulls } = buffer
  for (let r = 0; r < order.count; r++) {
    const value = columns[order.tick[r] ?? 0]?.[order.device[r] ?? 0] ?? Number.NaN
    const missing = value !== value
    values[firstRow + r] = missing ? 0 : value
    nulls[firstRow + r] = missing ? 1 : 0
  }
}
