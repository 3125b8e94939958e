import type { MetricName } from '#schemas/metrics.ts'
import { uniform } from '../../demo/fleet/noise.ts'
import type { Shapes } from './shapes.ts'

/** What dcgm-exporter gives of one device: 20 values, printed in DCGM's steps. */
export const DAY_METRICS = [
  'gr_engine_active_ratio',
  'gpu_util_ratio',
  'sm_active_ratio',
  'sm_occupancy_ratio',
  'tensor_active_ratio',
  'fp16_active_ratio',
  'memory_bandwidth_active_ratio',
  'memory_controller_busy_ratio',
  'power_watts',
  'energy_joules_total',
  'temperature_celsius',
  'memory_temperature_celsius',
  'sm_clock_hertz',
  'memory_clock_hertz',
  'memory_used_bytes',
  'memory_free_bytes',
  'pcie_tx_bytes_per_second',
  'pcie_rx_bytes_per_second',
  'ecc_corrected_total',
  'clock_event_reasons',
] as const satisfies readonly MetricName[]

export const STEP_MS = 10_000
const TICKS_PER_MINUTE = 6
const MIB = 2 ** 20
const MHZ = 1e6
const TOTAL_BYTES = 81_920 * MIB
const RESERVED_BYTES = 584 * MIB
const CAP_WATTS = 400

/** Values of one device over the day: `values[tick * DAY_METRICS.length + metric]`. */
export function dayOfDevice(shapes: Shapes, seed: number, device: number, ticks: number) {
  const values = new Float64Array(ticks * DAY_METRICS.length)
  const state: State = {
    run: null,
    runs: 0,
    from: 0,
    celsius: 33 + 3 * uniform(seed, device, 2),
    joules: 1e8 + Math.floor(1e9 * uniform(seed, device, 3)),
    errors: Math.floor(4 * uniform(seed, device, 4)),
  }
  for (let tick = 0; tick < ticks; tick++) {
    const row = rowAt({ shapes, seed, device }, state, tick)
    row.forEach((value, metric) => (values[tick * DAY_METRICS.length + metric] = value))
  }
  return values
}

interface State {
  /** The power run that is replayed while something runs. */
  run: readonly number[] | null
  runs: number
  /** Tick at which it began. */
  from: number
  celsius: number
  joules: number
  errors: number
}

interface Place {
  readonly shapes: Shapes
  readonly seed: number
  readonly device: number
}

function rowAt({ shapes, seed, device }: Place, state: State, tick: number): number[] {
  const isRunning = shapes.isRunning(device, Math.floor(tick / TICKS_PER_MINUTE))
  if (!isRunning) state.run = null
  else if (state.run === null || tick - state.from >= state.run.length) {
    const pick = Math.floor(shapes.runs.length * uniform(seed, device + 7000, state.runs++))
    state.run = shapes.runs[pick] ?? [1]
    state.from = tick
  }
  const load = state.run?.[tick - state.from] ?? 0
  // Where in the fleet's distributions a device stands while it works.
  const rank = 0.5 + 0.49 * uniform(seed, device + 8000, state.runs)
  const noise = (salt: number) => uniform(seed, device * 64 + salt, tick) - 0.5
  const busy = load > 0.05 ? shapes.level('gpu_util', 0.35 + 0.65 * load) / 100 : 0
  const idleWatts = shapes.level('gpu_power', 0.25 * uniform(seed, device, 5))
  const topWatts = Math.min(CAP_WATTS + 12, shapes.level('gpu_power', rank))
  const watts = idleWatts + (topWatts - idleWatts) * load + 0.4 * noise(1)
  const engine = clamp(busy * (0.99 - 0.02 * uniform(seed, device * 64 + 2, tick)))
  const ofLoad = (metric: 'sm_active' | 'pipe_tensor_active', salt: number) =>
    clamp(busy * load * (shapes.level(metric, rank) / 100) * (1 + 0.04 * noise(salt)))
  const sm = ofLoad('sm_active', 3)
  const tensor = ofLoad('pipe_tensor_active', 4)
  const memoryShare = state.run === null ? 0.0005 : shapes.level('fb_used', rank) / 100
  const usedBytes = Math.round(memoryShare * (TOTAL_BYTES / MIB)) * MIB
  state.celsius += (31 + 0.075 * watts - state.celsius) * 0.12
  state.joules += watts * (STEP_MS / 1000)
  if (uniform(seed, device + 9000, tick) < 1e-5) state.errors++
  const host = busy * 1.8e9 * (1 + 0.5 * noise(5)) + 2e5 * (1 + noise(6))
  return [
    steps(engine, 1e-6),
    steps(busy, 0.01),
    steps(sm, 1e-6),
    steps(sm * 0.36 * (1 + 0.02 * noise(7)), 1e-6),
    steps(tensor, 1e-6),
    steps(sm * 0.05 * (1 + 0.1 * noise(8)), 1e-6),
    steps(sm * 0.55 * (1 + 0.03 * noise(9)), 1e-6),
    steps(busy * 0.48 * (1 + 0.05 * noise(10)), 0.01),
    steps(watts, 0.001),
    steps(state.joules, 0.001),
    Math.round(state.celsius),
    Math.round(state.celsius + 9 * (0.4 + 0.6 * load)),
    clockOf(watts, busy) * MHZ,
    1593 * MHZ,
    usedBytes,
    TOTAL_BYTES - RESERVED_BYTES - usedBytes,
    steps(host, 1),
    steps(host * 0.7 * (1 + 0.2 * noise(11)), 1),
    state.errors,
    watts > CAP_WATTS - 6 ? 4 : busy === 0 ? 1 : 0,
  ]
}

/** MHz in steps of 15: full while there is power left, idle when nothing runs. */
function clockOf(watts: number, busy: number): number {
  if (busy === 0) return 210
  const over = Math.max(0, watts - (CAP_WATTS - 20))
  return 1410 - 15 * Math.round(over / 3)
}

const clamp = (value: number) => Math.min(1, Math.max(0, value))

function steps(value: number, step: number): number {
  return step >= 1
    ? Math.round(value / step) * step
    : Math.round(value / step) / Math.round(1 / step)
}
