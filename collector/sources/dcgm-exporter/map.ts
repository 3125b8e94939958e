import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'
import { SCALE_GROUPS, type ScaleName } from './scales.ts'

/**
 * What DCGM's fields mean in canonical metrics: data, no behaviour. Names up to DCGM 4.6 and the
 * base-unit names of 4.7 (seen in public documentation only) are listed side by side. TYPE and HELP of
 * a page are free text and are never used.
 */

/**
 * Where a value belongs on a MIG device. `board`: copied to every instance row, so it is counted once,
 * on the board. `instance`: the instance's own. `whole`: does not exist under MIG; a number printed
 * there is not a measurement.
 */
export type Level = 'board' | 'instance' | 'whole'

export interface NativeField {
  readonly name: string
  readonly metric: MetricName
  readonly definition: MetricDefinition
  /** The metric's position in DEVICE_METRICS, or that of a part behind them. */
  readonly slot: number
  /** Canonical value = native x times / over; both 1 where `scale` is set. */
  readonly times: number
  readonly over: number
  /** Index into SCALE_GROUPS, or -1. */
  readonly scale: number
  /** True where 2,147,483,632 can be a real value, so int32 blanks cannot be told apart. */
  readonly wide: boolean
  readonly level: Level
  /** 0 is preferred over 1 when a page has several fields for one metric. */
  readonly rank: number
  /** True where 0 means that there is no sensor. */
  readonly zeroIsMissing: boolean
  /** Of several rows the largest counts: counters (the newest copy) and worst-of codes. */
  readonly largest: boolean
  /** True where any positive number means yes: DCGM counts what we take as a flag. */
  readonly flag: boolean
  /** Native code -> canonical code, for enums that differ. */
  readonly codes: ReadonlyMap<number, number> | null
}

type FieldOptions = Partial<
  Pick<
    NativeField,
    'times' | 'over' | 'wide' | 'level' | 'rank' | 'zeroIsMissing' | 'largest' | 'flag' | 'codes'
  >
> & { readonly scale?: ScaleName; readonly part?: PartName }

/** Counters that are the sum of several fields. Each part has a cell of its own behind those of the metrics. */
const SUMMED = {
  throttle_thermal_seconds_total: ['heat_software', 'heat_hardware'],
  retired_pages_total: ['pages_single_bit', 'pages_double_bit'],
  scaleup_errors_total: [
    'nvlink_flit_crc',
    'nvlink_data_crc',
    'nvlink_replay',
    'nvlink_recovery',
    'nvlink_receive',
    'nvlink_symbol',
  ],
} as const satisfies Partial<Record<MetricName, readonly string[]>>
type PartName = (typeof SUMMED)[keyof typeof SUMMED][number]

const PART_NAMES: readonly string[] = Object.values(SUMMED).flat()
const slotOfMetric = (name: string) => DEVICE_METRICS.findIndex((metric) => metric.name === name)
const slotOfPart = (name: string) => DEVICE_METRICS.length + PART_NAMES.indexOf(name)
export const SLOT_COUNT = DEVICE_METRICS.length + PART_NAMES.length

/** Where each sum goes and which cells it adds up. */
export const SUMS: readonly { readonly slot: number; readonly parts: readonly number[] }[] =
  Object.entries(SUMMED).map(([metric, parts]) => ({
    slot: slotOfMetric(metric),
    parts: parts.map(slotOfPart),
  }))

function field(metric: MetricName, names: readonly string[], options: FieldOptions = {}) {
  const position = slotOfMetric(metric)
  const definition: MetricDefinition = DEVICE_METRICS[position] ?? DEVICE_METRICS[0]
  return names.map((name): NativeField => ({
    name,
    metric,
    definition,
    slot: options.part === undefined ? position : slotOfPart(options.part),
    times: options.times ?? 1,
    over: options.over ?? 1,
    scale: SCALE_GROUPS.findIndex((known) => known.name === options.scale),
    wide: options.wide ?? false,
    level: options.level ?? 'board',
    rank: options.rank ?? 0,
    zeroIsMissing: options.zeroIsMissing ?? false,
    largest: options.largest ?? definition.kind === 'counter',
    flag: options.flag ?? false,
    codes: options.codes ?? null,
  }))
}

const dev = (...names: string[]) => names.map((name) => `DCGM_FI_DEV_${name}`)
const prof = (...names: string[]) => names.map((name) => `DCGM_FI_PROF_${name}`)
const own = { level: 'instance' } as const
const whole = { level: 'whole', scale: 'utilization' } as const
const wholeBase = { level: 'whole', scale: 'utilization_base' } as const
const mib = { level: 'instance', scale: 'memory', wide: true } as const
const bytes = { level: 'instance', scale: 'memory_base', wide: true } as const
const nanoseconds = { over: 1e9, wide: true } as const
/** 240-247 are nanoseconds since 2.x although the 4.0.0 header says microseconds. */
const violation = { over: 1e9, wide: true, rank: 2 } as const
const rate = { wide: true } as const
const zeroIsMissing = { zeroIsMissing: true } as const
const byteCounter = { wide: true } as const

/** Every field that has a canonical metric. What is not here is listed under `ignored`. */
export const FIELDS: readonly NativeField[] = [
  field('gr_engine_active_ratio', prof('GR_ENGINE_ACTIVE', 'GR_ENGINE_UTIL_RATIO'), own),
  field('gpu_util_ratio', dev('GPU_UTIL'), whole),
  field('gpu_util_ratio', dev('GPU_UTIL_RATIO'), wholeBase),
  field('sm_active_ratio', prof('SM_ACTIVE', 'SM_UTIL_RATIO'), own),
  field('sm_occupancy_ratio', prof('SM_OCCUPANCY', 'SM_OCCUPANCY_RATIO'), own),
  field('tensor_active_ratio', prof('PIPE_TENSOR_ACTIVE', 'TENSOR_UTIL_RATIO'), own),
  field('fp64_active_ratio', prof('PIPE_FP64_ACTIVE', 'FP64_UTIL_RATIO'), own),
  field('fp32_active_ratio', prof('PIPE_FP32_ACTIVE', 'FP32_UTIL_RATIO'), own),
  field('fp16_active_ratio', prof('PIPE_FP16_ACTIVE', 'FP16_UTIL_RATIO'), own),
  field('memory_bandwidth_active_ratio', prof('DRAM_ACTIVE', 'DRAM_UTIL_RATIO'), own),
  field('memory_controller_busy_ratio', dev('MEM_COPY_UTIL'), whole),
  field('memory_controller_busy_ratio', dev('MEMORY_UTIL_RATIO', 'MEM_COPY_UTIL_RATIO'), wholeBase),
  field('encoder_busy_ratio', dev('ENC_UTIL'), whole),
  field('encoder_busy_ratio', dev('ENC_UTIL_RATIO'), wholeBase),
  field('decoder_busy_ratio', dev('DEC_UTIL'), whole),
  field('decoder_busy_ratio', dev('DEC_UTIL_RATIO'), wholeBase),
  field('power_watts', dev('POWER_USAGE', 'BOARD_POWER_WATTS')),
  field('power_watts', dev('POWER_USAGE_INSTANT', 'BOARD_POWER_RAW_WATTS'), { rank: 1 }),
  field('power_limit_watts', dev('ENFORCED_POWER_LIMIT', 'BOARD_POWER_LIMIT_ENFORCED_WATTS')),
  // What software asked for: the cap in force is the same or lower, so it only stands in for it.
  field('power_limit_watts', dev('POWER_MGMT_LIMIT', 'BOARD_POWER_LIMIT_REQUESTED_WATTS'), {
    rank: 1,
  }),
  field(
    'power_limit_default_watts',
    dev('POWER_MGMT_LIMIT_DEF', 'BOARD_POWER_LIMIT_DEFAULT_WATTS'),
  ),
  field('power_limit_max_watts', dev('POWER_MGMT_LIMIT_MAX', 'BOARD_POWER_LIMIT_MAX_WATTS')),
  field('energy_joules_total', dev('GPU_ENERGY_JOULES_TOTAL'), {
    scale: 'energy_base',
    wide: true,
  }),
  field('energy_joules_total', dev('TOTAL_ENERGY_CONSUMPTION'), {
    scale: 'energy',
    wide: true,
    rank: 1,
  }),
  field('temperature_celsius', dev('GPU_TEMP', 'GPU_TEMP_CELSIUS')),
  field('memory_temperature_celsius', dev('MEMORY_TEMP', 'MEMORY_TEMP_CELSIUS'), {
    zeroIsMissing: true,
  }),
  field('temperature_margin_celsius', dev('GPU_TEMP_LIMIT', 'GPU_TEMP_MARGIN_CELSIUS')),
  field(
    'temperature_slowdown_celsius',
    dev('SLOWDOWN_TEMP', 'GPU_TEMP_SLOWDOWN_CELSIUS'),
    zeroIsMissing,
  ),
  field('fan_ratio', dev('FAN_SPEED'), { over: 100 }),
  field('sm_clock_hertz', dev('SM_CLOCK'), { scale: 'clock' }),
  field('sm_clock_hertz', dev('SM_CLOCK_HERTZ'), { scale: 'clock_base' }),
  field('sm_clock_max_hertz', dev('MAX_SM_CLOCK'), { scale: 'clock' }),
  field('sm_clock_max_hertz', dev('SM_MAX_CLOCK_HERTZ'), { scale: 'clock_base' }),
  field('memory_clock_hertz', dev('MEM_CLOCK'), { scale: 'clock' }),
  field('memory_clock_hertz', dev('MEMORY_CLOCK_HERTZ', 'MEM_CLOCK_HERTZ'), {
    scale: 'clock_base',
  }),
  field('memory_used_bytes', dev('FB_USED'), mib),
  field('memory_used_bytes', dev('FB_USED_BYTES'), bytes),
  field('memory_free_bytes', dev('FB_FREE'), mib),
  field('memory_free_bytes', dev('FB_FREE_BYTES'), bytes),
  field('memory_reserved_bytes', dev('FB_RESERVED'), mib),
  field('memory_reserved_bytes', dev('FB_RESERVED_BYTES'), bytes),
  field('memory_total_bytes', dev('FB_TOTAL'), mib),
  field('memory_total_bytes', dev('FB_CAPACITY_BYTES', 'FB_TOTAL_BYTES'), bytes),
  field('clock_event_reasons', dev('CLOCK_THROTTLE_REASONS', 'CLOCKS_EVENT_REASONS')),
  field('throttle_power_seconds_total', dev('CLOCKS_EVENT_REASON_SW_POWER_CAP_NS'), nanoseconds),
  field('throttle_power_seconds_total', dev('GPU_POWER_THROTTLE_SECONDS_TOTAL'), { rank: 1 }),
  field('throttle_power_seconds_total', dev('POWER_VIOLATION'), violation),
  field('throttle_thermal_seconds_total', dev('CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN_NS'), {
    ...nanoseconds,
    part: 'heat_software',
  }),
  field('throttle_thermal_seconds_total', dev('CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN_NS'), {
    ...nanoseconds,
    part: 'heat_hardware',
  }),
  field('throttle_thermal_seconds_total', dev('GPU_THERMAL_THROTTLE_SECONDS_TOTAL'), { rank: 1 }),
  field('throttle_thermal_seconds_total', dev('THERMAL_VIOLATION'), violation),
  field(
    'throttle_hardware_seconds_total',
    dev('CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN_NS'),
    nanoseconds,
  ),
  field('pcie_tx_bytes_per_second', prof('PCIE_TX_BYTES'), rate),
  field('pcie_tx_bytes_per_second', dev('PCIE_TX_THROUGHPUT'), { times: 1000, rank: 1 }),
  field('pcie_rx_bytes_per_second', prof('PCIE_RX_BYTES'), rate),
  field('pcie_rx_bytes_per_second', dev('PCIE_RX_THROUGHPUT'), { times: 1000, rank: 1 }),
  field('pcie_replay_total', dev('PCIE_REPLAY_COUNTER', 'PCIE_REPLAY_TOTAL')),
  field('pcie_link_generation', dev('PCIE_LINK_GEN'), zeroIsMissing),
  field('pcie_link_generation_max', dev('PCIE_MAX_LINK_GEN'), zeroIsMissing),
  field('pcie_link_width', dev('PCIE_LINK_WIDTH'), zeroIsMissing),
  field('pcie_link_width_max', dev('PCIE_MAX_LINK_WIDTH'), zeroIsMissing),
  field('scaleup_bytes_per_second', dev('NVLINK_THROUGHPUT_BYTES_PER_SECOND'), rate),
  field('scaleup_bytes_per_second', dev('NVLINK_BANDWIDTH_TOTAL', 'NVLINK_THROUGHPUT_TOTAL'), {
    scale: 'nvlink',
    wide: true,
    rank: 1,
  }),
  field('scaleup_tx_bytes_per_second', prof('NVLINK_TX_BYTES'), rate),
  field(
    'scaleup_tx_bytes_per_second',
    dev('NVLINK_TX_BANDWIDTH_TOTAL', 'NVLINK_TX_THROUGHPUT_TOTAL'),
    { scale: 'nvlink', wide: true, rank: 1 },
  ),
  field('scaleup_rx_bytes_per_second', prof('NVLINK_RX_BYTES'), rate),
  field(
    'scaleup_rx_bytes_per_second',
    dev('NVLINK_RX_BANDWIDTH_TOTAL', 'NVLINK_RX_THROUGHPUT_TOTAL'),
    { scale: 'nvlink', wide: true, rank: 1 },
  ),
  field(
    'scaleup_tx_bytes_total',
    dev('NVLINK_COUNT_TX_BYTES', 'NVLINK_TX_BYTES_TOTAL'),
    byteCounter,
  ),
  field(
    'scaleup_rx_bytes_total',
    dev('NVLINK_COUNT_RX_BYTES', 'NVLINK_RX_BYTES_TOTAL'),
    byteCounter,
  ),
  field(
    'scaleup_errors_total',
    dev('NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL', 'NVLINK_CRC_FLIT_ERROR_TOTAL'),
    { part: 'nvlink_flit_crc' },
  ),
  field(
    'scaleup_errors_total',
    dev('NVLINK_CRC_DATA_ERROR_COUNT_TOTAL', 'NVLINK_CRC_DATA_ERROR_TOTAL'),
    { part: 'nvlink_data_crc' },
  ),
  field(
    'scaleup_errors_total',
    dev('NVLINK_REPLAY_ERROR_COUNT_TOTAL', 'NVLINK_REPLAY_ERROR_TOTAL'),
    { part: 'nvlink_replay' },
  ),
  field(
    'scaleup_errors_total',
    dev('NVLINK_RECOVERY_ERROR_COUNT_TOTAL', 'NVLINK_RECOVERY_ERROR_TOTAL'),
    { part: 'nvlink_recovery' },
  ),
  // Hopper and later count recoveries here.
  field(
    'scaleup_errors_total',
    dev('NVLINK_COUNT_LINK_RECOVERY_EVENTS', 'NVLINK_RECOVERY_EVENT_TOTAL'),
    { part: 'nvlink_recovery', rank: 1 },
  ),
  field('scaleup_errors_total', dev('NVLINK_COUNT_RX_ERRORS', 'NVLINK_RX_ERROR_TOTAL'), {
    part: 'nvlink_receive',
  }),
  field(
    'scaleup_errors_total',
    dev('NVLINK_COUNT_RX_SYMBOL_ERRORS', 'NVLINK_RX_SYMBOL_ERROR_TOTAL'),
    { part: 'nvlink_symbol' },
  ),
  field('ecc_corrected_total', dev('ECC_SBE_VOL_TOTAL')),
  field('ecc_uncorrected_total', dev('ECC_DBE_VOL_TOTAL')),
  field('ecc_corrected_lifetime_total', dev('ECC_SBE_AGG_TOTAL')),
  field('ecc_uncorrected_lifetime_total', dev('ECC_DBE_AGG_TOTAL')),
  // Boards before Ampere retire pages, later ones remap rows.
  field('retired_pages_total', dev('RETIRED_SBE', 'PAGE_RETIRED_SBE_TOTAL'), {
    part: 'pages_single_bit',
  }),
  field('retired_pages_total', dev('RETIRED_DBE', 'PAGE_RETIRED_DBE_TOTAL'), {
    part: 'pages_double_bit',
  }),
  field('retired_pages_pending', dev('RETIRED_PENDING', 'PAGE_RETIRED_PENDING'), { flag: true }),
  field('remap_banks_exhausted', dev('BANKS_REMAP_ROWS_AVAIL_NONE', 'BANK_REMAP_AVAIL_NONE')),
  field(
    'remapped_rows_corrected_total',
    dev('CORRECTABLE_REMAPPED_ROWS', 'ROW_REMAP_CORRECTABLE_TOTAL'),
  ),
  field(
    'remapped_rows_uncorrected_total',
    dev('UNCORRECTABLE_REMAPPED_ROWS', 'ROW_REMAP_UNCORRECTABLE_TOTAL'),
  ),
  field('row_remap_failed', dev('ROW_REMAP_FAILURE', 'ROW_REMAP_FAILED')),
  field('row_remap_pending', dev('ROW_REMAP_PENDING')),
  field('xid_code', dev('XID_ERRORS', 'XID_ERROR')),
  // One row per health watch: 0 pass, 10 warn, 20 fail. The worst watch speaks for the device.
  field('health_code', ['DCGM_EXP_GPU_HEALTH_STATUS'], {
    largest: true,
    codes: new Map([
      [0, 0],
      [10, 1],
      [20, 3],
    ]),
  }),
  field('performance_state', dev('PSTATE', 'GPU_PSTATE')),
].flat()
