import { createHash } from 'node:crypto'
import type { MetricName, MetricValues } from '#schemas/metrics.ts'
import type { SimulatedGpu } from '../collector/sources/dcgm-exporter/simulate.ts'
import type { SimulatedNpu } from '../collector/sources/npu-smi/simulate.ts'

/**
 * A second reading of vendor output, written apart from the parsers and as short as can be: what a test
 * expects in the API is what a person would read off the page with a pocket calculator.
 */

const MIB = 1_048_576
const asIs = (value: number) => value
const mega = (value: number) => value * 1e6
const percent = (value: number) => value / 100
const mebi = (value: number) => value * MIB
const nano = (value: number) => value / 1e9
const milli = (value: number) => value / 1000

/** What an exporter of the 4.x line prints, and how a canonical value follows from it. */
const EXPORTER: Readonly<Record<string, readonly [MetricName, (printed: number) => number]>> = {
  DCGM_FI_DEV_SM_CLOCK: ['sm_clock_hertz', mega],
  DCGM_FI_DEV_MAX_SM_CLOCK: ['sm_clock_max_hertz', mega],
  DCGM_FI_DEV_MEM_CLOCK: ['memory_clock_hertz', mega],
  DCGM_FI_DEV_MEMORY_TEMP: ['memory_temperature_celsius', asIs],
  DCGM_FI_DEV_GPU_TEMP: ['temperature_celsius', asIs],
  DCGM_FI_DEV_GPU_TEMP_LIMIT: ['temperature_margin_celsius', asIs],
  DCGM_FI_DEV_POWER_USAGE: ['power_watts', asIs],
  DCGM_FI_DEV_ENFORCED_POWER_LIMIT: ['power_limit_watts', asIs],
  DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: ['energy_joules_total', milli],
  DCGM_FI_DEV_PCIE_REPLAY_COUNTER: ['pcie_replay_total', asIs],
  DCGM_FI_DEV_GPU_UTIL: ['gpu_util_ratio', percent],
  DCGM_FI_DEV_MEM_COPY_UTIL: ['memory_controller_busy_ratio', percent],
  DCGM_FI_DEV_ENC_UTIL: ['encoder_busy_ratio', percent],
  DCGM_FI_DEV_DEC_UTIL: ['decoder_busy_ratio', percent],
  DCGM_FI_DEV_FB_FREE: ['memory_free_bytes', mebi],
  DCGM_FI_DEV_FB_USED: ['memory_used_bytes', mebi],
  DCGM_FI_DEV_FB_RESERVED: ['memory_reserved_bytes', mebi],
  DCGM_FI_DEV_FB_TOTAL: ['memory_total_bytes', mebi],
  DCGM_FI_DEV_CLOCK_THROTTLE_REASONS: ['clock_event_reasons', asIs],
  DCGM_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP_NS: ['throttle_power_seconds_total', nano],
  DCGM_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN_NS: ['throttle_thermal_seconds_total', nano],
  DCGM_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN_NS: [
    'throttle_hardware_seconds_total',
    nano,
  ],
  DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: ['ecc_corrected_total', asIs],
  DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: ['ecc_uncorrected_total', asIs],
  DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS: ['remapped_rows_uncorrected_total', asIs],
  DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS: ['remapped_rows_corrected_total', asIs],
  DCGM_FI_DEV_ROW_REMAP_FAILURE: ['row_remap_failed', asIs],
  DCGM_FI_DEV_ROW_REMAP_PENDING: ['row_remap_pending', asIs],
  DCGM_FI_DEV_PSTATE: ['performance_state', asIs],
  DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL: ['scaleup_bytes_per_second', mega],
  DCGM_FI_DEV_XID_ERRORS: ['xid_code', asIs],
  DCGM_FI_PROF_GR_ENGINE_ACTIVE: ['gr_engine_active_ratio', asIs],
  DCGM_FI_PROF_SM_ACTIVE: ['sm_active_ratio', asIs],
  DCGM_FI_PROF_SM_OCCUPANCY: ['sm_occupancy_ratio', asIs],
  DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: ['tensor_active_ratio', asIs],
  DCGM_FI_PROF_PIPE_FP64_ACTIVE: ['fp64_active_ratio', asIs],
  DCGM_FI_PROF_PIPE_FP32_ACTIVE: ['fp32_active_ratio', asIs],
  DCGM_FI_PROF_PIPE_FP16_ACTIVE: ['fp16_active_ratio', asIs],
  DCGM_FI_PROF_DRAM_ACTIVE: ['memory_bandwidth_active_ratio', asIs],
  DCGM_FI_PROF_PCIE_TX_BYTES: ['pcie_tx_bytes_per_second', asIs],
  DCGM_FI_PROF_PCIE_RX_BYTES: ['pcie_rx_bytes_per_second', asIs],
  DCGM_FI_PROF_NVLINK_TX_BYTES: ['scaleup_tx_bytes_per_second', asIs],
  DCGM_FI_PROF_NVLINK_RX_BYTES: ['scaleup_rx_bytes_per_second', asIs],
}

/** UUID -> canonical values, read off an exporter page of whole GPUs; busy is the engine's activity. */
export function readPage(page: string): Map<string, MetricValues> {
  const devices = new Map<string, MetricValues>()
  for (const line of page.split('\n')) {
    const [, name = '', labels = '', printed = ''] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? []
    const uuid = /UUID="([^"]*)"/.exec(labels)?.[1]
    if (uuid === undefined) continue
    const known = EXPORTER[name]
    if (known === undefined) throw new Error(`${name} is on the page and not in the table`)
    const [metric, convert] = known
    const values = devices.get(uuid) ?? {}
    values[metric] = convert(Number(printed))
    if (metric === 'gr_engine_active_ratio') values.busy_ratio = values[metric] ?? null
    devices.set(uuid, values)
  }
  return devices
}

/** Canonical values of what npu-smi prints about a chip: box, process box and usages. */
export function readChip(chip: SimulatedNpu): MetricValues {
  const ratio = (value: number | null) => (value === null ? null : value / 100)
  return {
    // Overall utilization, where the tool gives it, goes before AI Core (DEFINITIONS 2).
    busy_ratio: ratio(chip.npuUtilPercent ?? chip.aicorePercent),
    npu_util_ratio: ratio(chip.npuUtilPercent),
    aicore_ratio: ratio(chip.aicorePercent),
    aicube_ratio: ratio(chip.aicubePercent),
    aivector_ratio: ratio(chip.aivectorPercent),
    memory_bandwidth_active_ratio: ratio(chip.hbmBandwidthPercent),
    power_watts: chip.powerWatts,
    temperature_celsius: chip.temperatureCelsius,
    memory_used_bytes: chip.memoryUsedMb * MIB,
    memory_total_bytes: chip.memoryTotalMb * MIB,
    host_memory_used_bytes: chip.hugepages.used * 2 * MIB,
    health_code: ['OK', 'Warning', 'Alarm', 'Critical'].indexOf(chip.health),
    process_count: chip.processes.length,
  }
}

/** Whole GPUs of one node whose every value differs; `step` moves them all. */
export function gpuNode(node: string, count: number, step = 0): SimulatedGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    uuid: gpuUuid(`${node}/${index}`),
    index,
    bus: `0000:${(0x1a + index).toString(16)}:00.0`,
    model: 'NVIDIA H100 80GB HBM3',
    hostname: node,
    driver: '570.124.06',
    metrics: gpuMetrics(index * 10 + step),
    holder: index % 2 === 0 ? { namespace: 'train', pod: `job-${index}`, container: 'main' } : null,
    xid: index === 3 ? 79 : 0,
  }))
}

/** A UUID of the exporter's form that belongs to a name. */
function gpuUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Values that the page's number formats carry without loss, and that differ between any two numbers below 100. */
function gpuMetrics(n: number): MetricValues {
  return {
    sm_clock_hertz: mega(1100 + n),
    sm_clock_max_hertz: mega(1980),
    memory_clock_hertz: mega(2519 + n),
    memory_temperature_celsius: 40 + (n % 50),
    temperature_celsius: 35 + (n % 50),
    temperature_margin_celsius: 52 - (n % 50),
    power_watts: 300.125 + n,
    power_limit_watts: 700,
    // Whole millijoules beyond what a float32 could hold.
    energy_joules_total: 98_765_432_100.001 + n,
    pcie_replay_total: n,
    gpu_util_ratio: percent(n % 101),
    memory_controller_busy_ratio: percent((n + 7) % 101),
    encoder_busy_ratio: percent((n + 13) % 101),
    decoder_busy_ratio: 0,
    memory_free_bytes: mebi(70_000 - n),
    memory_used_bytes: mebi(10_000 + n),
    memory_reserved_bytes: mebi(551),
    memory_total_bytes: mebi(80_551),
    clock_event_reasons: n % 2 === 0 ? 4 : 0x60,
    throttle_power_seconds_total: 1234 + n,
    throttle_thermal_seconds_total: 17 + n,
    throttle_hardware_seconds_total: n,
    ecc_corrected_total: 3 + n,
    ecc_uncorrected_total: 0,
    remapped_rows_uncorrected_total: 1,
    remapped_rows_corrected_total: 2 + n,
    row_remap_failed: 0,
    row_remap_pending: n % 2,
    performance_state: 0,
    scaleup_bytes_per_second: mega(200_000 + n),
    gr_engine_active_ratio: 0.012345 + n / 1000,
    sm_active_ratio: 0.111111 + n / 1000,
    sm_occupancy_ratio: 0.222222 + n / 1000,
    tensor_active_ratio: 0.333333 + n / 1000,
    fp64_active_ratio: 0,
    fp32_active_ratio: 0.044444 + n / 1000,
    fp16_active_ratio: 0.055555 + n / 1000,
    memory_bandwidth_active_ratio: 0.466666 + n / 1000,
    pcie_tx_bytes_per_second: 12_345_678_901 + n,
    pcie_rx_bytes_per_second: 2_345_678_901 + n,
    scaleup_tx_bytes_per_second: 112_345_678_901 + n,
    scaleup_rx_bytes_per_second: 102_345_678_901 + n,
  }
}
