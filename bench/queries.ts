/**
 * How long questions take at 50,000 devices: `npm run bench -- queries [--short] [--json] [--devices N]`. A day of group
 * minutes, a day of hours and 90 days of every device, asked through the API itself over a real engine; and the same
 * question over the same values beside VictoriaMetrics (Debian's, where it is installed).
 */
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { type BenchApi, openBenchApi } from './store/api.ts'
import { seedDeviceBuckets, seedFleet, seedGroupMinutes, seedSamples } from './store/fleet.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedNodeBuckets } from './store/nodes.ts'
import { benchQuestions, type BenchQuestion } from './store/questions.ts'
import { compareWithVictoriaMetrics } from './store/same-question.ts'

/** A local midnight of the API's zone: both a whole hour and the end of a local day. */
const END_MS = Date.UTC(2026, 4, 10, 16)
const DAY_MS = 86_400_000
const DAYS = 90
const ENGINE_BYTES = 6 * 1024 ** 3
const isShort = process.argv.includes('--short')
const isJson = process.argv.includes('--json')
const at = process.argv.indexOf('--devices')
const devices = at > 0 ? Number(process.argv[at + 1]) : isShort ? 5_000 : 50_000
const runs = isShort ? 5 : 20

const engine = await startTestEngine({ migrated: true, memoryBytes: ENGINE_BYTES })
try {
  await seed(engine)
  const api = await openBenchApi(engine.reader, END_MS)
  const [row] = await engine.reader.query(
    'SELECT toString(min(device_id)) AS id FROM ledger_1d WHERE node = {node:String}',
    { node: 'node-100' },
  )
  const rows = []
  for (const question of benchQuestions(END_MS, idOf(row))) rows.push(await measure(api, question))
  await api.stop()
  const compared = await compareWithVictoriaMetrics({ devices: isShort ? 200 : 1_000, runs })
  report(rows, compared)
} finally {
  await engine.stop()
}

function idOf(row: unknown): string {
  return typeof row === 'object' && row !== null && 'id' in row ? String(row.id) : ''
}

async function seed({ store }: TestEngine): Promise<void> {
  const day = { devices, fromMs: END_MS - DAY_MS }
  await seedFleet(store, { devices, sinceMs: END_MS - DAYS * DAY_MS, changes: 3 })
  await seedGroupMinutes(store, { ...day, buckets: 1_440 })
  await seedDeviceBuckets(store, 'ledger_1h', { ...day, buckets: 24 })
  const days = { devices, fromMs: END_MS - DAYS * DAY_MS, buckets: DAYS }
  await seedDeviceBuckets(store, 'ledger_1d', days)
  await seedNodeBuckets(store, { hoursFromMs: day.fromMs, daysFromMs: days.fromMs, toMs: END_MS })
  const samples = { devices, fromMs: END_MS - 180_000, toMs: END_MS }
  await seedSamples(store, { ...samples, stepMs: 10_000, missingPerMille: 0 })
}

async function measure(api: BenchApi, { name, url, aimMs }: BenchQuestion) {
  const first = await api.get(url)
  if (first.status !== 200) throw new Error(`${name}: ${first.status} ${first.body.slice(0, 300)}`)
  const answer: { resolution?: string; groups?: unknown[]; devices?: unknown[] } = JSON.parse(
    first.body,
  )
  const times: number[] = []
  const own = process.cpuUsage()
  const before = childCpuSeconds()
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now()
    await api.get(url)
    times.push(performance.now() - start)
  }
  const engineMs = ((childCpuSeconds() - before) * 1000) / runs
  const used = process.cpuUsage(own)
  times.sort((a, b) => a - b)
  const quantile = (share: number) => times[Math.min(runs - 1, Math.floor(runs * share))] ?? 0
  const p95 = quantile(0.95)
  return {
    question: name,
    resolution: answer.resolution ?? 'raw',
    groups: (answer.groups ?? answer.devices ?? [answer]).length,
    p50_ms: Math.round(quantile(0.5)),
    p95_ms: Math.round(p95),
    engine_cpu_ms: Math.round(engineMs),
    own_cpu_ms: Math.round((used.user + used.system) / 1000 / runs),
    aim_ms: aimMs ?? null,
    reached: aimMs === undefined || p95 < aimMs,
  }
}

function report(
  rows: readonly Awaited<ReturnType<typeof measure>>[],
  compared: Awaited<ReturnType<typeof compareWithVictoriaMetrics>>,
): void {
  if (isJson) {
    console.log(
      JSON.stringify({ devices, runs, questions: rows, beside_victoriametrics: compared }),
    )
    return
  }
  console.log(`${devices} devices, ${runs} times each, through the API`)
  console.table(rows)
  const missed = rows.filter(({ reached }) => !reached).length
  console.log(`${rows.length - missed} of ${rows.length} within their aim`)
  console.table(compared)
}
