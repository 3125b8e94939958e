import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { plausibleMetrics } from '../../collector/plausible.ts'
import type { Source, SourceFormat } from '../../collector/source.ts'
import { isMetricName, isPlausible, metricDefinition } from '../../schemas/metrics.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '../../schemas/node-metrics.ts'
import type { Interpretation } from '../../schemas/reading.ts'
import { createDice, damaged } from './mutate.ts'

/** No input may take longer, ms. */
export const INPUT_MS_MAX = 50
/** A slow input is read again this often and its best time counts: the machine is shared. */
const TRIES = 4

export interface FuzzCount {
  readonly format: string
  inputs: number
  /** Inputs that some device was read from. */
  read: number
  devices: number
  values: number
  rejected: number
  slowestMs: number
  /** What must not happen, with the seed and number that bring it back. */
  readonly faults: string[]
}

const SOURCES = join(import.meta.dirname, '..', '..', 'collector', 'sources')
const FAULTS_KEPT = 20

/** Surer than this, a test case is of a format. */
const OF_FORMAT = 0.3

/** The written test cases of a format, or of a whole source: what its inputs are made of. */
export function corpusOf(source: Source, format: SourceFormat): readonly Uint8Array[] {
  const root = join(SOURCES, source.name, 'testcases')
  const all = readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.startsWith('input'))
      .map((file) => Uint8Array.from(readFileSync(join(root, folder, file)))),
  )
  return format === source ? all : all.filter((bytes) => format.recognize(bytes) > OF_FORMAT)
}

/** Every format of a source, the one that reads all of them included. */
export const formatsOf = (source: Source): readonly SourceFormat[] => [
  source,
  ...(source.formats ?? []),
]

/** Reads `inputs` damaged inputs by one format. Never throws for what a parser does. */
export function fuzzFormat(
  format: SourceFormat,
  corpus: readonly Uint8Array[],
  options: { readonly inputs: number; readonly seed: number },
): FuzzCount {
  const count: FuzzCount = {
    format: format.name,
    inputs: 0,
    read: 0,
    devices: 0,
    values: 0,
    rejected: 0,
    slowestMs: 0,
    faults: [],
  }
  const dice = createDice(options.seed)
  for (let n = 0; n < options.inputs; n += 1) {
    const input = damaged(corpus, dice)
    count.inputs += 1
    for (const fault of readOne(format, input, count))
      if (count.faults.length < FAULTS_KEPT)
        count.faults.push(`${format.name} seed ${options.seed} input ${n}: ${fault}`)
  }
  return count
}

function readOne(format: SourceFormat, input: Uint8Array, count: FuzzCount): string[] {
  try {
    const startedMs = performance.now()
    const reading = format.interpret(input)
    let tookMs = performance.now() - startedMs
    for (let n = 1; n < TRIES && tookMs > INPUT_MS_MAX; n += 1) {
      const againMs = performance.now()
      format.interpret(input)
      tookMs = Math.min(tookMs, performance.now() - againMs)
    }
    count.slowestMs = Math.max(count.slowestMs, tookMs)
    const sureness = format.recognize(input)
    const faults = tookMs > INPUT_MS_MAX ? [`took ${tookMs.toFixed(0)} ms`] : []
    if (!(sureness >= 0 && sureness <= 1)) faults.push(`recognized with ${sureness}`)
    return [...faults, ...faultsOf(reading, count)]
  } catch (error) {
    return [`threw ${error instanceof Error ? error.message : String(error)}`]
  }
}

function faultsOf(reading: Interpretation, count: FuzzCount): string[] {
  const faults: string[] = []
  if (reading.devices.length > 0) count.read += 1
  count.devices += reading.devices.length
  count.rejected += Object.values(reading.rejectedByReason).reduce((sum, n) => sum + n, 0)
  if (reading.outcome !== 'ok' && (reading.reason === null || reading.detail === null))
    faults.push(`${reading.outcome} without a reason`)
  for (const { metrics } of reading.devices) {
    for (const name of Object.keys(metrics))
      if (!isMetricName(name)) faults.push(`unknown metric ${name}`)
    // What leaves the collector: the parser's values behind the range check.
    const emitted: [string, number | null][] = Object.entries(
      plausibleMetrics(metrics, () => undefined),
    )
    for (const [name, value] of emitted) {
      if (value === null) continue
      count.values += 1
      const definition = metricDefinition(name)
      if (definition === undefined || !Number.isFinite(value) || !isPlausible(definition, value))
        faults.push(`${name} is ${value}`)
    }
  }
  for (const { metrics } of reading.nodes ?? [])
    for (const name of Object.keys(metrics))
      if (nodeMetricDefinition(name) === undefined) faults.push(`unknown node metric ${name}`)
  for (const { metrics } of reading.links ?? [])
    for (const name of Object.keys(metrics))
      if (linkMetricDefinition(name) === undefined) faults.push(`unknown link metric ${name}`)
  return faults
}
