import type { MetricValues } from '#schemas/metrics.ts'
import type { SlotMoment } from '../../demo/fleet/jobs.ts'
import { mix, uniform } from '../../demo/fleet/noise.ts'
import type { LoadDevice } from './layout.ts'

/** What one device's tool would measure at a tick, in canonical units. Ticks are asked for in the order of time. */
export type DeviceValues = (tickMs: number, moment: SlotMoment) => MetricValues

/** Values in every row of the load: 39 that the device gives, and `busy_ratio` that the collector takes from them. */
export const VALUES_PER_ROW = 40

const KNOT_MS = 10_000
const MIB = 2 ** 20
const MHZ = 1e6

/** How a device is at one moment; what both vendors' tools measure comes from it. */
interface Physics {
  readonly busy: number
  readonly effort: number
  readonly tensor: number
  readonly watts: number
  readonly celsius: number
  readonly clockHertz: number
  readonly usedBytes: number
  readonly totalBytes: number
  /** Between devices and to the host, bytes a second. */
  readonly scaleup: number
  readonly host: number
  /** Since the tick before, s. */
  readonly seconds: number
}

/** What only rises, from a start that the seed gives. */
interface Counters {
  energy: number
  replays: number
  powerThrottle: number
  sent: number
  received: number
  corrected: number
  beats: number
  atMs: number | null
}

/**
 * The values of one device: the same seed, device and ticks give the same values. Levels wander between ten-second
 * knots and jitter on top; every value has the steps in which its tool prints it.
 */
export function createDeviceValues(seed: number, device: LoadDevice): DeviceValues {
  const { position, spec } = device
  const counters: Counters = {
    energy: 1e9 + mix(seed, position, 77),
    replays: mix(seed, position, 78) % 4,
    powerThrottle: mix(seed, position, 79) % 100_000,
    sent: mix(seed, position, 80) * 4096,
    received: mix(seed, position, 81) * 4096,
    corrected: mix(seed, position, 82) % 40,
    beats: mix(seed, position, 83),
    atMs: null,
  }
  const measure = spec.vendor === 'nvidia' ? nvidiaValues : ascendValues
  return (tickMs, moment) => {
    const seconds = counters.atMs === null ? 0 : Math.max(0, tickMs - counters.atMs) / 1000
    counters.atMs = tickMs
    const physics = physicsAt(seed, device, { tickMs, moment, seconds })
    advance(counters, physics, uniform(seed, position + 3_000_000, tickMs / 1000))
    return measure(device, physics, counters)
  }
}

function physicsAt(
  seed: number,
  { position, spec }: LoadDevice,
  at: { readonly tickMs: number; readonly moment: SlotMoment; readonly seconds: number },
): Physics {
  const { tickMs, moment, seconds } = at
  const slow = wander(seed, position, tickMs) - 0.5
  const fast = uniform(seed, position + 1_000_000, tickMs / 1000) - 0.5
  const swing = 4 * moment.busy * (1.04 - moment.busy)
  const busy = moment.busy < 0.01 ? 0 : clamp(moment.busy + swing * (0.12 * slow + 0.05 * fast))
  const tensor = clamp(busy * moment.tensor * (0.9 + 0.2 * uniform(seed, position, 6)))
  const effort = busy * (0.72 + 0.25 * moment.tensor)
  const range = spec.maxWatts - spec.idleWatts
  const watts = spec.idleWatts + range * clamp(effort * (1 + 0.06 * fast)) + 3 * fast
  const settledWatts = spec.idleWatts + range * effort
  const totalBytes = spec.memoryMiB * MIB
  const share = moment.job === null ? 0.012 : 0.62 + 0.3 * uniform(seed, position, 8) + 0.004 * slow
  return {
    busy,
    effort,
    tensor,
    watts,
    celsius: 31 + 34 * (settledWatts / spec.maxWatts) + 4 * uniform(seed, position, 7) + slow,
    clockHertz:
      busy > 0.02 ? steps(spec.clockMaxHertz * (0.985 - 0.04 * effort), 15 * MHZ) : 345 * MHZ,
    usedBytes: steps(share * totalBytes, MIB),
    totalBytes,
    scaleup: steps(tensor * 1.5e11 * (1 + 0.2 * fast), 1000),
    host: steps(busy * 2.4e9 * (1 + 0.4 * fast), 1000),
    seconds,
  }
}

/** A level that moves linearly from one ten-second knot to the next, 0..1. */
function wander(seed: number, position: number, tickMs: number): number {
  const knot = Math.floor(tickMs / KNOT_MS)
  const into = tickMs / KNOT_MS - knot
  const from = uniform(seed, position + 2_000_000, knot)
  return from + (uniform(seed, position + 2_000_000, knot + 1) - from) * into
}

function advance(counters: Counters, physics: Physics, chance: number): void {
  const { seconds } = physics
  counters.energy += physics.watts * seconds
  counters.sent += physics.scaleup * seconds
  counters.received += physics.scaleup * 0.97 * seconds
  counters.beats += seconds
  if (physics.effort > 0.9) counters.powerThrottle += 0.2 * seconds
  // A corrected memory error per device about every 12 days, a PCIe replay every day.
  if (chance < seconds * 1e-6) counters.corrected++
  if (chance > 1 - seconds * 1e-5) counters.replays++
}

/** Fields of dcgm-exporter with profiling, in DCGM's steps. */
function nvidiaValues({ spec }: LoadDevice, now: Physics, total: Counters): MetricValues {
  const { busy, tensor, usedBytes, totalBytes } = now
  const reserved = 584 * MIB
  return {
    gr_engine_active_ratio: steps(busy, 1e-6),
    gpu_util_ratio: steps(busy, 0.01),
    sm_active_ratio: steps(busy * 0.86, 1e-6),
    sm_occupancy_ratio: steps(busy * 0.31, 1e-6),
    tensor_active_ratio: steps(tensor, 1e-6),
    fp64_active_ratio: 0,
    fp32_active_ratio: steps(busy * 0.07, 1e-6),
    fp16_active_ratio: steps(busy * 0.02, 1e-6),
    memory_bandwidth_active_ratio: steps(busy * 0.45, 1e-6),
    memory_controller_busy_ratio: steps(busy * 0.52, 0.01),
    encoder_busy_ratio: 0,
    decoder_busy_ratio: 0,
    power_watts: steps(now.watts, 0.001),
    power_limit_watts: spec.maxWatts,
    energy_joules_total: steps(total.energy, 0.001),
    temperature_celsius: Math.round(now.celsius),
    memory_temperature_celsius: Math.round(now.celsius + 9),
    temperature_slowdown_celsius: 87,
    sm_clock_hertz: now.clockHertz,
    sm_clock_max_hertz: spec.clockMaxHertz,
    memory_clock_hertz: 2619 * MHZ,
    memory_used_bytes: usedBytes,
    memory_free_bytes: Math.max(0, totalBytes - usedBytes - reserved),
    memory_reserved_bytes: reserved,
    memory_total_bytes: totalBytes,
    clock_event_reasons: now.effort > 0.9 ? 4 : busy === 0 ? 1 : 0,
    pcie_tx_bytes_per_second: now.host,
    pcie_rx_bytes_per_second: steps(now.host * 0.8, 1000),
    pcie_replay_total: total.replays,
    scaleup_bytes_per_second: steps(now.scaleup * 1.97, 1000),
    scaleup_tx_bytes_per_second: now.scaleup,
    scaleup_rx_bytes_per_second: steps(now.scaleup * 0.97, 1000),
    throttle_power_seconds_total: steps(total.powerThrottle, 1e-6),
    throttle_thermal_seconds_total: 0,
    remapped_rows_corrected_total: 0,
    remapped_rows_uncorrected_total: 0,
    row_remap_failed: 0,
    xid_code: 0,
    performance_state: 0,
  }
}

/** Fields of npu-exporter, in its steps. */
function ascendValues({ spec }: LoadDevice, now: Physics, total: Counters): MetricValues {
  const { busy, tensor, usedBytes, totalBytes } = now
  return {
    npu_util_ratio: steps(busy, 0.01),
    aicore_ratio: steps(clamp(busy * 0.94), 0.01),
    aicube_ratio: steps(tensor, 0.01),
    aivector_ratio: steps(busy * 0.3, 0.01),
    aicpu_ratio: steps(busy * 0.05, 0.01),
    memory_bandwidth_active_ratio: steps(busy * 0.4, 0.01),
    power_watts: steps(now.watts, 0.1),
    temperature_celsius: Math.round(now.celsius),
    memory_temperature_celsius: Math.round(now.celsius + 5),
    voltage_volts: steps(0.86 + 0.1 * now.effort, 0.01),
    sm_clock_hertz: now.clockHertz,
    sm_clock_max_hertz: spec.clockMaxHertz,
    memory_clock_hertz: 1600 * MHZ,
    memory_used_bytes: usedBytes,
    memory_free_bytes: totalBytes - usedBytes,
    memory_total_bytes: totalBytes,
    health_code: 0,
    process_count: usedBytes > totalBytes / 10 ? 1 : 0,
    pcie_tx_bytes_per_second: now.host,
    pcie_rx_bytes_per_second: steps(now.host * 0.8, 1000),
    pcie_link_generation: 5,
    pcie_link_width: 16,
    scaleup_tx_bytes_per_second: now.scaleup,
    scaleup_rx_bytes_per_second: steps(now.scaleup * 0.97, 1000),
    scaleup_tx_bytes_total: Math.round(total.sent),
    scaleup_rx_bytes_total: Math.round(total.received),
    scaleup_errors_total: 0,
    scaleup_links_up: 7,
    scaleup_links_down: 0,
    network_tx_bytes_per_second: steps(now.scaleup * 0.1, 1000),
    network_rx_bytes_per_second: steps(now.scaleup * 0.09, 1000),
    network_link_up: 1,
    network_link_ups_total: 1,
    ecc_corrected_total: total.corrected,
    ecc_uncorrected_total: 0,
    ecc_corrected_lifetime_total: total.corrected + 12,
    retired_pages_total: 0,
    retired_pages_pending: 0,
    heartbeat_total: Math.round(total.beats),
  }
}

const clamp = (value: number) => Math.min(1, Math.max(0, value))

/** Rounded to whole steps; divides by the inverse below one, so that 0.1 stays 0.1. */
function steps(value: number, step: number): number {
  return step >= 1
    ? Math.round(value / step) * step
    : Math.round(value * Math.round(1 / step)) / Math.round(1 / step)
}
