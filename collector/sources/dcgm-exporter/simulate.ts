import type { Holder } from '#schemas/batch.ts'
import type { MetricName, MetricValues } from '#schemas/metrics.ts'
import { xidFault } from '../../vendors/nvidia-xid.ts'

/** One simulated GPU: identity, canonical values, and who holds it. */
export interface SimulatedGpu {
  readonly uuid: string
  readonly index: number
  /** `0000:1a:00.0` or with an 8-digit domain. */
  readonly bus: string
  readonly model: string
  readonly hostname: string
  readonly driver: string
  /** Canonical units; metrics that are null or absent get no row, as the exporter does it. */
  readonly metrics: MetricValues
  readonly holder: Holder | null
  /** Last XID since driver load; 0 prints a row that says none, null prints none. */
  readonly xid: number | null
  /** MIG instance this entry is; absent for a whole GPU. */
  readonly instance?: { readonly id: number; readonly profile: string }
}

export interface ExporterPageOptions {
  /** `classic`: names and units up to exporter 4.8. `base_units`: DCGM 4.7 names, Hz, J, 0-1, bytes. */
  readonly names?: 'classic' | 'base_units'
  /** Print HELP and TYPE; the exporter does. */
  readonly comments?: boolean
}

interface SimulatedField {
  readonly name: string
  readonly baseName?: string
  readonly metric: MetricName
  /** Native = canonical x times / over, in the classic and in the base-unit dialect. */
  readonly times: number
  readonly over: number
  readonly print: 'int' | 'double'
  readonly type: 'gauge' | 'counter'
  readonly help: string
}

const MIB = 1_048_576

type Numbers = Partial<Pick<SimulatedField, 'times' | 'over' | 'type' | 'baseName'>>

function int(
  name: string,
  metric: MetricName,
  help: string,
  options: Numbers = {},
): SimulatedField {
  return { name, metric, help, times: 1, over: 1, print: 'int', type: 'gauge', ...options }
}

function double(name: string, metric: MetricName, help: string, options: Numbers = {}) {
  return { ...int(name, metric, help, options), print: 'double' as const }
}

const mhz = (baseName: string) => ({ over: 1e6, baseName })
const mib = (baseName: string) => ({ over: MIB, baseName })
const percent = (baseName: string) => ({ times: 100, baseName })
const counter = { type: 'counter' as const }
const ns = { times: 1e9, ...counter }
const dev = (name: string) => `DCGM_FI_DEV_${name}`
const prof = (name: string) => `DCGM_FI_PROF_${name}`

/** Exporter 4.x default set and the fields worth adding to it, in the order the page prints them. */
const FIELDS: readonly SimulatedField[] = [
  int(dev('SM_CLOCK'), 'sm_clock_hertz', 'SM clock.', mhz(dev('SM_CLOCK_HERTZ'))),
  int(
    dev('MAX_SM_CLOCK'),
    'sm_clock_max_hertz',
    'Largest SM clock.',
    mhz(dev('SM_MAX_CLOCK_HERTZ')),
  ),
  int(dev('MEM_CLOCK'), 'memory_clock_hertz', 'Memory clock.', mhz(dev('MEMORY_CLOCK_HERTZ'))),
  int(dev('MEMORY_TEMP'), 'memory_temperature_celsius', 'Memory temperature.'),
  int(dev('GPU_TEMP'), 'temperature_celsius', 'GPU temperature.'),
  int(dev('GPU_TEMP_LIMIT'), 'temperature_margin_celsius', 'Degrees left to the limit.'),
  double(dev('POWER_USAGE'), 'power_watts', 'Power draw.'),
  double(dev('ENFORCED_POWER_LIMIT'), 'power_limit_watts', 'Power limit in force.'),
  double(dev('POWER_MGMT_LIMIT_DEF'), 'power_limit_default_watts', 'Default power limit.'),
  double(dev('POWER_MGMT_LIMIT_MAX'), 'power_limit_max_watts', 'Highest power limit.'),
  int(dev('ECC_SBE_AGG_TOTAL'), 'ecc_corrected_lifetime_total', 'Corrected, lifetime.', counter),
  int(
    dev('ECC_DBE_AGG_TOTAL'),
    'ecc_uncorrected_lifetime_total',
    'Uncorrected, lifetime.',
    counter,
  ),
  int(dev('BANKS_REMAP_ROWS_AVAIL_NONE'), 'remap_banks_exhausted', 'Banks without spare rows.'),
  int(dev('SLOWDOWN_TEMP'), 'temperature_slowdown_celsius', 'Slowdown temperature.'),
  int(dev('PCIE_LINK_GEN'), 'pcie_link_generation', 'PCIe generation.'),
  int(dev('PCIE_MAX_LINK_GEN'), 'pcie_link_generation_max', 'Highest PCIe generation.'),
  int(dev('PCIE_LINK_WIDTH'), 'pcie_link_width', 'PCIe lanes.'),
  int(dev('PCIE_MAX_LINK_WIDTH'), 'pcie_link_width_max', 'Most PCIe lanes.'),
  int(dev('NVLINK_COUNT_TX_BYTES'), 'scaleup_tx_bytes_total', 'NVLink bytes sent.', counter),
  int(dev('NVLINK_COUNT_RX_BYTES'), 'scaleup_rx_bytes_total', 'NVLink bytes received.', counter),
  int(dev('NVLINK_COUNT_RX_ERRORS'), 'scaleup_errors_total', 'NVLink errors.', counter),
  int(dev('TOTAL_ENERGY_CONSUMPTION'), 'energy_joules_total', 'Energy since driver load.', {
    times: 1000,
    baseName: dev('GPU_ENERGY_JOULES_TOTAL'),
    ...counter,
  }),
  int(dev('PCIE_REPLAY_COUNTER'), 'pcie_replay_total', 'PCIe retries.', counter),
  int(dev('GPU_UTIL'), 'gpu_util_ratio', 'GPU utilization.', percent(dev('GPU_UTIL_RATIO'))),
  int(
    dev('MEM_COPY_UTIL'),
    'memory_controller_busy_ratio',
    'Memory utilization.',
    percent(dev('MEMORY_UTIL_RATIO')),
  ),
  int(
    dev('ENC_UTIL'),
    'encoder_busy_ratio',
    'Encoder utilization.',
    percent(dev('ENC_UTIL_RATIO')),
  ),
  int(
    dev('DEC_UTIL'),
    'decoder_busy_ratio',
    'Decoder utilization.',
    percent(dev('DEC_UTIL_RATIO')),
  ),
  int(dev('FB_FREE'), 'memory_free_bytes', 'Memory free.', mib(dev('FB_FREE_BYTES'))),
  int(dev('FB_USED'), 'memory_used_bytes', 'Memory used.', mib(dev('FB_USED_BYTES'))),
  int(
    dev('FB_RESERVED'),
    'memory_reserved_bytes',
    'Memory reserved.',
    mib(dev('FB_RESERVED_BYTES')),
  ),
  int(dev('FB_TOTAL'), 'memory_total_bytes', 'Memory in all.', mib(dev('FB_CAPACITY_BYTES'))),
  int(dev('CLOCK_THROTTLE_REASONS'), 'clock_event_reasons', 'Clock event reasons.'),
  int(
    dev('CLOCKS_EVENT_REASON_SW_POWER_CAP_NS'),
    'throttle_power_seconds_total',
    'Time slowed by the power cap.',
    ns,
  ),
  int(
    dev('CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN_NS'),
    'throttle_thermal_seconds_total',
    'Time slowed by heat.',
    ns,
  ),
  int(
    dev('CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN_NS'),
    'throttle_hardware_seconds_total',
    'Time slowed by the power brake.',
    ns,
  ),
  int(dev('ECC_SBE_VOL_TOTAL'), 'ecc_corrected_total', 'Corrected ECC errors.', counter),
  int(dev('ECC_DBE_VOL_TOTAL'), 'ecc_uncorrected_total', 'Uncorrected ECC errors.', counter),
  int(
    dev('UNCORRECTABLE_REMAPPED_ROWS'),
    'remapped_rows_uncorrected_total',
    'Rows remapped, uncorrectable.',
    counter,
  ),
  int(
    dev('CORRECTABLE_REMAPPED_ROWS'),
    'remapped_rows_corrected_total',
    'Rows remapped, correctable.',
    counter,
  ),
  int(dev('ROW_REMAP_FAILURE'), 'row_remap_failed', 'Whether remapping failed.'),
  int(dev('ROW_REMAP_PENDING'), 'row_remap_pending', 'Whether a remap waits for a reset.'),
  int(dev('PSTATE'), 'performance_state', 'Performance state.'),
  int(dev('NVLINK_BANDWIDTH_TOTAL'), 'scaleup_bytes_per_second', 'NVLink throughput.', {
    over: 1e6,
    baseName: dev('NVLINK_THROUGHPUT_BYTES_PER_SECOND'),
    ...counter,
  }),
  double(prof('GR_ENGINE_ACTIVE'), 'gr_engine_active_ratio', 'Engine active.'),
  double(prof('SM_ACTIVE'), 'sm_active_ratio', 'SMs with a warp.'),
  double(prof('SM_OCCUPANCY'), 'sm_occupancy_ratio', 'Resident warps.'),
  double(prof('PIPE_TENSOR_ACTIVE'), 'tensor_active_ratio', 'Tensor pipe active.'),
  double(prof('PIPE_FP64_ACTIVE'), 'fp64_active_ratio', 'FP64 pipe active.'),
  double(prof('PIPE_FP32_ACTIVE'), 'fp32_active_ratio', 'FP32 pipe active.'),
  double(prof('PIPE_FP16_ACTIVE'), 'fp16_active_ratio', 'FP16 pipe active.'),
  double(prof('DRAM_ACTIVE'), 'memory_bandwidth_active_ratio', 'Memory interface active.'),
  int(prof('PCIE_TX_BYTES'), 'pcie_tx_bytes_per_second', 'PCIe sent, B/s.'),
  int(prof('PCIE_RX_BYTES'), 'pcie_rx_bytes_per_second', 'PCIe received, B/s.'),
  int(prof('NVLINK_TX_BYTES'), 'scaleup_tx_bytes_per_second', 'NVLink sent, B/s.'),
  int(prof('NVLINK_RX_BYTES'), 'scaleup_rx_bytes_per_second', 'NVLink received, B/s.'),
]

/** Metrics the simulator can write; `xid_code` comes from `xid`. */
export const SIMULATED_METRICS: readonly MetricName[] = FIELDS.map((field) => field.metric)

/** Writes the page an exporter would serve for these devices: same rows, same number formats. */
export function writeExporterPage(
  devices: readonly SimulatedGpu[],
  options: ExporterPageOptions = {},
): string {
  const base = options.names === 'base_units'
  const blocks = devices.map((device) => `${identityLabels(device, base)}${podLabels(device)}`)
  const lines: string[] = []
  for (const field of FIELDS) {
    const rows: string[] = []
    const name = base ? (field.baseName ?? field.name) : field.name
    devices.forEach((device, at) => {
      const value = device.metrics[field.metric]
      if (typeof value === 'number')
        rows.push(`${name}{${blocks[at]}} ${printed(field, value, base)}`)
    })
    if (rows.length === 0) continue
    if (options.comments !== false) {
      lines.push(`# HELP ${name} ${field.help}`, `# TYPE ${name} ${field.type}`)
    }
    lines.push(...rows)
  }
  lines.push(...xidLines(devices, base, options.comments !== false))
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function printed(field: SimulatedField, value: number, base: boolean): string {
  if (base && field.baseName !== undefined) {
    // Utilization is a double there; the other renamed fields are whole numbers of the base unit.
    return field.baseName.endsWith('_RATIO') ? value.toFixed(6) : String(Math.round(value))
  }
  const native = (value * field.times) / field.over
  return field.print === 'double' ? native.toFixed(6) : String(Math.round(native))
}

function identityLabels(device: SimulatedGpu, base: boolean): string {
  const [domain = '0000', ...rest] = device.bus.toUpperCase().split(':')
  const bus = [domain.padStart(8, '0'), ...rest].join(':')
  const { instance } = device
  const mig = instance ? `,GPU_I_PROFILE="${instance.profile}",GPU_I_ID="${instance.id}"` : ''
  // From 4.8.3 on the host label is lower case.
  const host = `${base ? 'hostname' : 'Hostname'}="${device.hostname}"`
  const driver = base ? 'DCGM_FI_SYSTEM_DRIVER_VERSION' : 'DCGM_FI_DRIVER_VERSION'
  return (
    `gpu="${device.index}",UUID="${device.uuid}",pci_bus_id="${bus}",` +
    `device="nvidia${device.index}",modelName="${device.model}"${mig},${host},${driver}="${device.driver}"`
  )
}

function podLabels({ holder }: SimulatedGpu): string {
  if (holder === null) return ''
  const pairs = [
    ['container', holder.container],
    ['hpc_job', holder.job],
    ['namespace', holder.namespace],
    ['pod', holder.pod],
  ]
  return pairs.map(([name, value]) => (value === undefined ? '' : `,${name}="${value}"`)).join('')
}

function xidLines(
  devices: readonly SimulatedGpu[],
  base: boolean,
  comments: boolean,
): readonly string[] {
  const name = base ? dev('XID_ERROR') : dev('XID_ERRORS')
  const rows = devices.flatMap((device) => {
    if (device.xid === null) return []
    const text = device.xid === 0 ? 'No Error' : (xidFault(device.xid)?.name.en ?? 'Unknown Error')
    const fault = `,err_code="${device.xid}",err_msg="${text}"`
    return [`${name}{${identityLabels(device, base)}${podLabels(device)}${fault}} ${device.xid}`]
  })
  if (rows.length === 0 || !comments) return rows
  return [`# HELP ${name} Last XID.`, `# TYPE ${name} gauge`, ...rows]
}
