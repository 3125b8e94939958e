import type { MetricName } from '#schemas/metrics.ts'
import type { LinkMetricName } from '#schemas/node-metrics.ts'

/**
 * What the columns of `dcgmi dmon` mean: data, no behaviour. Field ids and short header names are those of DCGM's
 * field list (4.6.0); the short names have not changed since 1.4. What is not here is listed under `ignored`.
 */

/**
 * How a printed number becomes canonical. `over` and `times`: a fixed factor. The named rules settle the unit by
 * the value itself, because DCGM 4.7 announces base units for some fields: integers are percent and fractions
 * ratios; no clock has 100 GHz and no memory a TiB, so larger numbers are in base units already.
 */
export type Scale =
  | { readonly times: number; readonly over: number }
  | 'percent'
  | 'megahertz'
  | 'mebibytes'
  | 'millijoules'

/**
 * Whom a value speaks for under MIG. `board`: the board, a copy on an instance's row is skipped. `own`: the board
 * or the instance whose row it is. `whole`: does not exist under MIG; a number printed there is no measurement.
 */
export type Level = 'board' | 'own' | 'whole'

export interface DmonField {
  /** As in `-e`. */
  readonly id: number
  /** Short name in the header. */
  readonly header: string
  readonly metric: MetricName
  readonly scale: Scale
  readonly level: Level
  /** 0 is preferred over 1 when several columns give one metric. */
  readonly rank: 0 | 1
  /** Added to the other columns of the same metric and rank. */
  readonly adds: boolean
  /** True where any positive number means yes: DCGM counts what we take as a flag. */
  readonly flag: boolean
  /** True where 0 means that there is no such thing: no sensor, no link. */
  readonly zeroIsMissing: boolean
  /** True where 2,147,483,632 can be a real value, so int32 blanks cannot be told apart. */
  readonly wide: boolean
}

type Options = Partial<
  Pick<DmonField, 'scale' | 'level' | 'rank' | 'adds' | 'flag' | 'zeroIsMissing' | 'wide'>
>

const AS_IS = { times: 1, over: 1 } as const

function field(id: number, header: string, metric: MetricName, options: Options = {}): DmonField {
  return {
    id,
    header,
    metric,
    scale: AS_IS,
    level: 'board',
    rank: 0,
    adds: false,
    flag: false,
    zeroIsMissing: false,
    wide: false,
    ...options,
  }
}

const own = { level: 'own' } as const
const whole = { level: 'whole', scale: 'percent' } as const
const memory = { level: 'own', scale: 'mebibytes', wide: true } as const
const wide = { wide: true } as const
const zeroIsMissing = { zeroIsMissing: true } as const
const megahertz = { scale: 'megahertz' } as const
const nanoseconds = { scale: { times: 1, over: 1e9 }, wide: true } as const
const kilobytes = { scale: { times: 1000, over: 1 }, rank: 1 } as const
/** About MB/s: DCGM divides a difference of KiB by 1000 and the time. */
const megabytes = { scale: { times: 1e6, over: 1 }, rank: 1, wide: true } as const

/** Every column that has a canonical metric of a device. */
export const FIELDS: readonly DmonField[] = [
  field(1001, 'GRACT', 'gr_engine_active_ratio', own),
  field(1002, 'SMACT', 'sm_active_ratio', own),
  field(1003, 'SMOCC', 'sm_occupancy_ratio', own),
  field(1004, 'TENSO', 'tensor_active_ratio', own),
  field(1005, 'DRAMA', 'memory_bandwidth_active_ratio', own),
  field(1006, 'FP64A', 'fp64_active_ratio', own),
  field(1007, 'FP32A', 'fp32_active_ratio', own),
  field(1008, 'FP16A', 'fp16_active_ratio', own),
  field(203, 'GPUTL', 'gpu_util_ratio', whole),
  field(204, 'MCUTL', 'memory_controller_busy_ratio', whole),
  field(206, 'ECUTL', 'encoder_busy_ratio', whole),
  field(207, 'DCUTL', 'decoder_busy_ratio', whole),
  field(155, 'POWER', 'power_watts'),
  field(157, 'POWINST', 'power_watts', { rank: 1 }),
  field(164, 'EPLMT', 'power_limit_watts'),
  field(163, 'PMDEF', 'power_limit_default_watts'),
  field(162, 'PMMAX', 'power_limit_max_watts'),
  field(156, 'TOTEC', 'energy_joules_total', { scale: 'millijoules', wide: true }),
  field(150, 'TMPTR', 'temperature_celsius'),
  field(140, 'MMTMP', 'memory_temperature_celsius', zeroIsMissing),
  field(153, 'GTLIMIT', 'temperature_margin_celsius'),
  field(158, 'SDTMP', 'temperature_slowdown_celsius', zeroIsMissing),
  field(191, 'FANSP', 'fan_ratio', { scale: 'percent' }),
  field(100, 'SMCLK', 'sm_clock_hertz', megahertz),
  field(113, 'SMMAX', 'sm_clock_max_hertz', megahertz),
  field(101, 'MMCLK', 'memory_clock_hertz', megahertz),
  field(252, 'FBUSD', 'memory_used_bytes', memory),
  field(251, 'FBFRE', 'memory_free_bytes', memory),
  field(253, 'FBRSV', 'memory_reserved_bytes', memory),
  field(250, 'FBTTL', 'memory_total_bytes', memory),
  field(112, 'DVCCTR', 'clock_event_reasons'),
  field(1420, 'CLKPCNS', 'throttle_power_seconds_total', nanoseconds),
  field(240, 'PVIOL', 'throttle_power_seconds_total', { ...nanoseconds, rank: 1 }),
  // Software and hardware slowdown are two clocks; both at once count twice.
  field(1422, 'CLKSWTHNS', 'throttle_thermal_seconds_total', { ...nanoseconds, adds: true }),
  field(1423, 'CLKHWTHNS', 'throttle_thermal_seconds_total', { ...nanoseconds, adds: true }),
  field(241, 'TVIOL', 'throttle_thermal_seconds_total', { ...nanoseconds, rank: 1 }),
  field(1424, 'CLKEPBSNS', 'throttle_hardware_seconds_total', nanoseconds),
  field(1009, 'PCITX', 'pcie_tx_bytes_per_second', wide),
  field(1010, 'PCIRX', 'pcie_rx_bytes_per_second', wide),
  field(200, 'TXTPT', 'pcie_tx_bytes_per_second', kilobytes),
  field(201, 'RXTPT', 'pcie_rx_bytes_per_second', kilobytes),
  field(202, 'RPCTR', 'pcie_replay_total'),
  field(237, 'PCILG', 'pcie_link_generation', zeroIsMissing),
  field(235, 'PCIMG', 'pcie_link_generation_max', zeroIsMissing),
  field(238, 'PCILW', 'pcie_link_width', zeroIsMissing),
  field(236, 'PCIMW', 'pcie_link_width_max', zeroIsMissing),
  field(1011, 'NVLTX', 'scaleup_tx_bytes_per_second', wide),
  field(1012, 'NVLRX', 'scaleup_rx_bytes_per_second', wide),
  field(843, 'NTXBWLT', 'scaleup_tx_bytes_per_second', megabytes),
  field(897, 'NRXBWLT', 'scaleup_rx_bytes_per_second', megabytes),
  field(449, 'NBWLT', 'scaleup_bytes_per_second', { ...megabytes, rank: 0 }),
  field(1201, 'NLXMITB', 'scaleup_tx_bytes_total', wide),
  field(1203, 'NLRCVB', 'scaleup_rx_bytes_total', wide),
  field(1206, 'NLRCVE', 'scaleup_errors_total'),
  field(310, 'ESVTL', 'ecc_corrected_total'),
  field(311, 'EDVTL', 'ecc_uncorrected_total'),
  field(312, 'ESATL', 'ecc_corrected_lifetime_total'),
  field(313, 'EDATL', 'ecc_uncorrected_lifetime_total'),
  field(390, 'RPSBE', 'retired_pages_total', { adds: true }),
  field(391, 'RPDBE', 'retired_pages_total', { adds: true }),
  field(392, 'RPPEN', 'retired_pages_pending', { flag: true }),
  field(394, 'CRMPS', 'remapped_rows_corrected_total'),
  field(393, 'URMPS', 'remapped_rows_uncorrected_total'),
  field(395, 'RRF', 'row_remap_failed'),
  field(396, 'RRP', 'row_remap_pending'),
  field(389, 'RRAN', 'remap_banks_exhausted'),
  field(230, 'XIDER', 'xid_code'),
  field(190, 'PSTAT', 'performance_state'),
]

export interface DmonLinkField {
  readonly id: number
  readonly header: string
  readonly metric: LinkMetricName
  readonly times: number
  /** Prefers 0 over 1 when two columns give one metric. */
  readonly rank: 0 | 1
}

const link = (
  id: number,
  header: string,
  metric: LinkMetricName,
  times = 1,
  rank: 0 | 1 = 0,
): DmonLinkField => ({ id, header, metric, times, rank })

/** Columns of rows `GPU n LINK i`. */
export const LINK_FIELDS: readonly DmonLinkField[] = [
  link(1532, 'NVLPTX', 'link_tx_bytes_per_second'),
  link(1533, 'NVLPRX', 'link_rx_bytes_per_second'),
  link(1530, 'NVLTXL', 'link_tx_bytes_per_second', 1e6, 1),
  link(1531, 'NVLRXL', 'link_rx_bytes_per_second', 1e6, 1),
  link(1201, 'NLXMITB', 'link_tx_bytes_total'),
  link(1203, 'NLRCVB', 'link_rx_bytes_total'),
  link(1206, 'NLRCVE', 'link_errors_total'),
  link(1214, 'NLSYME', 'link_symbol_errors_total'),
  link(1525, 'NVLFCE', 'link_crc_errors_total'),
  link(1527, 'NVLRPE', 'link_replays_total'),
  link(1528, 'NVLRCE', 'link_recoveries_total'),
  link(585, 'NLLNKDOWN', 'link_downs_total'),
  link(1509, 'NLIPXWA', 'link_tx_wait_ticks_total'),
]

const BY_HEADER: ReadonlyMap<string, DmonField> = new Map(
  FIELDS.map((known) => [known.header, known]),
)
const LINK_BY_HEADER: ReadonlyMap<string, DmonLinkField> = new Map(
  LINK_FIELDS.map((known) => [known.header, known]),
)
const BY_ID: ReadonlyMap<number, DmonField> = new Map(FIELDS.map((known) => [known.id, known]))

/** Column of field 54: a text, but one that names the device. */
export const UUID_HEADER = 'UUID#'

/** The field behind a column of a device's row. */
export const fieldOfHeader = (header: string): DmonField | undefined => BY_HEADER.get(header)
/** The field behind a column of a link's row. */
export const linkFieldOfHeader = (header: string): DmonLinkField | undefined =>
  LINK_BY_HEADER.get(header)
/** The field behind an id of `-e`. */
export const fieldOfId = (id: number): DmonField | undefined => BY_ID.get(id)

/** Fields of the profiling module: they need hardware counters, which others may hold, or permission. */
export const isProfilingField = (id: number): boolean => id >= 1001 && id < 1100

/**
 * Asked for unless configured otherwise: what every DCGM since 2.0 knows. A field that the installed one does not
 * know is left out after its error.
 */
export const DEFAULT_FIELDS: readonly number[] = [
  1001, 1002, 1004, 1005, 1009, 1010, 1011, 1012, 203, 155, 164, 156, 150, 140, 153, 100, 113, 101,
  112, 240, 241, 250, 251, 252, 253, 202, 190, 230, 310, 311, 393, 394, 395, 396,
]
