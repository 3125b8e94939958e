import {
  BYTE_COUNT,
  COUNT,
  LINK_RATE,
  MEMORY,
  type MetricDefinition,
  metricRow as row,
  RATIO,
  TEMPERATURE,
} from '#schemas/metric-definition.ts'

/**
 * The canonical metric catalogue: what every number about a device means, in one place.
 * Rows are data. Names carry the base unit last; ratios are 0..1; counters end in `_total`. A missing
 * value is null, never 0. DDL, wire columns, API units and screen labels come from here or are checked
 * against it by tests.
 */

const PROFILING = 'needs DCGM profiling fields; not collected or not supported on this device'

/** Every device metric Plimsoll knows, in the order of screens and docs. */
export const DEVICE_METRICS = [
  row('busy_ratio', 'ratio', 'gauge', RATIO, 'f32', ['Busy', '忙碌率'], {
    missing: 'no utilization source spoke for this device: unknown, not idle',
  }),
  row(
    'gr_engine_active_ratio',
    'ratio',
    'gauge',
    RATIO,
    'f32',
    ['Graphics/compute engine active', '引擎活跃率'],
    {
      missing: PROFILING,
    },
  ),
  row('gpu_util_ratio', 'ratio', 'gauge', RATIO, 'f32', ['GPU utilization', 'GPU 利用率'], {
    missing: 'not given; always absent on a MIG device',
  }),
  row('npu_util_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'NPU overall utilization',
    'NPU 总利用率',
  ]),
  row('aicore_ratio', 'ratio', 'gauge', RATIO, 'f32', ['AI Core utilization', 'AI Core 利用率']),
  row('sm_active_ratio', 'ratio', 'gauge', RATIO, 'f32', ['SM active', 'SM 活跃率'], {
    missing: PROFILING,
  }),
  row('sm_occupancy_ratio', 'ratio', 'gauge', RATIO, 'f32', ['SM occupancy', 'SM 占用率'], {
    missing: PROFILING,
  }),
  row(
    'tensor_active_ratio',
    'ratio',
    'gauge',
    RATIO,
    'f32',
    ['Tensor core active', '张量核心活跃率'],
    {
      missing: PROFILING,
    },
  ),
  row('aicube_ratio', 'ratio', 'gauge', RATIO, 'f32', ['AI Cube utilization', 'AI Cube 利用率']),
  row('aivector_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'AI Vector utilization',
    'AI Vector 利用率',
  ]),
  row('fp64_active_ratio', 'ratio', 'gauge', RATIO, 'f32', ['FP64 pipe active', 'FP64 活跃率'], {
    missing: PROFILING,
  }),
  row('fp32_active_ratio', 'ratio', 'gauge', RATIO, 'f32', ['FP32 pipe active', 'FP32 活跃率'], {
    missing: PROFILING,
  }),
  row('fp16_active_ratio', 'ratio', 'gauge', RATIO, 'f32', ['FP16 pipe active', 'FP16 活跃率'], {
    missing: PROFILING,
  }),
  row('memory_bandwidth_active_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'Memory bandwidth active',
    '显存带宽活跃率',
  ]),
  row('memory_controller_busy_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'Memory controller busy',
    '显存控制器忙碌率',
  ]),
  row('encoder_busy_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'Video encoder busy',
    '视频编码器忙碌率',
  ]),
  row('decoder_busy_ratio', 'ratio', 'gauge', RATIO, 'f32', [
    'Video decoder busy',
    '视频解码器忙碌率',
  ]),
  row('power_watts', 'watts', 'gauge', [0, 5000], 'f32', ['Power', '功率'], {
    missing: 'no power sensor; the second die of a package reports on the first',
  }),
  row(
    'power_limit_watts',
    'watts',
    'gauge',
    [1, 5000],
    'f32',
    ['Power limit in force', '生效功率上限'],
    { settle: 'last' },
  ),
  row('energy_joules_total', 'joules', 'counter', [0, 1e13], 'f64', ['Energy', '能耗']),
  row('temperature_celsius', 'celsius', 'gauge', TEMPERATURE, 'f32', ['Temperature', '温度'], {
    settle: 'max',
  }),
  row(
    'memory_temperature_celsius',
    'celsius',
    'gauge',
    TEMPERATURE,
    'f32',
    ['Memory temperature', '显存温度'],
    {
      settle: 'max',
      missing: 'no memory sensor (a reading of 0 means the same)',
    },
  ),
  row(
    'temperature_margin_celsius',
    'celsius',
    'gauge',
    [-100, 200],
    'f32',
    ['Margin to slowdown', '降频余量'],
    {
      settle: 'min',
    },
  ),
  row('sm_clock_hertz', 'hertz', 'gauge', [0, 1e10], 'f32', ['SM / core clock', '核心时钟']),
  row(
    'sm_clock_max_hertz',
    'hertz',
    'gauge',
    [1, 1e10],
    'f32',
    ['SM / core clock maximum', '核心时钟上限'],
    {
      settle: 'last',
    },
  ),
  row('memory_clock_hertz', 'hertz', 'gauge', [0, 1e11], 'f32', ['Memory clock', '显存时钟']),
  row('memory_used_bytes', 'bytes', 'gauge', MEMORY, 'f64', ['Memory used', '已用显存']),
  row('memory_free_bytes', 'bytes', 'gauge', MEMORY, 'f64', ['Memory free', '空闲显存']),
  row('memory_reserved_bytes', 'bytes', 'gauge', MEMORY, 'f64', ['Memory reserved', '保留显存']),
  row('memory_total_bytes', 'bytes', 'gauge', [1, 2 ** 44], 'f64', ['Memory total', '显存总量'], {
    settle: 'last',
  }),
  row('host_memory_used_bytes', 'bytes', 'gauge', MEMORY, 'f64', [
    'Huge pages used',
    '大页内存使用',
  ]),
  row('clock_event_reasons', 'bitmask', 'enum', [0, 2 ** 32 - 1], 'u32', [
    'Clock event reasons',
    '时钟事件原因',
  ]),
  row('throttle_power_seconds_total', 'seconds', 'counter', COUNT, 'f64', [
    'Slowed by power cap',
    '功率限频时间',
  ]),
  row('throttle_thermal_seconds_total', 'seconds', 'counter', COUNT, 'f64', [
    'Slowed by heat',
    '过热降频时间',
  ]),
  row('throttle_hardware_seconds_total', 'seconds', 'counter', COUNT, 'f64', [
    'Slowed by hardware',
    '硬件降频时间',
  ]),
  row('pcie_tx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'PCIe sent',
    'PCIe 发送',
  ]),
  row('pcie_rx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'PCIe received',
    'PCIe 接收',
  ]),
  row('pcie_replay_total', 'count', 'counter', COUNT, 'f64', ['PCIe replays', 'PCIe 重传']),
  row('scaleup_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'Scale-up link (NVLink, HCCS, MLU-Link), both ways',
    '互联（NVLink、HCCS、MLU-Link）双向',
  ]),
  row('scaleup_tx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'Scale-up link sent',
    '互联发送',
  ]),
  row('scaleup_rx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'Scale-up link received',
    '互联接收',
  ]),
  row('ecc_corrected_total', 'count', 'counter', COUNT, 'f64', [
    'ECC corrected since driver load',
    'ECC 可纠正错误',
  ]),
  row('ecc_uncorrected_total', 'count', 'counter', COUNT, 'f64', [
    'ECC uncorrected since driver load',
    'ECC 不可纠正错误',
  ]),
  row('remapped_rows_corrected_total', 'count', 'counter', COUNT, 'f64', [
    'Rows remapped, corrected',
    '可纠正重映射行',
  ]),
  row('remapped_rows_uncorrected_total', 'count', 'counter', COUNT, 'f64', [
    'Rows remapped, uncorrected',
    '不可纠正重映射行',
  ]),
  row('row_remap_failed', 'code', 'enum', [0, 1], 'u8', ['Row remap failed', '行重映射失败']),
  row('row_remap_pending', 'code', 'enum', [0, 1], 'u8', ['Row remap pending', '行重映射待重启']),
  row('xid_code', 'code', 'enum', [0, 65535], 'u32', ['Last XID', '最近 XID'], {
    missing: 'no XID series: since exporter 4.8.2 this also means none happened',
  }),
  row('health_code', 'code', 'enum', [0, 3], 'u8', ['Health word', '健康状态'], {
    missing: 'health unknown (a failed query prints OK too)',
  }),
  row('performance_state', 'code', 'enum', [0, 15], 'u8', ['Performance state', '性能状态']),
  row('voltage_volts', 'volts', 'gauge', [0, 100], 'f32', ['Voltage', '电压']),
  row(
    'process_count',
    'count',
    'gauge',
    [0, 4096],
    'f32',
    ['Processes (at least)', '进程数（至少）'],
    { settle: 'max' },
  ),
  row(
    'temperature_slowdown_celsius',
    'celsius',
    'gauge',
    TEMPERATURE,
    'f32',
    ['Slowdown temperature', '降频温度'],
    { settle: 'last', missing: 'the driver reports a margin instead, or nothing' },
  ),
  row(
    'power_limit_default_watts',
    'watts',
    'gauge',
    [1, 5000],
    'f32',
    ['Power limit, default', '默认功率上限'],
    { settle: 'last' },
  ),
  row(
    'power_limit_max_watts',
    'watts',
    'gauge',
    [1, 5000],
    'f32',
    ['Power limit, highest allowed', '最大功率上限'],
    { settle: 'last' },
  ),
  row('fan_ratio', 'ratio', 'gauge', RATIO, 'f32', ['Fan speed', '风扇转速'], {
    missing: 'no fan (liquid cooled or passive), or its sensor failed',
  }),
  row(
    'pcie_link_generation',
    'count',
    'gauge',
    [1, 16],
    'u8',
    ['PCIe generation now', '当前 PCIe 代'],
    { settle: 'last' },
  ),
  row(
    'pcie_link_generation_max',
    'count',
    'gauge',
    [1, 16],
    'u8',
    ['PCIe generation, highest', '最高 PCIe 代'],
    { settle: 'last' },
  ),
  row('pcie_link_width', 'count', 'gauge', [1, 64], 'u8', ['PCIe lanes now', '当前 PCIe 通道数'], {
    settle: 'last',
  }),
  row(
    'pcie_link_width_max',
    'count',
    'gauge',
    [1, 64],
    'u8',
    ['PCIe lanes, highest', '最大 PCIe 通道数'],
    { settle: 'last' },
  ),
  row('scaleup_tx_bytes_total', 'bytes', 'counter', BYTE_COUNT, 'f64', [
    'Scale-up bytes sent',
    '互联发送字节',
  ]),
  row('scaleup_rx_bytes_total', 'bytes', 'counter', BYTE_COUNT, 'f64', [
    'Scale-up bytes received',
    '互联接收字节',
  ]),
  row('scaleup_errors_total', 'count', 'counter', COUNT, 'f64', [
    'Scale-up link errors',
    '互联链路错误',
  ]),
  row(
    'scaleup_links_up',
    'count',
    'gauge',
    [0, 1024],
    'f32',
    ['Scale-up links up', '互联链路正常数'],
    { settle: 'min' },
  ),
  row(
    'scaleup_links_down',
    'count',
    'gauge',
    [0, 1024],
    'f32',
    ['Scale-up links down', '互联链路断开数'],
    { settle: 'max' },
  ),
  row('network_tx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'Own network port, sent',
    '板载网口发送',
  ]),
  row('network_rx_bytes_per_second', 'bytes_per_second', 'gauge', LINK_RATE, 'f32', [
    'Own network port, received',
    '板载网口接收',
  ]),
  row('network_link_up', 'code', 'enum', [0, 1], 'u8', ['Own network port up', '板载网口状态']),
  row('network_link_ups_total', 'count', 'counter', COUNT, 'f64', [
    'Own network port came up',
    '板载网口恢复次数',
  ]),
  row('ecc_corrected_lifetime_total', 'count', 'counter', COUNT, 'f64', [
    'ECC corrected, lifetime',
    'ECC 可纠正错误（累计）',
  ]),
  row('ecc_uncorrected_lifetime_total', 'count', 'counter', COUNT, 'f64', [
    'ECC uncorrected, lifetime',
    'ECC 不可纠正错误（累计）',
  ]),
  row('retired_pages_total', 'count', 'counter', COUNT, 'f64', [
    'Memory pages retired or isolated',
    '已隔离内存页',
  ]),
  row('retired_pages_pending', 'code', 'enum', [0, 1], 'u8', [
    'Page retirement waits for a reset',
    '内存页隔离待重启',
  ]),
  row(
    'remap_banks_exhausted',
    'count',
    'gauge',
    [0, 65_536],
    'f32',
    ['Memory banks without spare rows', '无备用行的内存块'],
    { settle: 'max' },
  ),
  row('aicpu_ratio', 'ratio', 'gauge', RATIO, 'f32', ['AI CPU utilization', 'AI CPU 利用率']),
  row('heartbeat_total', 'count', 'counter', COUNT, 'f64', ['Driver heart beats', '驱动心跳'], {
    missing: 'not given; one that stands still is a fault',
  }),
] as const satisfies readonly MetricDefinition[]

/** Canonical name of a device metric. */
export type MetricName = (typeof DEVICE_METRICS)[number]['name']

/** Values of one device at one moment; an absent key and null mean the same: missing. */
export type MetricValues = { [Name in MetricName]?: number | null }

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  DEVICE_METRICS.map((m) => [m.name, m]),
)

/** The catalogue row of a metric, or undefined for a name nobody defined. */
export function metricDefinition(name: string): MetricDefinition | undefined {
  return BY_NAME.get(name)
}

/** True for canonical names; narrows outside text to MetricName. */
export function isMetricName(name: string): name is MetricName {
  return BY_NAME.has(name)
}

/** True when a finite value lies inside the metric's plausibility range. */
export function isPlausible(metric: MetricDefinition, value: number): boolean {
  return value >= metric.min && value <= metric.max
}

/** Codes of `health_code`: npu-smi's words and DCGM's health watch share one order of severity. */
export const HEALTH_CODES = { ok: 0, warning: 1, alarm: 2, critical: 3 } as const

/** Where a `busy_ratio` came from, best first within a vendor (DEFINITIONS 2). Position = stored code: append only. */
export const BUSY_SOURCES = [
  'none',
  'gr_engine_active',
  'gpu_util',
  'npu_util',
  'aicore',
  'vendor_util',
  // Imported word of who held a device: no counter.
  'allocation',
] as const
export type BusySource = (typeof BUSY_SOURCES)[number]
