/**
 * History out of a real Prometheus:
 * `npm run bench -- prometheus-history [--devices N] [--hours H] [--blocks FOLDER] [--install] [--json]`.
 * Writes simulated dcgm-exporter pages as blocks (promtool), lets Debian's Prometheus serve them, and imports them with
 * the product's own code into a data set. Ends with an error when a sample or a second of busy time is missing.
 *
 * A thread reads 16 exporters (128 devices) at a time: fewer than 256 devices leave a core idle. The first second is
 * starting threads and warming them up, so small runs read as dearer than large ones. `--blocks` keeps what Prometheus
 * serves, and uses it when it is there: to compare two versions, run them in turn over the same folder.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createPrometheusApi } from '../cli/import/prometheus-api.ts'
import { importPrometheus } from '../cli/import/prometheus-job.ts'
import { busyOf, GPUS_PER_NODE, openMetrics, pastSeries } from '../cli/import/prometheus.testing.ts'
import { sourcesOf } from '../cli/import/prometheus-sources.ts'
import { startThreads } from '../cli/import/prometheus-threads.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { createLedger } from '../ingest/settle/ledger.ts'
import { createLocalDays } from '../ingest/settle/local-day.ts'
import { fleetDeps, fleetSummary } from '../query/fleet.ts'
import { obtainProgram, packageVersion } from './peers/installed.ts'
import { freePort } from '../cli/process.testing.ts'
import { scratchFolder } from './peers/scratch.ts'
import { cpuSeconds } from './peers/proc.ts'
import { startServer } from './peers/server.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '64' },
    hours: { type: 'string', default: '24' },
    blocks: { type: 'string' },
    install: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
/** What the import is for: 1,000 devices, 30 days, a sample a minute. */
const GOAL_SAMPLES = 1_000 * 30 * 1_440
const MINUTE = 60_000
const BLOCK_MINUTES = 120
const nodes = Math.max(1, Math.round(Number(values.devices) / GPUS_PER_NODE))
const from = Date.UTC(2026, 4, 1) / MINUTE
const to = from + Math.round(Number(values.hours) * 60)
const program = obtainProgram('prometheus', values.install)
if (program === null) process.exitCode = 1
else await measure(program)

async function measure(prometheus: string): Promise<void> {
  const folder = scratchFolder('prometheus-history')
  const data = values.blocks ?? join(folder.path, 'data')
  if (!existsSync(data)) writeBlocks(prometheus, data, join(folder.path, 'samples.txt'))
  const config = join(folder.path, 'prometheus.yml')
  writeFileSync(config, 'global: {}\n')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      // It would make larger blocks while it is measured.
      '--storage.tsdb.min-block-duration=2h',
      '--storage.tsdb.max-block-duration=2h',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    async () => (await fetch(`${url}/-/ready`)).ok,
  )
  const engine = await startTestEngine({ migrated: true })
  try {
    const span = { fromMs: from * MINUTE, toMs: to * MINUTE, stepMs: MINUTE }
    const cpu = cpuMeter(server.pid)
    const marks = { startMs: performance.now(), readMs: 0, read: cpu() }
    const { url: engineUrl, user, password, database } = engine
    const connection = { url: engineUrl, user, password, database }
    const question = { server: 'bench', cluster: 'default', span }
    const told = { mapping: undefined, names: undefined, match: [] }
    const threads = startThreads({ url, connection, question, ...told })
    const report = await importPrometheus({
      api: createPrometheusApi({ url }),
      ...question,
      runners: threads.runners,
      store: engine.store,
      ledger: await createLedger(engine.store, Date.now, { dayOf: createLocalDays('UTC') }),
      clock: Date.now,
      sources: await sourcesOf(told),
      timeZone: 'UTC',
      onProgress(stage, share) {
        if (stage === 'reading' && share === 1)
          Object.assign(marks, { readMs: performance.now(), read: cpu() })
      },
    })
    const endMs = performance.now()
    const all = cpu()
    await threads.stop()
    const deps = fleetDeps({
      reader: engine.reader,
      clock: Date.now,
      timeZone: 'UTC',
      simulated: false,
    })
    const { groups } = await fleetSummary(deps, {
      from: new Date(span.fromMs).toISOString(),
      to: new Date(span.toMs).toISOString(),
      filters: [],
    })
    const expected = nodes * GPUS_PER_NODE * (to - from)
    if (report.samples !== expected || groups[0]?.busy_device_seconds !== busySeconds())
      throw new Error(`${report.samples} of ${expected} samples, or another busy time`)
    const seconds = (endMs - marks.startMs) / 1000
    const each = (seconds: number) => round((1e6 * seconds) / report.samples)
    const row = {
      prometheus: packageVersion('prometheus'),
      cores: cpus().length,
      devices: report.devices,
      hours: (to - from) / 60,
      samples: report.samples,
      read_s: round((marks.readMs - marks.startMs) / 1000),
      settle_s: round((endMs - marks.readMs) / 1000),
      // Microseconds of CPU for each device minute.
      own_us: each(all.own),
      prometheus_us: each(all.server),
      engine_read_us: each(marks.read.engine),
      engine_settle_us: each(all.engine - marks.read.engine),
      samples_per_s: Math.round(report.samples / seconds),
      share_of_goal: report.samples / GOAL_SAMPLES,
      goal_minutes_at_this_rate: round((GOAL_SAMPLES / report.samples) * (seconds / 60)),
      goal_minutes_of_cpu: round(
        (GOAL_SAMPLES / report.samples) *
          ((all.own + all.server + all.engine) / 60 / cpus().length),
      ),
    }
    if (values.json) console.log(JSON.stringify({ prometheus_history: row }))
    else console.table([row])
  } finally {
    await engine.stop()
    await server.stop()
    folder.remove()
  }
}

/** Two hours at a time, which are one block: promtool reads the whole of its text for each block. */
function writeBlocks(prometheus: string, data: string, text: string): void {
  const promtool = prometheus.replace(/prometheus$/, 'promtool')
  for (let at = from; at < to; at += BLOCK_MINUTES) {
    const file = openSync(text, 'w')
    const series = pastSeries(nodes, { from: at, to: Math.min(to, at + BLOCK_MINUTES) })
    for (const piece of openMetrics(series)) writeSync(file, piece)
    closeSync(file)
    execFileSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', text, data])
  }
}

/** CPU seconds since now: of this process, of Prometheus, and of the engine, the only other child. */
function cpuMeter(serverPid: number) {
  const read = () => {
    const { user, system } = process.cpuUsage()
    const server = cpuSeconds(serverPid)
    return { own: (user + system) / 1e6, server, engine: childCpuSeconds() - server }
  }
  const start = read()
  return () => {
    const now = read()
    return {
      own: now.own - start.own,
      server: now.server - start.server,
      engine: now.engine - start.engine,
    }
  }
}

function busySeconds(): number {
  let hundredths = 0
  for (let node = 0; node < nodes; node += 1)
    for (let gpu = 0; gpu < GPUS_PER_NODE; gpu += 1)
      for (let minute = from; minute < to; minute += 1)
        hundredths += Math.round(busyOf(node, gpu, minute) * 100)
  return (hundredths * 60) / 100
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
