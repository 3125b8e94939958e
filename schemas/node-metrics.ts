import {
  BYTE_COUNT,
  COUNT,
  LINK_RATE,
  MEMORY,
  type MetricDefinition,
  metricRow,
  RATIO,
  type RowOptions,
} from '#schemas/metric-definition.ts'

/**
 * The catalogue of what is measured on a node beside its accelerators, and on one link or port. Storage and
 * network are common reasons for idle devices: these rows say which. Sampled slowly (60 s), kept tall.
 */

type Row<Name extends string> = MetricDefinition & { readonly name: Name }
type Label = readonly [en: string, zh: string]

const counter = <Name extends string>(
  name: Name,
  unit: MetricDefinition['unit'],
  label: Label,
  scope: 'node' | 'link',
): Row<Name> =>
  metricRow(name, unit, 'counter', unit === 'bytes' ? BYTE_COUNT : COUNT, 'f64', label, { scope })

const gauge = <Name extends string>(
  name: Name,
  unit: MetricDefinition['unit'],
  range: readonly [min: number, max: number],
  label: Label,
  options: RowOptions,
): Row<Name> => metricRow(name, unit, 'gauge', range, 'f64', label, options)

const NODE = { scope: 'node' } as const
const LINK = { scope: 'link' } as const

/** Every metric of a node. */
export const NODE_METRICS = [
  gauge('load_1m', 'count', [0, 1e6], ['Load, 1 min', '1 分钟负载'], NODE),
  gauge('cpu_count', 'count', [1, 65_536], ['CPUs', 'CPU 数'], NODE),
  counter('cpu_busy_seconds_total', 'seconds', ['CPU time, busy', 'CPU 忙碌时间'], 'node'),
  counter(
    'cpu_iowait_seconds_total',
    'seconds',
    ['CPU time, waiting for I/O', 'CPU 等待 I/O 时间'],
    'node',
  ),
  gauge('processes_blocked', 'count', [0, 1e7], ['Processes blocked on I/O', 'I/O 阻塞进程'], {
    ...NODE,
    settle: 'max',
  }),
  counter(
    'io_stalled_seconds_total',
    'seconds',
    ['All tasks stalled on I/O', '全部任务 I/O 停滞时间'],
    'node',
  ),
  gauge('node_memory_total_bytes', 'bytes', MEMORY, ['Node memory', '节点内存'], NODE),
  gauge(
    'node_memory_available_bytes',
    'bytes',
    MEMORY,
    ['Node memory available', '节点可用内存'],
    NODE,
  ),
  gauge('node_power_watts', 'watts', [0, 200_000], ['Node power', '节点功率'], NODE),
  counter('disk_read_bytes_total', 'bytes', ['Disk read', '磁盘读取'], 'node'),
  counter('disk_written_bytes_total', 'bytes', ['Disk written', '磁盘写入'], 'node'),
  gauge('filesystem_used_ratio_max', 'ratio', RATIO, ['Fullest file system', '最满文件系统'], {
    ...NODE,
    settle: 'max',
  }),
  gauge('mounts_stale', 'count', [0, 65_536], ['Mounts that do not answer', '失联挂载点'], {
    ...NODE,
    settle: 'max',
  }),
  counter('network_received_bytes_total', 'bytes', ['Network received', '网络接收'], 'node'),
  counter('network_sent_bytes_total', 'bytes', ['Network sent', '网络发送'], 'node'),
  gauge('clock_offset_seconds', 'seconds', [-1e6, 1e6], ['Clock offset', '时钟偏差'], {
    ...NODE,
    settle: 'last',
  }),
  gauge('boot_time_seconds', 'seconds', [0, 1e11], ['Booted at (epoch)', '启动时间'], {
    ...NODE,
    settle: 'last',
  }),
] as const satisfies readonly MetricDefinition[]

/** Every metric of one link or port: NVLink, HCCS, MLU-Link of a device; InfiniBand, RoCE of a node. */
export const LINK_METRICS = [
  gauge('link_up', 'code', [0, 1], ['Link up', '链路状态'], { ...LINK, settle: 'min' }),
  counter('link_downs_total', 'count', ['Link went down', '链路断开次数'], 'link'),
  gauge('link_rate_bytes_per_second', 'bytes_per_second', LINK_RATE, ['Link rate', '链路速率'], {
    ...LINK,
    settle: 'last',
  }),
  counter('link_tx_bytes_total', 'bytes', ['Sent', '发送'], 'link'),
  counter('link_rx_bytes_total', 'bytes', ['Received', '接收'], 'link'),
  gauge(
    'link_tx_bytes_per_second',
    'bytes_per_second',
    LINK_RATE,
    ['Sent per second', '每秒发送'],
    LINK,
  ),
  gauge(
    'link_rx_bytes_per_second',
    'bytes_per_second',
    LINK_RATE,
    ['Received per second', '每秒接收'],
    LINK,
  ),
  counter('link_symbol_errors_total', 'count', ['Symbol errors', '符号错误'], 'link'),
  counter('link_crc_errors_total', 'count', ['CRC errors', 'CRC 错误'], 'link'),
  counter('link_errors_total', 'count', ['Receive errors', '接收错误'], 'link'),
  counter('link_replays_total', 'count', ['Replays', '重传'], 'link'),
  counter('link_recoveries_total', 'count', ['Recoveries', '链路恢复'], 'link'),
  counter('link_discards_total', 'count', ['Packets discarded', '丢弃包'], 'link'),
  counter('link_tx_wait_ticks_total', 'count', ['Waited for credit to send', '发送等待'], 'link'),
] as const satisfies readonly MetricDefinition[]

export type NodeMetricName = (typeof NODE_METRICS)[number]['name']
export type LinkMetricName = (typeof LINK_METRICS)[number]['name']
/** Values of one node, one link, at one moment; an absent key and null mean the same: missing. */
export type NodeMetricValues = { [Name in NodeMetricName]?: number | null }
export type LinkMetricValues = { [Name in LinkMetricName]?: number | null }

const NODE_BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  NODE_METRICS.map((metric) => [metric.name, metric]),
)
const LINK_BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  LINK_METRICS.map((metric) => [metric.name, metric]),
)

/** The catalogue row of a node metric, or undefined for a name nobody defined. */
export const nodeMetricDefinition = (name: string): MetricDefinition | undefined =>
  NODE_BY_NAME.get(name)

/** The catalogue row of a link metric, or undefined for a name nobody defined. */
export const linkMetricDefinition = (name: string): MetricDefinition | undefined =>
  LINK_BY_NAME.get(name)

/** Narrow outside text to a canonical name. */
export const isNodeMetricName = (name: string): name is NodeMetricName => NODE_BY_NAME.has(name)
export const isLinkMetricName = (name: string): name is LinkMetricName => LINK_BY_NAME.has(name)
