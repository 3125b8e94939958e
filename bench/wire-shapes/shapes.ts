import { setBit, type Batch, type BatchColumn, type BatchDevice } from '#schemas/batch.ts'
import { metricDefinition, type MetricName } from '#schemas/metrics.ts'

/**
 * Batches shaped like those of collectors, for benchmarks of the wire and of ingest. Values come from a
 * hash, so every run has the same bytes; what is constant on real machines (limits, totals, error counters)
 * is constant here. Values, not shapes, are simulated: see ../../demo for a fleet that behaves.
 */

export interface Shape {
  readonly name: string
  readonly devices: number
  readonly ticks: number
  readonly stepMs: number
  /** Half of the devices NVIDIA, half Ascend. */
  readonly isMixed: boolean
}

export const SHAPES: readonly Shape[] = [
  { name: '8 devices x 1 tick', devices: 8, ticks: 1, stepMs: 10_000, isMixed: false },
  { name: '64 devices x 1 tick', devices: 64, ticks: 1, stepMs: 10_000, isMixed: false },
  { name: '512 devices x 1 tick', devices: 512, ticks: 1, stepMs: 10_000, isMixed: false },
  { name: '512 devices x 2 ticks', devices: 512, ticks: 2, stepMs: 1000, isMixed: false },
  { name: '512 of two vendors x 1', devices: 512, ticks: 1, stepMs: 10_000, isMixed: true },
]

/** 40 metrics each: what dcgm-exporter with profiling gives, and an Ascend node with every tool. */
const NVIDIA = [
  ['busy_ratio', 'fine'],
  ['gr_engine_active_ratio', 'fine'],
  ['gpu_util_ratio', 'percent'],
  ['sm_active_ratio', 'fine'],
  ['sm_occupancy_ratio', 'fine'],
  ['tensor_active_ratio', 'fine'],
  ['fp64_active_ratio', 'zero'],
  ['fp32_active_ratio', 'fine'],
  ['fp16_active_ratio', 'fine'],
  ['memory_bandwidth_active_ratio', 'fine'],
  ['memory_controller_busy_ratio', 'percent'],
  ['encoder_busy_ratio', 'zero'],
  ['decoder_busy_ratio', 'zero'],
  ['power_watts', 'watts'],
  ['power_limit_watts', 'limit'],
  ['energy_joules_total', 'counter'],
  ['temperature_celsius', 'degrees'],
  ['memory_temperature_celsius', 'degrees'],
  ['temperature_margin_celsius', 'degrees'],
  ['sm_clock_hertz', 'clock'],
  ['memory_clock_hertz', 'limit'],
  ['memory_used_bytes', 'mebibytes'],
  ['memory_free_bytes', 'mebibytes'],
  ['memory_reserved_bytes', 'limit'],
  ['memory_total_bytes', 'limit'],
  ['clock_event_reasons', 'zero'],
  ['throttle_power_seconds_total', 'counter'],
  ['throttle_thermal_seconds_total', 'zero'],
  ['pcie_tx_bytes_per_second', 'rate'],
  ['pcie_rx_bytes_per_second', 'rate'],
  ['pcie_replay_total', 'zero'],
  ['scaleup_tx_bytes_per_second', 'rate'],
  ['scaleup_rx_bytes_per_second', 'rate'],
  ['ecc_corrected_total', 'zero'],
  ['ecc_uncorrected_total', 'zero'],
  ['remapped_rows_corrected_total', 'zero'],
  ['remapped_rows_uncorrected_total', 'zero'],
  ['row_remap_failed', 'zero'],
  ['xid_code', 'zero'],
  ['pcie_link_width', 'limit'],
] as const satisfies readonly (readonly [MetricName, Kind])[]

const ASCEND = [
  ['busy_ratio', 'percent'],
  ['npu_util_ratio', 'percent'],
  ['aicore_ratio', 'percent'],
  ['aivector_ratio', 'percent'],
  ['aicpu_ratio', 'percent'],
  ['memory_bandwidth_active_ratio', 'percent'],
  ['power_watts', 'watts'],
  ['temperature_celsius', 'degrees'],
  ['memory_temperature_celsius', 'degrees'],
  ['sm_clock_hertz', 'clock'],
  ['memory_used_bytes', 'mebibytes'],
  ['memory_total_bytes', 'limit'],
  ['health_code', 'zero'],
  ['voltage_volts', 'fine'],
  ['process_count', 'zero'],
  ['scaleup_tx_bytes_per_second', 'rate'],
  ['scaleup_rx_bytes_per_second', 'rate'],
  ['ecc_corrected_total', 'zero'],
  ['ecc_uncorrected_total', 'zero'],
  ['network_tx_bytes_per_second', 'rate'],
  ['network_rx_bytes_per_second', 'rate'],
  ['network_link_up', 'limit'],
  ['scaleup_errors_total', 'zero'],
  ['heartbeat_total', 'counter'],
] as const satisfies readonly (readonly [MetricName, Kind])[]

type Kind =
  | 'fine'
  | 'percent'
  | 'zero'
  | 'watts'
  | 'limit'
  | 'counter'
  | 'degrees'
  | 'clock'
  | 'mebibytes'
  | 'rate'

/** 0..1 from two numbers, the same in every run. */
function noise(a: number, b: number): number {
  let x = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32
}

function valueOf(kind: Kind, metric: number, seed: number): number {
  const random = noise(metric, seed)
  if (kind === 'zero') return 0
  if (kind === 'limit') return 1
  if (kind === 'percent') return Math.round(random * 100) / 100
  if (kind === 'watts') return Math.round(random * 700_000) / 1000
  if (kind === 'counter') return 1e9 + seed * 700 + random
  if (kind === 'degrees') return 30 + Math.round(random * 50)
  if (kind === 'clock') return (1200 + 15 * Math.round(random * 52)) * 1e6
  if (kind === 'mebibytes') return Math.round(random * 81_559) * 2 ** 20
  return kind === 'rate' ? Math.round(random * 5e10) : random
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u8: Uint8Array, u32: Uint32Array }

/** One collector's message. `devices` must be those of `shapeDevices` for this collector. */
export function shapeBatch(
  shape: Shape,
  sender: { readonly collector: string; readonly boot: string; readonly seq: number },
  devices: readonly BatchDevice[],
  t0Ms: number,
): Batch {
  const rows = devices.length * shape.ticks
  const columns = new Map<MetricName, BatchColumn & { readonly valid: Uint8Array }>()
  for (const [index, { vendor }] of devices.entries())
    for (const [metric, [name, kind]] of (vendor === 'nvidia' ? NVIDIA : ASCEND).entries()) {
      const wire = metricDefinition(name)?.wire ?? 'f32'
      const column = columns.get(name) ?? {
        name,
        valid: new Uint8Array(Math.ceil(rows / 8)),
        values: new ARRAYS[wire](rows),
      }
      columns.set(name, column)
      for (let tick = 0; tick < shape.ticks; tick += 1) {
        const row = tick * devices.length + index
        setBit(column.valid, row)
        column.values[row] = valueOf(kind, metric, sender.seq * 10_007 + row)
      }
    }
  const present = new Uint8Array(Math.ceil(rows / 8))
  for (let row = 0; row < rows; row += 1) setBit(present, row)
  return {
    ...sender,
    schemaId: 2,
    cluster: 'east',
    simulated: false,
    t0Ms,
    stepMs: shape.stepMs,
    ticks: shape.ticks,
    devices,
    present,
    busySource: new Uint8Array(rows).fill(1),
    columns: [...columns.values()],
    records: [],
  }
}

/** The devices of one collector: nodes of 8, described as sources describe them. */
export function shapeDevices(shape: Shape, collector: number): BatchDevice[] {
  return Array.from({ length: shape.devices }, (_, index) => {
    const isAscend = shape.isMixed && index >= shape.devices / 2
    const [chip, node] = [index % 8, Math.floor(index / 8)]
    const hex = (part: number) =>
      Math.floor(noise(collector * 4096 + index, part) * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    const id = hex(1) + hex(2) + hex(3) + hex(4)
    const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20)}`
    const host = `h1-r${collector}-n${node}`
    const bus = `00000000:${(16 + chip * 8).toString(16)}:00.0`
    return {
      keys: isAscend
        ? [`vdie:${id.toUpperCase()}`, `slot:${host}/${bus}/0`]
        : [
            `uuid:GPU-${uuid}`,
            `serial:16${Math.floor(noise(index, collector) * 1e11)}`,
            `slot:${host}/${bus}/0`,
          ],
      node: host,
      vendor: isAscend ? 'huawei' : 'nvidia',
      model: isAscend ? 'Ascend 910B3' : 'NVIDIA H100 80GB HBM3',
      index: chip,
      bus,
      parent: null,
      partition: null,
      holder: {
        tenant: 'research',
        job: `1182${node}`,
        namespace: 'train',
        pod: `llm-${node}`,
        class: 'training',
      },
      hall: 'h1',
      rack: `r${collector}`,
      pool: 'train',
      sources: [isAscend ? 'npu-exporter' : 'dcgm-exporter'],
      labels: { driver: '570.124.06' },
    }
  })
}
