import type { FleetGroup, LiveFleet, Series } from '#schemas/api.ts'

/**
 * TEST ONLY. A small made-up site for looking at the pages without a server behind them: every figure is
 * a pure function of its time and place, so two runs draw the same picture.
 */

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

interface Part {
  readonly cluster: string
  readonly hall: string
  readonly model: string
  readonly vendor: string
  readonly devices: number
  readonly source: string
  readonly offset: number
  readonly pool: string
  readonly class: string
  readonly tenant: string
}

export const PARTS: readonly Part[] = [
  {
    cluster: 'east',
    hall: 'h1',
    model: 'H100 SXM5 80GB',
    vendor: 'nvidia',
    devices: 768,
    source: 'gr_engine_active',
    offset: 0.03,
    pool: 'train',
    class: 'training',
    tenant: 'llm-pretrain',
  },
  {
    cluster: 'east',
    hall: 'h2',
    model: 'H200 SXM5 141GB',
    vendor: 'nvidia',
    devices: 512,
    source: 'gpu_util',
    offset: -0.01,
    pool: 'train',
    class: 'training',
    tenant: 'videogen-7',
  },
  {
    cluster: 'west',
    hall: 'w1',
    model: 'Ascend 910B3',
    vendor: 'huawei',
    devices: 512,
    source: 'npu_util',
    offset: -0.09,
    pool: 'serve',
    class: 'serving',
    tenant: 'search-rank',
  },
  {
    cluster: 'west',
    hall: 'w2',
    model: 'Ascend 910C',
    vendor: 'huawei',
    devices: 256,
    source: 'aicore',
    offset: 0.01,
    pool: 'spare',
    class: '',
    tenant: '',
  },
]

/** 0..1, the same for the same seed: enough disorder to look at, none between runs. */
export function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43758.5453
  return x - Math.floor(x)
}

const bump = (x: number, at: number, width: number) => Math.exp(-(((x - at) / width) ** 2))

/** Busy share at a moment: days and nights, and a dip through the danger line that ends an hour ago. */
export function busyAt(ms: number, nowMs: number, offset: number): number {
  const hour = ((ms / HOUR_MS + 8) % 24) - 15
  const dip = 0.16 * bump((nowMs - ms) / HOUR_MS, 4.5, 0.9)
  const wiggle =
    0.012 * Math.sin(ms / (7 * MINUTE_MS)) + 0.01 * (noise(Math.floor(ms / 120_000)) - 0.5)
  return Math.min(0.99, Math.max(0.02, 0.735 + 0.05 * bump(hour, 0, 6) - dip + wiggle + offset))
}

/** Known share: 98 %, a stretch at 91 %, and twenty minutes of nothing. */
export function coverageAt(ms: number, nowMs: number): number {
  const age = (nowMs - ms) / HOUR_MS
  if (age > 13.8 && age < 14.2) return 0
  if (age > 8 && age < 9.5) return 0.912
  return 0.982 + 0.006 * noise(Math.floor(ms / 300_000))
}

const bounds = (busy: number, coverage: number) => ({
  utilization: coverage === 0 ? null : busy,
  util_lo: busy * coverage,
  util_hi: Math.min(1, busy * coverage + (1 - coverage)),
  coverage,
})

export function groupOf(
  key: Record<string, string>,
  parts: readonly Part[],
  ms: number,
  nowMs: number,
): FleetGroup {
  const devices = parts.reduce((sum, part) => sum + part.devices, 0)
  const seconds = devices * 60
  const busy =
    parts.reduce((sum, part) => sum + part.devices * busyAt(ms, nowMs, part.offset), 0) / devices
  const coverage = key['hall'] === 'w2' ? 0.93 : coverageAt(ms, nowMs)
  const sources: Record<string, number> = {}
  for (const part of parts)
    sources[part.source] = (sources[part.source] ?? 0) + part.devices * 60 * coverage
  const nvidia = parts
    .filter((part) => part.vendor === 'nvidia')
    .reduce((sum, part) => sum + part.devices, 0)
  return {
    key,
    devices,
    ...bounds(busy, coverage),
    capacity_device_seconds: seconds,
    base_device_seconds: seconds,
    known_device_seconds: Math.round(seconds * coverage),
    busy_device_seconds: Math.round(seconds * coverage * busy),
    busy_sources: sources,
    active:
      nvidia === 0
        ? { value: null, coverage: 0 }
        : { value: busy * 0.58, coverage: nvidia / devices },
    effective: { value: null, coverage: null },
    power_watts: key['hall'] === 'w2' ? null : devices * (140 + 480 * busy),
    power_coverage: key['hall'] === 'w2' ? 0 : coverage,
    temperature_celsius_max: 71 + Math.round(14 * busy),
    memory_used: { value: Math.min(0.97, 0.2 + 0.75 * busy), coverage },
  }
}

const FIELDS = ['cluster', 'hall', 'pool', 'class', 'tenant'] as const

export function groupsBy(dimension: string, ms: number, nowMs: number): FleetGroup[] {
  if (dimension === '') return [groupOf({}, PARTS, ms, nowMs)]
  const field = FIELDS.find((known) => known === dimension) ?? 'model'
  const name = (part: Part) => part[field]
  return [...new Set(PARTS.map(name))].map((value) =>
    groupOf(
      { [dimension]: value },
      PARTS.filter((part) => name(part) === value),
      ms,
      nowMs,
    ),
  )
}

export function utilizationSeries(
  fromMs: number,
  toMs: number,
  points: number,
  nowMs: number,
): Series {
  const minutes =
    [1, 2, 3, 5, 10, 15, 20, 30, 60].find(
      (step) => (toMs - fromMs) / (step * MINUTE_MS) <= points,
    ) ?? 60
  const step = minutes * MINUTE_MS
  const t0 = Math.floor(fromMs / step) * step
  const at = Array.from(
    { length: Math.ceil((toMs - t0) / step) },
    (_bucket, index) => t0 + index * step,
  )
  const figures = at.map((ms) => bounds(busyAt(ms, nowMs, -0.01), coverageAt(ms, nowMs)))
  return {
    key: {},
    metric: 'utilization',
    unit: 'ratio',
    t0,
    step_ms: step,
    values: figures.map((figure) => figure.utilization),
    coverage: figures.map((figure) => figure.coverage),
    lo: figures.map((figure) => figure.util_lo),
    hi: figures.map((figure) => figure.util_hi),
  }
}

export function liveAt(nowMs: number, caption: LiveFleet['caption']): LiveFleet {
  const minute = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS
  return {
    at: nowMs,
    simulated: true,
    fleet: groupOf({}, PARTS, minute, nowMs),
    by_cluster: groupsBy('cluster', minute, nowMs),
    by_model: groupsBy('model', minute, nowMs),
    reporting_devices: 2021,
    silent_devices: 27,
    pending_devices: 5,
    failed_targets: 3,
    newest_sample_at: new Date(nowMs - 3_000).toISOString(),
    settled_until: new Date(minute - MINUTE_MS).toISOString(),
    caption,
    notice: null,
  }
}
