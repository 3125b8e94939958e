import type { DatedFact, Device, DeviceEvent, LinkState } from '#schemas/api.ts'
import type { CoverageAnswer, CoverageCell, NodeDetail } from '#schemas/api-nodes.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { LINK_METRICS, NODE_METRICS } from '#schemas/node-metrics.ts'
import { hasMetric, target } from './stub-devices.ts'
import { HOUR_MS, MINUTE_MS, noise } from './stub-fleet.ts'

/** TEST ONLY. Nodes, their versions and links, and who gives which metric, at the made-up site. */

export function factsOf(device: Pick<Device, 'device_id'> | null, nowMs: number): DatedFact[] {
  const fact = (name: string, value: string, hoursAgo: number, until: number | null = null) => ({
    device_id: null,
    name,
    value,
    source: 'dcgm-exporter',
    from: new Date(nowMs - hoursAgo * HOUR_MS).toISOString(),
    until: until === null ? null : new Date(nowMs - until * HOUR_MS).toISOString(),
  })
  return [
    fact('driver_version', '570.86.15', 48),
    { ...fact('vbios_version', '96.00.9F.00.01', 300), device_id: device?.device_id ?? null },
    fact('driver_version', '535.216.03', 720, 48),
  ]
}

export function linksOf(device: Pick<Device, 'device_id'> | null, nowMs: number): LinkState[] {
  const names = device === null ? ['mlx5_0/1', 'mlx5_1/1', 'mlx5_2/1'] : ['nvlink/0', 'nvlink/1']
  return names.map((link, at) => ({
    device_id: device?.device_id ?? null,
    link,
    at: new Date(nowMs - 20_000).toISOString(),
    latest: {
      link_up: at === 2 ? 0 : 1,
      link_rate_bytes_per_second: 50e9,
      link_downs_total: at * 7,
    },
    per_second: { link_rx_bytes_total: 9e9, link_tx_bytes_total: 8.6e9 },
    increase_24h: {
      link_downs_total: at === 2 ? 14 : 0,
      link_symbol_errors_total: at * 431,
      link_errors_total: 0,
    },
  }))
}

const portEvent = (name: string, nowMs: number): DeviceEvent => ({
  at: new Date(nowMs - 12 * MINUTE_MS).toISOString(),
  device_id: null,
  node: name,
  source: 'prometheus',
  type: 'link_down',
  code: 'mlx5_2/1',
  severity: 'critical',
  edge: 'open',
  message: 'link mlx5_2/1 went down',
  message_zh: '链路 mlx5_2/1 断开',
  fault_class: 'network',
  action: 'Check cable, transceiver and the switch port at the other end.',
  action_zh: '检查线缆、光模块和对端交换机端口。',
})

export function nodeAt(name: string, devices: Device[], nowMs: number): NodeDetail {
  const at = new Date(nowMs - 20_000).toISOString()
  return {
    node: name,
    cluster: devices[0]?.cluster ?? 'east',
    clusters: ['east', 'west'],
    simulated: true,
    facts: factsOf(devices[0] ?? null, nowMs),
    targets: [target(nowMs, name, { missing: ['energy_joules_total'] })],
    latest: Object.fromEntries(
      NODE_METRICS.map(({ name: metric, kind }) => [
        metric,
        {
          value: nodeValue(metric, nowMs),
          per_second: kind === 'counter' ? rateOf(metric) : null,
          at,
        },
      ]),
    ),
    links: [...linksOf(null, nowMs), ...devices.slice(0, 2).flatMap((one) => linksOf(one, nowMs))],
    events: [portEvent(name, nowMs)],
    devices,
    devices_total: devices.length,
  }
}

const rateOf = (metric: string) =>
  metric.startsWith('cpu_') ? 21 : metric.startsWith('io_') ? 0.02 : 3.2e8

/** A plausible value of a node metric; of a counter, its rise per second. */
export function nodeValue(metric: string, ms: number): number {
  const wave = 0.5 + 0.3 * Math.sin(ms / (50 * MINUTE_MS)) + 0.1 * noise(Math.floor(ms / MINUTE_MS))
  if (metric === 'cpu_count') return 192
  if (metric === 'load_1m') return 60 + 40 * wave
  if (metric === 'node_memory_total_bytes') return 2 ** 41
  if (metric === 'node_memory_available_bytes') return 2 ** 41 * (1 - wave * 0.6)
  if (metric === 'filesystem_used_ratio_max') return 0.97
  if (metric === 'mounts_stale') return 1
  if (metric === 'processes_blocked') return Math.round(30 * wave)
  if (metric === 'clock_offset_seconds') return 0.0003
  if (metric === 'boot_time_seconds') return ms / 1000 - 9 * 86_400
  return rateOf(metric) * wave
}

export function coverageAt(by: 'source' | 'model'): CoverageAnswer {
  const cell = (targets: number, more: Partial<CoverageCell> = {}): CoverageCell => ({
    devices: targets * 8,
    targets: by === 'source' ? targets : null,
    missing: 0,
    vanished: 0,
    ...more,
  })
  const group = (name: string, vendor: string, targets: number) => ({
    key: { [by]: name },
    targets: by === 'source' ? targets : null,
    silent_targets: by === 'source' ? 2 : null,
    devices: targets * 8,
    metrics: Object.fromEntries(
      DEVICE_METRICS.filter(({ name: metric }) => hasMetric(vendor, metric)).map(
        ({ name: metric }, at) => [metric, cell(at % 7 === 3 ? Math.floor(targets / 3) : targets)],
      ),
    ),
  })
  const nvidia = group(by === 'source' ? 'dcgm-exporter' : 'H100 SXM5 80GB', 'nvidia', 188)
  nvidia.metrics['energy_joules_total'] = cell(0, { missing: 12 })
  nvidia.metrics['memory_temperature_celsius'] = cell(180, { vanished: 3 })
  const nodes = {
    ...group('prometheus', 'none', 12),
    metrics: Object.fromEntries(
      [...NODE_METRICS, ...LINK_METRICS].map(({ name }) => [name, cell(12)]),
    ),
  }
  const groups = [nvidia, group(by === 'source' ? 'npu-smi' : 'Ascend 910B', 'huawei', 64)]
  return {
    simulated: true,
    group_by: by,
    metrics: [
      ...DEVICE_METRICS,
      ...(by === 'source' ? [...NODE_METRICS, ...LINK_METRICS] : []),
    ].map(({ name, unit, scope, label }) => ({ name, unit, scope, label })),
    groups: by === 'source' ? [...groups, nodes] : groups,
    total: groups.length,
    next_cursor: null,
  }
}
