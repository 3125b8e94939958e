import type { MetricName } from '#schemas/metrics.ts'
import type { Fleet, SimDevice } from './layout.ts'
import type { FleetTick } from './state.ts'

const MIB = 1_048_576

/** Values of one metric for every device, by position; NaN = the tool gives no value. */
export interface SimMetric {
  readonly name: MetricName
  fill(tick: FleetTick, into: Float64Array): void
}

/**
 * What the simulated tools print, in canonical units. npu-smi gives no clocks and no matrix-unit share in
 * its table, so Ascend devices have no effective tier here, as on a real site that runs the table alone.
 */
export function simMetrics(fleet: Fleet): readonly SimMetric[] {
  const { devices } = fleet
  const isNvidia = Uint8Array.from(devices, (device) => (device.spec.vendor === 'nvidia' ? 1 : 0))
  const masked = (
    name: MetricName,
    vendor: 0 | 1,
    values: (tick: FleetTick) => ArrayLike<number>,
    shape: (value: number) => number = (v) => v,
  ): SimMetric => ({
    name,
    fill(tick, into) {
      const source = values(tick)
      for (let i = 0; i < into.length; i++)
        into[i] = isNvidia[i] === vendor ? shape(source[i] ?? Number.NaN) : Number.NaN
    },
  })
  const all = (name: MetricName, values: (tick: FleetTick) => ArrayLike<number>): SimMetric => ({
    name,
    fill(tick, into) {
      into.set(values(tick))
    },
  })
  const limits = Float64Array.from(devices, (device) => device.spec.maxWatts)
  const clocks = Float64Array.from(devices, (device) => device.spec.clockMaxHertz)
  const memory = Float64Array.from(devices, (device) => device.spec.memoryMiB * MIB)
  return [
    masked('gr_engine_active_ratio', 1, (t) => t.busy),
    masked(
      'gpu_util_ratio',
      1,
      (t) => t.busy,
      (v) => Math.min(1, Math.ceil(v * 104) / 100),
    ),
    masked('sm_active_ratio', 1, (t) => t.smActive),
    masked('tensor_active_ratio', 1, (t) => t.tensor),
    masked('npu_util_ratio', 0, (t) => t.busy, hundredths),
    masked('aicore_ratio', 0, (t) => t.smActive, hundredths),
    masked('memory_bandwidth_active_ratio', 1, (t) => t.memoryBandwidth),
    packagePower(devices),
    masked('power_limit_watts', 1, () => limits),
    masked('energy_joules_total', 1, (t) => t.energy, thousandths),
    all('temperature_celsius', (t) => t.temperature),
    masked('memory_temperature_celsius', 1, (t) => t.memoryTemperature),
    masked('sm_clock_hertz', 1, (t) => t.clock),
    masked('sm_clock_max_hertz', 1, () => clocks),
    all('memory_used_bytes', (t) => t.memoryUsed),
    all('memory_total_bytes', () => memory),
    masked('clock_event_reasons', 1, (t) => t.clockEvents),
    masked('xid_code', 1, (t) => t.xid),
    masked('health_code', 0, (t) => t.health),
  ]
}

/** A two-die package prints its power once, on die 0 (npu-smi prints `-` on die 1). */
function packagePower(devices: readonly SimDevice[]): SimMetric {
  const die = Int8Array.from(devices, (device) =>
    device.spec.perNode === 16 ? device.index % 2 : -1,
  )
  return {
    name: 'power_watts',
    fill(tick, into) {
      for (let i = 0; i < into.length; i++) {
        const own = tick.power[i] ?? Number.NaN
        into[i] = tenths(
          die[i] === 1 ? Number.NaN : die[i] === 0 ? own + (tick.power[i + 1] ?? 0) : own,
        )
      }
    },
  }
}

const tenths = (value: number) => Math.round(value * 10) / 10
const hundredths = (value: number) => Math.round(value * 100) / 100
const thousandths = (value: number) => Math.round(value * 1000) / 1000
