import type { SustainedResult } from './run.ts'
import { sumOf } from './run.ts'

const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits

/** One object for machines; names say the unit. */
export function sustainedJson(result: SustainedResult) {
  const { sent, cpuS, peakBytes } = result
  return {
    devices: result.devices,
    interval_seconds: result.stepMs / 1000,
    seconds: round(result.seconds, 1),
    rows_sent: sent.rows,
    rows_in_table: result.rowsInTable,
    rows_once: result.rowsOnce,
    is_exactly_once: sent.rows === result.rowsInTable && sent.rows === result.rowsOnce,
    samples_in_table: result.valuesInTable,
    samples_per_second: Math.round(result.valuesInTable / result.seconds),
    samples_per_cpu_second: Math.round(result.valuesInTable / sumOf(cpuS)),
    cores: round(result.cores, 4),
    cores_nats_server: round(cpuS['nats-server'] / result.seconds, 4),
    cores_ingest: round(cpuS.ingest / result.seconds, 4),
    cores_engine: round(cpuS.engine / result.seconds, 4),
    idle_cores: round(result.idleCores, 4),
    lag_max_seconds: round(result.lagMaxMs / 1000),
    lag_p99_seconds: round(result.lagP99Ms / 1000),
    sample_age_max_seconds: round(result.sampleAgeMaxMs / 1000),
    lag_max_messages: result.lagMaxMessages,
    settled_age_max_seconds: round(result.settledAgeMaxMs / 1000, 1),
    peak_memory_bytes: sumOf(peakBytes),
    peak_memory_bytes_nats_server: peakBytes['nats-server'],
    peak_memory_bytes_ingest: peakBytes.ingest,
    peak_memory_bytes_engine: peakBytes.engine,
    generator_late_max_seconds: round(result.generatorLateMs / 1000),
    generator_cores: round(result.generatorCores),
  }
}

export function printSustained(results: readonly SustainedResult[]): void {
  console.table(
    results.map((result) => {
      const all = sustainedJson(result)
      return {
        devices: all.devices,
        'every s': all.interval_seconds,
        'samples/s': all.samples_per_second,
        'cores nats': all.cores_nats_server,
        ingest: all.cores_ingest,
        engine: all.cores_engine,
        'in all': all.cores,
        idle: all.idle_cores,
        'samples per CPU-second': all.samples_per_cpu_second,
        'lag max s': all.lag_max_seconds,
        'sample age max s': all.sample_age_max_seconds,
        'lag p99 s': all.lag_p99_seconds,
        'peak MiB': Math.round(all.peak_memory_bytes / 2 ** 20),
        sent: all.rows_sent,
        'in table': all.rows_in_table,
        once: all.rows_once,
      }
    }),
  )
}

/** What a device costs, and what remains without any: the least-squares line through runs of several sizes. */
export function costLine(results: readonly SustainedResult[]) {
  const points = results.map(({ devices, cores }) => ({ x: devices, y: cores }))
  const mean = (of: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  const slope = mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) ** 2)
  const steps = points.slice(1).map((point, i) => {
    const before = points[i] ?? point
    return {
      from_devices: before.x,
      to_devices: point.x,
      cores_per_1000_devices: round((1000 * (point.y - before.y)) / (point.x - before.x), 5),
    }
  })
  return {
    cores_per_1000_devices: round(1000 * slope, 5),
    fixed_cores_intercept: round(y - slope * x, 4),
    fixed_cores_idle: round(Math.max(...results.map(({ idleCores }) => idleCores)), 4),
    marginal: steps,
  }
}
