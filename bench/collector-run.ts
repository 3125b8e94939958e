import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createCollector } from '../collector/collector.ts'
import { parseConfig } from '../collector/config-file.ts'
import { createHost } from '../collector/host.ts'
import { loadSources } from '../collector/sources.ts'

/** What one run of a real collector over real sockets and a real spool cost. */
export interface RunCost {
  readonly seconds: number
  readonly cpuPercentOfOneCore: number
  /** Part of it spent in the kernel: sockets and fsync. */
  readonly systemPercentOfOneCore: number
  readonly rssMaxMegabytes: number
  readonly reads: number
  readonly missedCells: number
  readonly rows: number
  readonly batches: number
  readonly pageBytes: number
  readonly failedTargets: number
}

/** Starts the farm of exporters in a process of its own, so that its work is not counted. */
export async function startFarm(): Promise<{ port: number; pageBytes: number; stop(): void }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'exporter-farm.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const { stdout } = child
  if (stdout === null) throw new Error('the farm has no output')
  for await (const line of createInterface({ input: stdout })) {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'port' in said && 'pageBytes' in said)
      return {
        port: Number(said.port),
        pageBytes: Number(said.pageBytes),
        stop: () => child.kill(),
      }
  }
  throw new Error('the farm did not start')
}

/** Runs a collector over these targets; the time before `warmUpSeconds` is not counted. */
export async function runCollector(options: {
  readonly targets: readonly { readonly address: string; readonly node: string }[]
  readonly interval: string
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly pageBytes: number
}): Promise<RunCost> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'))
  const sources = await loadSources()
  const { targets, interval } = options
  const text = JSON.stringify({
    spool: { directory },
    sources: { 'dcgm-exporter': { targets, interval } },
  })
  const host = createHost()
  const silent = () => undefined
  const collector = createCollector({
    config: parseConfig(text, { file: 'bench', sources, host: 'bench' }),
    sources,
    publisher: {
      publish: () => Promise.resolve(),
      onWatermark: () => silent,
      onResend: () => silent,
      onControl: () => silent,
      connected: () => true,
    },
    io: host,
    logger: { info: silent, warn: silent, error: silent },
    random: randomBytes,
  })
  try {
    await collector.start()
    await sleep(options.warmUpSeconds)
    return await measure(collector, options)
  } finally {
    await collector.stop()
    host.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(
  collector: ReturnType<typeof createCollector>,
  { seconds, pageBytes }: { seconds: number; pageBytes: number },
): Promise<RunCost> {
  const before = collector.stats()
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  let rss = 0
  for (let second = 0; second < seconds; second++) {
    await sleep(1)
    rss = Math.max(rss, process.memoryUsage.rss())
  }
  const used = process.cpuUsage(cpu)
  const elapsedMs = performance.now() - startedMs
  const after = collector.stats()
  if (before === null || after === null) throw new Error('the collector is not running')
  return {
    seconds: round(elapsedMs / 1000),
    cpuPercentOfOneCore: round((used.user + used.system) / 10 / elapsedMs),
    systemPercentOfOneCore: round(used.system / 10 / elapsedMs),
    rssMaxMegabytes: round(rss / 2 ** 20),
    reads: after.runner.reads - before.runner.reads,
    missedCells: after.runner.missedCells - before.runner.missedCells,
    rows: after.rows - before.rows,
    batches: after.batches - before.batches,
    pageBytes,
    failedTargets: after.targets.failed,
  }
}

const round = (value: number) => Math.round(value * 100) / 100
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
