/**
 * A day of readings of a fleet, with the shapes of real traces: when a device works follows Helios' running
 * GPUs of each minute, how hard it works the quantiles of Acme's clusters, how its power moves from
 * second to second MLPerf's wall meters. Digits are what the tools print: whole percents, six
 * decimals of a profiling ratio, milliwatts, MiB, MHz. The same seed gives the same day.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { metricDefinition, type MetricName } from '#schemas/metrics.ts'

export interface DayOptions {
  readonly devices: number
  readonly ticks: number
  readonly stepMs: number
  readonly seed: number
}

/** One metric: value of `device` at `tick` at `device * ticks + tick`; nothing is missing. */
export interface DayMetric {
  readonly name: MetricName
  readonly values: Float32Array | Float64Array
}

export const DAY_METRICS = [
  'busy_ratio',
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
] as const satisfies readonly MetricName[]

const TRACES = fileURLToPath(new URL('../../../shared/traces', import.meta.url))
const MEMORY_MIB = 81_920

/** Readings of `devices` devices over `ticks` ticks. Throws where the traces are not beside the project. */
export function deviceDay(options: DayOptions): DayMetric[] {
  if (!existsSync(TRACES))
    throw new Error('the traces are not beside the project: ../shared/traces')
  const { devices, ticks } = options
  const traces = readTraces()
  const columns = DAY_METRICS.map((name) => ({
    name,
    values:
      metricDefinition(name)?.wire === 'f64'
        ? new Float64Array(devices * ticks)
        : new Float32Array(devices * ticks),
  }))
  for (let device = 0; device < devices; device += 1) {
    const next = createDevice(device, options, traces)
    for (let tick = 0; tick < ticks; tick += 1) {
      const row = next(tick)
      for (const [index, { values }] of columns.entries())
        values[device * ticks + tick] = row[index] ?? Number.NaN
    }
  }
  return columns
}

interface Traces {
  /** Per virtual cluster: share of its GPUs that run, a minute each. */
  readonly running: readonly Float64Array[]
  /** Per benchmark run: power over its mean, a second each. */
  readonly power: readonly Float64Array[]
  readonly quantiles: (series: string, share: number) => number
}

function readTraces(): Traces {
  const folder = (name: string) => `${TRACES}/${name}`
  const helios = folder('helios-earth-may2020')
  const running = readdirSync(helios)
    .filter((name) => name.endsWith('_sequence_vc.csv.gz'))
    .toSorted()
    .map((name) =>
      Float64Array.from(lines(`${helios}/${name}`), (line) => {
        const cells = line.split(',')
        return Number(cells[8]) / Number(cells[7])
      }),
    )
  const spl = `${folder('mlperf-power-v2.0')}/spl`
  const power = readdirSync(spl)
    .toSorted()
    .map((name) => {
      const watts = lines(`${spl}/${name}`).map((line) => Number(line.split(',')[3]))
      const good = watts.filter((value) => value > 0)
      const mean = good.reduce((total, value) => total + value, 0) / good.length
      return Float64Array.from(good, (value) => value / mean)
    })
  const points = new Map<string, number[]>()
  for (const line of lines(`${folder('acme-nsdi24')}/acme_quantiles_long.csv`)) {
    const [cluster, metric, , , , value] = line.split(',')
    if (cluster !== 'kalos') continue
    const series = points.get(metric ?? '') ?? []
    series.push(Number(value))
    points.set(metric ?? '', series)
  }
  const quantiles = (series: string, share: number) => {
    const known = points.get(series) ?? []
    return known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? 0
  }
  return { running, power, quantiles }
}

function lines(path: string): string[] {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').slice(1).filter(Boolean)
}

/** mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const digits = (value: number, count: number) => Math.round(value * 10 ** count) / 10 ** count
const within = (value: number, least: number, most: number) =>
  Math.min(most, Math.max(least, value))

/** What a job asks of its device; drawn anew at each start of one. */
interface Job {
  readonly util: number
  readonly sm: number
  readonly tensor: number
  readonly memoryMib: number
  readonly watts: number
  readonly shape: Float64Array
}

function createDevice(
  device: number,
  { devices, stepMs, seed }: DayOptions,
  traces: Traces,
): (tick: number) => number[] {
  const random = createRandom(seed * 1_000_003 + device)
  const noise = () => random() + random() + random() - 1.5
  const cluster = traces.running[device % traces.running.length] ?? new Float64Array(1)
  const place =
    (Math.floor(device / traces.running.length) + 0.5) / (devices / traces.running.length)
  // A weekday of May 2020 away from the outage of the 10th.
  const day = 20 * 1440
  const idleWatts = 60 + random() * 12
  const baseCelsius = 28 + Math.round(random() * 6)
  let job: Job | null = null
  let joules = 1e9 * random()
  let celsius = baseCelsius
  let errors = Math.floor(random() * 20)
  const draw = (): Job => {
    // The half of the quantile function that works: above p40 all series are busy.
    const share = 0.42 + 0.58 * random()
    const { quantiles } = traces
    return {
      util: quantiles('gpu_util', share) / 100,
      sm: quantiles('sm_active', share) / 100,
      tensor: quantiles('pipe_tensor_active', share) / 100,
      memoryMib: Math.round((quantiles('fb_used', share) / 100) * MEMORY_MIB),
      watts: quantiles('gpu_power', share),
      shape: traces.power[Math.floor(random() * traces.power.length)] ?? new Float64Array(1),
    }
  }
  return (tick) => {
    const second = (tick * stepMs) / 1_000
    const minute = Math.floor(second / 60)
    const works = (cluster[(day + minute) % cluster.length] ?? 0) > place
    if (!works) job = null
    else job ??= draw()
    const move = job === null ? 0 : (job.shape[Math.floor(second) % job.shape.length] ?? 1)
    const level = (mean: number, spread: number) => within(mean * move + spread * noise(), 0, 1)
    const util = job === null ? 0 : digits(level(job.util, 0.01), 2)
    const engine = job === null ? 0 : digits(level(job.util, 0.004), 6)
    const sm = job === null ? 0 : digits(level(job.sm, 0.02), 6)
    const tensor = job === null ? 0 : digits(level(job.tensor, 0.01), 6)
    const watts = digits(
      within((job?.watts ?? idleWatts) * (move || 1) + noise() * 1.5, 20, 700),
      3,
    )
    joules += (watts * stepMs) / 1_000
    celsius += (baseCelsius + watts / 11 - celsius) * (1 - Math.exp(-stepMs / 40_000))
    const used = job === null ? 4 : job.memoryMib
    if (random() < 1e-5) errors += 1
    const traffic = job === null ? 200 : 2e9 * job.sm * move
    return [
      engine,
      engine,
      util,
      sm,
      digits(sm * 0.31 + (job === null ? 0 : 0.005 * random()), 6),
      tensor,
      digits(tensor * 0.02 * (job === null ? 0 : random()), 6),
      job === null ? 0 : digits(level(job.sm * 0.6, 0.02), 6),
      job === null ? 0 : digits(level(job.sm * 0.5, 0.02), 2),
      watts,
      digits(joules, 3),
      Math.round(celsius + noise() * 0.4),
      Math.round(celsius + 9 + noise() * 0.4),
      job === null ? 210e6 : watts > 380 ? (1410 - 15 * Math.round(6 * random())) * 1e6 : 1410e6,
      1593e6,
      used * 2 ** 20,
      (MEMORY_MIB - 641 - used) * 2 ** 20,
      Math.round(traffic * (0.8 + 0.4 * random())),
      Math.round(traffic * 0.4 * (0.8 + 0.4 * random())),
      errors,
    ]
  }
}
