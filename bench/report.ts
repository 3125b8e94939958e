/**
 * What a weekly report costs at 50,000 devices: `npm run bench -- report [--json] [--devices N]`. A week of group minutes,
 * two weeks of hours and five of days of every device, over a real engine, through the API; each format is a report of its
 * own, from its answers on.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { memoryJournal } from '../alerts/engine/engine.testing.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { openBenchApi } from './store/api.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedDeviceBuckets, seedFleet, seedGroupMinutes } from './store/fleet.ts'
import { seedNodeBuckets } from './store/nodes.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    devices: { type: 'string', default: '50000' },
  },
})
const devices = Number(options.devices)
/** End of ISO week 19 in Shanghai. */
const END_MS = Date.UTC(2026, 4, 10, 16)
const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const AIM_MS = 10_000
const AIM_BYTES = 500e6
const FORMATS = ['json', 'xlsx', 'csv'] as const

const engine = await startTestEngine({ migrated: true, memoryBytes: 6 * 1024 ** 3 })
try {
  const { store } = engine
  const sinceMs = END_MS - 5 * WEEK_MS
  await seedFleet(store, { devices, sinceMs, changes: 3 })
  await seedGroupMinutes(store, { devices, fromMs: END_MS - WEEK_MS, buckets: 7 * 1440 })
  await seedDeviceBuckets(store, 'ledger_1h', {
    devices,
    fromMs: END_MS - 2 * WEEK_MS,
    buckets: 336,
  })
  await seedDeviceBuckets(store, 'ledger_1d', { devices, fromMs: sinceMs, buckets: 35 })
  await seedNodeBuckets(store, {
    hoursFromMs: END_MS - 2 * WEEK_MS,
    daysFromMs: sinceMs,
    toMs: END_MS,
  })
  // Two hours after the week: then all of it stands.
  await seedGroupMinutes(store, { devices, fromMs: END_MS, buckets: 150 })
  const api = await openBenchApi(engine.reader, END_MS + 3 * 3_600_000, memoryJournal())
  const rows = []
  for (const format of FORMATS) {
    const engineSeconds = childCpuSeconds()
    const own = process.cpuUsage()
    const start = performance.now()
    const { status, body } = await api.get(`/api/v1/reports/2026-W19?format=${format}&lang=both`)
    const wallMs = performance.now() - start
    if (status !== 200) throw new Error(`${format}: ${status} ${body.slice(0, 300)}`)
    const used = process.cpuUsage(own)
    const bytes = residentPeakBytes()
    rows.push({
      format,
      wall_ms: Math.round(wallMs),
      engine_cpu_ms: Math.round((childCpuSeconds() - engineSeconds) * 1000),
      own_cpu_ms: Math.round((used.user + used.system) / 1000),
      body_kb: Math.round(Buffer.byteLength(body) / 1000),
      own_peak_mb: Math.round(bytes / 1e6),
      reached: wallMs < AIM_MS && bytes < AIM_BYTES,
    })
  }
  await api.stop()
  if (options.json) console.log(JSON.stringify({ devices, reports: rows }))
  else {
    console.log(`${devices} devices, the week 2026-W19, a draft each`)
    console.table(rows)
  }
} finally {
  await engine.stop()
}

/** The most memory that this process had resident so far (Linux). */
function residentPeakBytes(): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kib) * 1024
}
