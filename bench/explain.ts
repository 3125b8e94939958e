/**
 * What it costs to say why utilization moved, which jobs hold it up, and where it is hot, at 50,000 devices:
 * `npm run bench -- explain [--json] [--devices N] [--runs N]`. Two hours of settled minutes, two days of hours and ten
 * minutes of raw samples, asked through the API over a real engine.
 */
import { parseArgs } from 'node:util'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { openBenchApi } from './store/api.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedDeviceBuckets, seedGroupMinutes, seedSamples } from './store/fleet.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    devices: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '20' },
  },
})
const END_MS = Date.UTC(2026, 4, 10, 16)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const devices = Number(options.devices)
const runs = Number(options.runs)

const QUESTIONS = [
  {
    name: 'explain, an hour beside an hour, from minutes',
    url: `/api/v1/explain?at=${END_MS - HOUR_MS}&window=1h`,
    aimMs: 1000,
  },
  {
    name: 'explain, a day beside a day, from hours',
    url: `/api/v1/explain?at=${END_MS - DAY_MS}&window=1d`,
    aimMs: 1000,
  },
  {
    name: 'explain, one hall, an hour beside an hour',
    url: `/api/v1/explain?at=${END_MS - HOUR_MS}&window=1h&filter=hall:eq:hall-1`,
    aimMs: 1000,
  },
  { name: 'contingency, whole fleet', url: '/api/v1/contingency?level=0.5', aimMs: 250 },
  { name: 'thermal, hottest of the fleet', url: '/api/v1/thermal', aimMs: 250 },
  {
    name: 'thermal, furthest from their peers, 200 rows',
    url: '/api/v1/thermal?sort=-score&limit=200',
    aimMs: 250,
  },
] as const

const engine = await startTestEngine({ migrated: true, memoryBytes: 6 * 1024 ** 3 })
try {
  const { store } = engine
  const hours = { devices, fromMs: END_MS - 2 * DAY_MS, buckets: 48 }
  await seedGroupMinutes(store, { devices, fromMs: hours.fromMs, buckets: 48 * 60 })
  await seedDeviceBuckets(store, 'ledger_1h', hours)
  await seedDeviceBuckets(store, 'ledger_1m', {
    devices,
    fromMs: END_MS - 2 * HOUR_MS,
    buckets: 120,
  })
  await seedSamples(store, {
    devices,
    fromMs: END_MS - 600_000,
    toMs: END_MS,
    stepMs: 10_000,
    missingPerMille: 0,
  })
  // Every tenth minute has been settled twice: its devices are there under the second revision too.
  await store.command(
    `INSERT INTO ledger_1m SELECT * REPLACE (2 AS revision) FROM ledger_1m WHERE toMinute(bucket) % 10 = 0`,
  )
  const api = await openBenchApi(engine.reader, END_MS)
  const rows = []
  for (const { name, url, aimMs } of QUESTIONS) {
    const first = await api.get(url)
    if (first.status !== 200)
      throw new Error(`${name}: ${first.status} ${first.body.slice(0, 300)}`)
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
    rows.push({
      question: name,
      bytes: first.body.length,
      p50_ms: Math.round(quantile(0.5)),
      p95_ms: Math.round(quantile(0.95)),
      engine_cpu_ms: Math.round(engineMs),
      own_cpu_ms: Math.round((used.user + used.system) / 1000 / runs),
      aim_ms: aimMs,
      reached: quantile(0.95) < aimMs,
    })
  }
  await api.stop()
  if (options.json) console.log(JSON.stringify({ devices, runs, questions: rows }))
  else {
    console.log(`${devices} devices, ${runs} times each, through the API`)
    console.table(rows)
  }
} finally {
  await engine.stop()
}
