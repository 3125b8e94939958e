import type {
  CollectionAnswer,
  CollectionGroup,
  Device,
  DeviceLedger,
  DeviceEvent,
  TargetHealth,
} from '#schemas/api.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { HOUR_MS, MINUTE_MS, noise, PARTS } from './stub-fleet.ts'

/** TEST ONLY. Devices, their events and the health of collection at the made-up site of stub-fleet.ts. */

const IDLE_METRICS = new Set([
  'npu_util_ratio',
  'aicore_ratio',
  'aicube_ratio',
  'aivector_ratio',
  'host_memory_used_bytes',
])
const UNMEASURED = new Set([
  'fp64_active_ratio',
  'sm_occupancy_ratio',
  'voltage_volts',
  'scaleup_tx_bytes_per_second',
  'scaleup_rx_bytes_per_second',
  'xid_code',
])

/** A device has these metrics, by vendor. */
export function hasMetric(vendor: string, name: string): boolean {
  if (UNMEASURED.has(name)) return false
  if (vendor === 'huawei')
    return /busy|npu|aic|memory_(used|total)|power_watts|temperature_celsius$|host|health|process/.test(
      name,
    )
  return !IDLE_METRICS.has(name)
}

/** A plausible value of a metric, canonical units. */
export function metricAt(name: string, ms: number, seed: number): number {
  const wave =
    0.5 +
    0.35 * Math.sin(ms / (40 * MINUTE_MS) + seed) +
    0.1 * (noise(seed + Math.floor(ms / MINUTE_MS)) - 0.5)
  if (name === 'clock_event_reasons') return wave > 0.75 ? 4 : 0
  if (name.endsWith('_ratio'))
    return Math.max(0, Math.min(1, wave * (name.startsWith('tensor') ? 0.4 : 1)))
  if (name === 'power_limit_watts') return 700
  if (name === 'power_watts') return 140 + 520 * wave
  if (name === 'temperature_margin_celsius') return 38 - 20 * wave
  if (name.endsWith('_celsius')) return 38 + 34 * wave
  if (name === 'sm_clock_max_hertz') return 1.98e9
  if (name.endsWith('_hertz')) return 1.2e9 + 0.7e9 * wave
  if (name === 'memory_total_bytes') return 80 * 2 ** 30
  if (name.endsWith('_bytes')) return 80 * 2 ** 30 * wave * (name.includes('used') ? 1 : 0.3)
  if (name.endsWith('per_second')) return 2e10 * wave
  if (name === 'energy_joules_total') return 140 + 520 * wave
  if (name === 'ecc_corrected_total') return wave > 0.8 ? 0.002 : 0
  if (name === 'process_count') return 1
  return 0
}

export function deviceOf(index: number, nowMs: number): Device {
  let at = index
  const part = PARTS.find((candidate) => {
    if (at < candidate.devices) return true
    at -= candidate.devices
    return false
  })
  if (part === undefined) throw new Error(`no device ${index} in the stub`)
  const node = Math.floor(at / 8)
  const silent = index % 97 === 41
  const nodeName = `${part.hall}-r${String(Math.floor(node / 8) + 1).padStart(2, '0')}-n${String((node % 8) + 1).padStart(2, '0')}`
  const names = [
    'busy_ratio',
    'power_watts',
    'temperature_celsius',
    'memory_used_bytes',
    'memory_total_bytes',
  ]
  const latest: Record<string, number | null> = {}
  for (const metric of DEVICE_METRICS) {
    if (!hasMetric(part.vendor, metric.name) || silent) continue
    latest[metric.name] = metricAt(metric.name, nowMs, index)
  }
  for (const name of names) latest[name] ??= null
  const place = {
    cluster: part.cluster,
    hall: part.hall,
    rack: nodeName.slice(0, nodeName.lastIndexOf('-')),
    pool: 'training',
  }
  return {
    device_id: String(9_000_000_000_000_000n + BigInt(index)),
    canonical_key:
      part.vendor === 'nvidia'
        ? `uuid:GPU-${String(index).padStart(8, '0')}-7a1c-4e55-b1f0-3d2e9c0a71aa`
        : `vdie:${String(index).padStart(16, '0')}`,
    keys: [`bus:${nodeName}/0000:${(at % 8).toString(16)}b:00.0`],
    vendor: part.vendor,
    model: part.model,
    ...place,
    node: nodeName,
    told: place,
    index: at % 8,
    bus: `0000:${(at % 8).toString(16)}b:00.0`,
    parent_id: null,
    partition: null,
    holder: index % 5 === 0 ? null : { job: `pretrain-${node % 40}`, tenant: 'nlp' },
    ledger: ledgerOf(index, node, nowMs),
    sources: [part.vendor === 'nvidia' ? 'dcgm-exporter' : 'npu-smi'],
    state: silent ? 'silent' : 'reporting',
    accepted: index % 500 !== 7,
    first_seen: new Date(nowMs - 40 * 1440 * MINUTE_MS).toISOString(),
    last_sample_at: new Date(nowMs - (silent ? 47 * MINUTE_MS : 4_000)).toISOString(),
    interval_ms: 10_000,
    busy_source: part.source,
    latest,
  }
}

/** One device in five is free, one in 29 drained, one in 500 in no capacity. */
function ledgerOf(index: number, node: number, nowMs: number): DeviceLedger | null {
  if (index % 500 === 7) return null
  const open = { since: null, reason: '', reason_zh: '', ticket: '', waiting_on: '', eta: null }
  if (index % 29 === 3) {
    const since = new Date(nowMs - 26 * 60 * MINUTE_MS).toISOString()
    const eta = new Date(nowMs + 46 * 60 * MINUTE_MS).toISOString()
    const why = { since, reason: 'fan swap', ticket: 'OPS-4101', waiting_on: 'vendor', eta }
    return { ...open, ...why, state: 'drained', allocation_source: 'slurm', holders: [] }
  }
  if (index % 5 === 0) return { ...open, state: 'free', allocation_source: 'slurm', holders: [] }
  const holder = { tenant: 'nlp', display_name: '自然语言', job: `pretrain-${node % 40}` }
  const holders = [{ ...holder, class: 'training', billing: 'paid', share: 1 }]
  return { ...open, state: 'held', allocation_source: 'slurm', holders }
}

export const DEVICES_TOTAL = PARTS.reduce((sum, part) => sum + part.devices, 0)

const NO_ADVICE = { message_zh: '', fault_class: '', action: '', action_zh: '' }

export function eventsOf(device: Device, nowMs: number): DeviceEvent[] {
  const event = (
    minutesAgo: number,
    rest: Pick<DeviceEvent, 'type' | 'code' | 'severity' | 'edge' | 'message'> &
      Partial<DeviceEvent>,
  ) => ({
    ...NO_ADVICE,
    at: new Date(nowMs - minutesAgo * MINUTE_MS).toISOString(),
    device_id: device.device_id,
    node: device.node,
    source: device.sources[0] ?? '',
    ...rest,
  })
  return [
    event(95, {
      type: 'xid',
      code: '94',
      severity: 'critical',
      edge: 'point',
      message: 'Contained ECC error: the application ended, the device goes on.',
      message_zh: '已隔离的 ECC 错误：应用已结束，设备继续运行。',
      fault_class: 'memory',
      action: 'Watch for repeats; reset the device when the node is empty.',
      action_zh: '留意是否再次出现；节点空闲时复位该设备。',
    }),
    event(260, {
      type: 'health',
      code: 'thermal',
      severity: 'warning',
      edge: 'closed',
      message: 'Slowdown temperature left after 12 minutes.',
    }),
    event(272, {
      type: 'health',
      code: 'thermal',
      severity: 'warning',
      edge: 'open',
      message: 'Slowdown temperature reached: clocks are cut.',
    }),
    event(1300, {
      type: 'collector_start',
      code: '',
      severity: 'info',
      edge: 'point',
      message: 'Collector started.',
    }),
  ]
}

export function target(nowMs: number, node: string, rest: Partial<TargetHealth>): TargetHealth {
  return {
    cluster: 'east',
    collector: 'scraper-1',
    source: 'dcgm-exporter',
    target: `http://${node}:9400/metrics`,
    node,
    at: new Date(nowMs - 20_000).toISOString(),
    outcome: 'ok',
    reason: '',
    detail: '',
    since: new Date(nowMs - 5 * 24 * HOUR_MS).toISOString(),
    last_ok: new Date(nowMs - 6_000).toISOString(),
    interval_ms: 10_000,
    duration_ms: 23.4,
    bytes: 58_211,
    devices: 8,
    readings: 304,
    rejected: {},
    examples: [],
    stale: false,
    fields: { busy_ratio: 8, power_watts: 8, temperature_celsius: 8 },
    missing: [],
    vanished: [],
    tool: { exporter_version: '4.8.1' },
    ...rest,
  }
}

function group(source: string, rest: Partial<CollectionGroup>): CollectionGroup {
  return {
    key: { source },
    targets: 0,
    ok: 0,
    absent: 0,
    failed: 0,
    stale: 0,
    devices: 0,
    rejected: 0,
    with_missing: 0,
    with_vanished: 0,
    ...rest,
  }
}

export function collectionAt(nowMs: number): CollectionAnswer {
  const ago = (minutes: number) => new Date(nowMs - minutes * MINUTE_MS).toISOString()
  const targets = [
    target(nowMs, 'h1-r03-n02', {
      outcome: 'failed',
      reason: 'timeout',
      detail: '',
      since: ago(47),
      last_ok: ago(47),
      devices: 0,
      readings: 0,
      bytes: 0,
      duration_ms: 8000,
    }),
    target(nowMs, 'h2-r01-n07', {
      outcome: 'failed',
      reason: 'http_500',
      detail: 'The exporter answered 500: "failed to initialise DCGM".',
      since: ago(210),
      last_ok: ago(211),
      devices: 0,
      readings: 0,
    }),
    target(nowMs, 'w1-r02-n04', {
      cluster: 'west',
      source: 'npu-smi',
      target: 'npu-smi info',
      outcome: 'failed',
      reason: 'dcmi_-8005',
      detail: 'npu-smi printed "DCMI model initialized failed": the driver is not loaded.',
      since: ago(1600),
      last_ok: null,
      devices: 0,
      readings: 0,
    }),
    target(nowMs, 'w1-r07-n01', {
      cluster: 'west',
      source: 'npu-smi',
      target: 'npu-smi info',
      stale: true,
      at: ago(12),
    }),
    target(nowMs, 'h1-r01-n01', {
      missing: ['energy_joules_total'],
      vanished: [{ metric: 'memory_temperature_celsius', last: ago(2900), version: '4.4.1' }],
      rejected: { not_a_number: 4, out_of_range: 12 },
      examples: [
        { line: 'DCGM_FI_DEV_GPU_UTIL{gpu="3"} 4294967295', reason: 'out_of_range' },
        { line: 'DCGM_FI_DEV_GPU_TEMP{gpu="3"} <nil>', reason: 'not_a_number' },
      ],
    }),
    target(nowMs, 'mgmt-01', {
      outcome: 'absent',
      reason: 'no_device',
      detail: 'No accelerator is listed on this machine.',
      devices: 0,
      readings: 0,
    }),
    ...Array.from({ length: 14 }, (_node, index) =>
      target(nowMs, `h1-r01-n${String(index + 2).padStart(2, '0')}`, {
        duration_ms: 18 + (index % 5) * 3.1,
      }),
    ),
  ]
  return {
    simulated: true,
    total: targets.length,
    groups: [
      group('dcgm-exporter', { targets: 190, ok: 188, failed: 2, devices: 1504, with_vanished: 1 }),
      group('npu-smi', { targets: 66, ok: 64, failed: 1, stale: 1, devices: 517 }),
    ],
    totals: {
      targets: 256,
      ok: 252,
      absent: 1,
      failed: 3,
      stale: 1,
      devices: 2021,
      rejected: { out_of_range: 12, not_a_number: 4 },
      quarantined_24h: 0,
    },
    pipeline: {
      lag_messages: 2,
      inserted_rows: 18_443_221,
      settled_until: new Date(
        Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS,
      ).toISOString(),
      newest_sample_at: new Date(nowMs - 3_000).toISOString(),
    },
    targets,
    next_cursor: null,
    gaps: [
      {
        ...NO_ADVICE,
        at: ago(600),
        device_id: null,
        node: '',
        source: 'scraper-1',
        type: 'gap',
        code: 'spool_full',
        severity: 'warning',
        edge: 'point',
        message:
          'Batches 48211 to 48230 of scraper-1 were dropped: its spool was full for 3 min 20 s.',
      },
    ],
  }
}
