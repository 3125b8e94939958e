import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { between, type LevelMetric, MINUTES_PER_DAY, type Shapes } from './shapes.ts'

/** The public traces beside this repository; they are read where they lie and are no part of it. */
const TRACES = fileURLToPath(new URL('../../../shared/traces', import.meta.url))
/** A working day with jobs of all sizes; 10 May of that trace is an outage. */
const DAY = '2020-05-20'
/** The power traces have a sample a second. */
const PICK_EVERY = 10
/** `Time,stamp,Watts,W,…`: the first Watts is the total. */
const WATTS_COLUMN = 3
/** A meter marks its own errors with a negative reading. */
const LOWEST_WATTS = 0

/** Shapes of the traces, or null when they are not there. `devices` are dealt to the trace's virtual clusters. */
export function traceShapes(devices: number): Shapes | null {
  if (!existsSync(TRACES)) return null
  const running = runningDevices(devices)
  const levels = new Map<string, number[]>()
  for (const line of linesOf(join(TRACES, 'acme-nsdi24/acme_quantiles_long.csv')).slice(1)) {
    const [cluster, metric = '', , , , value] = line.split(',')
    if (cluster !== 'seren') continue
    const list = levels.get(metric) ?? []
    list.push(Number(value))
    levels.set(metric, list)
  }
  return {
    origin: `power: MLPerf Power v2.0, running: Helios Earth ${DAY}, levels: Acme Seren`,
    runs: powerRuns(),
    isRunning: (device, minute) => running[device]?.[minute] ?? false,
    level: (metric: LevelMetric, share) => between(levels.get(metric) ?? [0], share),
  }
}

/** Server power of whole benchmark runs, from the lowest to the highest sample as 0..1. */
function powerRuns(): number[][] {
  const folder = join(TRACES, 'mlperf-power-v2.0/spl')
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const watts = linesOf(join(folder, file))
        .map((line) => Number(line.split(',')[WATTS_COLUMN]))
        .filter((value) => value > LOWEST_WATTS)
      const [low, high] = [Math.min(...watts), Math.max(...watts)]
      return watts
        .filter((_, i) => i % PICK_EVERY === 0)
        .map((value) => (value - low) / (high - low))
    })
}

/**
 * Which devices run something in each minute: every virtual cluster gets its share of the devices, and of them as many
 * run, from the first one on, as of the cluster's GPUs.
 */
function runningDevices(devices: number): boolean[][] {
  const folder = join(TRACES, 'helios-earth-may2020')
  const clusters = readdirSync(folder)
    .filter((file) => file.endsWith('_cluster_sequence_vc.csv.gz'))
    .toSorted()
    .map((file) => dayOf(join(folder, file)))
  const total = clusters.reduce((sum, { size }) => sum + size, 0)
  const found: boolean[][] = []
  let before = 0
  for (const { size, shares } of clusters) {
    const from = Math.round((before / total) * devices)
    before += size
    const count = Math.round((before / total) * devices) - from
    for (let i = 0; i < count; i++) found.push(shares.map((share) => (i + 0.5) / count < share))
  }
  return found
}

function dayOf(path: string): { size: number; shares: number[] } {
  const [header = '', ...lines] = linesOf(path)
  const names = header.split(',')
  const [totalAt, runningAt] = ['total_gpu_num', 'running_gpu_num'].map((name) =>
    names.indexOf(name),
  )
  const minutes = lines.filter((line) => line.startsWith(DAY)).map((line) => line.split(','))
  if (minutes.length !== MINUTES_PER_DAY || totalAt === undefined || runningAt === undefined)
    throw new Error(`${path}: ${minutes.length} minutes of ${DAY}, expected ${MINUTES_PER_DAY}`)
  const number = (fields: readonly string[], at: number) => Number(fields[at])
  return {
    size: number(minutes[0] ?? [], totalAt),
    shares: minutes.map((fields) => number(fields, runningAt) / number(fields, totalAt)),
  }
}

function linesOf(path: string): string[] {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').filter((line) => line.trim() !== '')
}
