import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { loadSources } from '../collector/sources.ts'
import { corpusOf, formatsOf, fuzzFormat } from './fuzz/fuzz.ts'

/**
 * Damaged inputs over every parser: bit flips, truncation, splices, huge numbers, other scripts. Counts crashes,
 * inputs over 50 ms and values outside the catalogue's range; ends with 1 when there is any.
 *
 *     bin/node24 bench/fuzz.ts [inputs, default 10000000] [seed, default 1]
 */

const Job = z.object({ source: z.string(), format: z.string(), inputs: z.int(), seed: z.int() })
type Job = z.infer<typeof Job>
const Count = z.object({
  format: z.string(),
  inputs: z.number(),
  read: z.number(),
  devices: z.number(),
  values: z.number(),
  rejected: z.number(),
  slowestMs: z.number(),
  faults: z.array(z.string()),
  seconds: z.number(),
})
type Count = z.infer<typeof Count>

/** Inputs of one piece of work, so that progress shows. */
const PIECE = 20_000

if (isMainThread) await main()
else await work(z.array(Job).parse(workerData))

async function work(jobs: readonly Job[]): Promise<void> {
  const report = parentPort?.postMessage.bind(parentPort)
  const sources = await loadSources()
  for (const { source: name, format: formatName, inputs, seed } of jobs) {
    const source = sources.find((one) => one.name === name)
    const format =
      source === undefined ? undefined : formatsOf(source).find((one) => one.name === formatName)
    if (source === undefined || format === undefined) throw new Error(`no format ${formatName}`)
    const startedMs = performance.now()
    const count = fuzzFormat(format, corpusOf(source, format), { inputs, seed })
    report?.({ ...count, seconds: (performance.now() - startedMs) / 1000 })
  }
}

async function main(): Promise<void> {
  const inputs = Number(process.argv[2] ?? 10_000_000)
  const firstSeed = Number(process.argv[3] ?? 1)
  const names = (await loadSources()).flatMap((source) =>
    formatsOf(source).map((format) => ({ source: source.name, format: format.name })),
  )
  const jobs: Job[] = []
  for (let n = 0; n * PIECE < inputs; n += 1) {
    const name = names[n % names.length]
    if (name !== undefined)
      jobs.push({ ...name, inputs: Math.min(PIECE, inputs - n * PIECE), seed: firstSeed + n })
  }
  const totals = new Map<string, Count>()
  let done = 0
  const startedMs = performance.now()
  const take = (message: unknown) => {
    const count = Count.parse(message)
    add(totals, count)
    done += count.inputs
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${inputs} inputs`)
  }
  const threads = Math.min(availableParallelism(), jobs.length)
  await Promise.all(
    Array.from({ length: threads }, (_, thread) =>
      runThread(
        jobs.filter((_job, n) => n % threads === thread),
        take,
      ),
    ),
  )
  printTable([...totals.values()], (performance.now() - startedMs) / 1000)
}

function runThread(jobs: readonly Job[], take: (message: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: jobs })
    worker.on('message', take)
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}

function add(totals: Map<string, Count>, count: Count): void {
  const known = totals.get(count.format)
  if (known === undefined) totals.set(count.format, count)
  else {
    known.inputs += count.inputs
    known.read += count.read
    known.devices += count.devices
    known.values += count.values
    known.rejected += count.rejected
    known.seconds += count.seconds
    known.slowestMs = Math.max(known.slowestMs, count.slowestMs)
    known.faults.push(...count.faults)
  }
}

function printTable(counts: readonly Count[], wallSeconds: number): void {
  console.table(
    counts.map(
      ({ format, inputs, read, devices, values, rejected, slowestMs, faults, seconds }) => ({
        format,
        inputs,
        'inputs with devices': read,
        devices,
        values,
        rejected,
        'slowest ms': Math.round(slowestMs * 10) / 10,
        'us an input': Math.round((seconds / inputs) * 1e7) / 10,
        faults: faults.length,
      }),
    ),
  )
  const faults = counts.flatMap((count) => count.faults)
  for (const fault of faults.slice(0, 40)) console.log(fault)
  const inputs = counts.reduce((sum, count) => sum + count.inputs, 0)
  console.log(`${inputs} inputs in ${wallSeconds.toFixed(0)} s, ${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
