import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'

/** Which metrics stand together on the device page, in the catalogue's order. */

export const TOPICS = ['use', 'memory', 'power', 'heat', 'clocks', 'links', 'errors'] as const
export type Topic = (typeof TOPICS)[number]

/** The first rule that fits a name decides; a test holds that every catalogue metric has a topic. */
const RULES: readonly (readonly [Topic, RegExp])[] = [
  [
    'errors',
    /^(ecc_|remapped_|row_remap_|remap_|retired_|xid_|health_|heartbeat_|pcie_replay_|scaleup_errors_)/,
  ],
  ['links', /^(pcie_|scaleup_|network_)/],
  ['heat', /temperature|^fan_/],
  ['clocks', /^(sm_clock|memory_clock|clock_|throttle_|performance_)/],
  ['power', /^(power_|energy_|voltage_)/],
  ['memory', /^(memory_(used|free|reserved|total)_|host_memory_)/],
  ['use', /_ratio$|^process_count$/],
]

/** The topic of a metric; what no rule knows stands with use, where it is seen. */
export function topicOf(name: string): Topic {
  return RULES.find(([, pattern]) => pattern.test(name))?.[0] ?? 'use'
}

export function metricsOf(topic: Topic): readonly (MetricDefinition & { name: MetricName })[] {
  return DEVICE_METRICS.filter((metric) => topicOf(metric.name) === topic)
}
