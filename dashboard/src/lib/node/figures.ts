import type { NodeDetail } from '#schemas/api-nodes.ts'
import type { MetricUnit } from '#schemas/metric-definition.ts'
import type { NodeMetricName } from '#schemas/node-metrics.ts'

export type FigureName =
  | 'load'
  | 'cpu'
  | 'iowait'
  | 'memory'
  | 'blocked'
  | 'stalled'
  | 'filesystem'
  | 'mounts'
  | 'diskRead'
  | 'diskWritten'
  | 'received'
  | 'sent'
  | 'clock'
  | 'booted'

/** One figure of a node; value null = its exporter did not give what it is made of. */
export interface NodeFigure {
  readonly name: FigureName
  readonly value: number | null
  readonly unit: MetricUnit
  /** True where jobs are likely to wait for it. */
  readonly isBad: boolean
}

/** From here a file system is as good as full. */
const NEARLY_FULL = 0.95

/** What a node says of itself now, as a person asks for it. Counters come as their rise per second. */
export function figuresOf(latest: NodeDetail['latest'], nowMs: number): NodeFigure[] {
  const value = (name: NodeMetricName) => latest[name]?.value ?? null
  const rate = (name: NodeMetricName) => latest[name]?.per_second ?? null
  const cpus = value('cpu_count')
  const free = ratio(value('node_memory_available_bytes'), value('node_memory_total_bytes'))
  const booted = value('boot_time_seconds')
  const figure = (
    name: FigureName,
    of: number | null,
    unit: MetricUnit,
    bad: (known: number) => boolean = () => false,
  ): NodeFigure => ({ name, value: of, unit, isBad: of !== null && bad(of) })
  const isAny = (known: number) => known > 0
  return [
    figure('mounts', value('mounts_stale'), 'count', isAny),
    figure('blocked', value('processes_blocked'), 'count', isAny),
    figure(
      'filesystem',
      value('filesystem_used_ratio_max'),
      'ratio',
      (full) => full >= NEARLY_FULL,
    ),
    figure('iowait', ratio(rate('cpu_iowait_seconds_total'), cpus), 'ratio'),
    figure('stalled', rate('io_stalled_seconds_total'), 'ratio'),
    figure('load', ratio(value('load_1m'), cpus), 'count', (load) => load > 1),
    figure('cpu', ratio(rate('cpu_busy_seconds_total'), cpus), 'ratio'),
    figure('memory', free === null ? null : 1 - free, 'ratio', (used) => used >= NEARLY_FULL),
    figure('diskRead', rate('disk_read_bytes_total'), 'bytes_per_second'),
    figure('diskWritten', rate('disk_written_bytes_total'), 'bytes_per_second'),
    figure('received', rate('network_received_bytes_total'), 'bytes_per_second'),
    figure('sent', rate('network_sent_bytes_total'), 'bytes_per_second'),
    figure('clock', value('clock_offset_seconds'), 'seconds', (offset) => Math.abs(offset) > 1),
    figure('booted', booted === null ? null : Math.max(0, nowMs / 1000 - booted), 'seconds'),
  ]
}

const ratio = (part: number | null, whole: number | null) =>
  part === null || whole === null || whole <= 0 ? null : part / whole
