/**
 * What settling the energy of meters costs: `npm run bench -- meters [--json] [--meters N]`. Generated readings of a site,
 * counter and power every 30 s, one quarter of an hour after the other as they close, with all looks for late readings
 * in between. CPU of the engine's process and of ours.
 */
import { parseArgs } from 'node:util'
import { MeterRow, SiteRow } from '#schemas/facility.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { createMeterSettling } from '../ingest/facility/settle-meters.ts'
import { facilityRows } from '../ingest/journal/facility.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    meters: { type: 'string', default: '2000' },
  },
})
const METERS = Number(options.meters)
const T0 = Date.UTC(2026, 4, 1)
const BUCKET_MS = 900_000
/** A day is there before; what is measured follows. */
const DAY_MS = 86_400_000
const BUCKETS = 8
const LOOK_MS = 10_000

const RACKS = "concat('pdu-', toString(number % {meters:UInt32}))"
/** Readings as a collector sends them: stored a second after they were read, a minute's worth at a time. */
const SEED = `INSERT INTO samples_meter (ts, meter, metric, step_ms, log_position, value, inserted_at)
SELECT
  fromUnixTimestamp64Milli({from_ms:Int64} + intDiv(number, {meters:UInt32}) * 30000, 'UTC') AS at,
  ${RACKS},
  metric,
  30000,
  0,
  if(metric = 'power_watts', 8000 + number % 977, toUnixTimestamp64Milli(at) / 1000 * if(number % {meters:UInt32} = 0, 8400 * 1.2 * {meters:UInt32}, 8400)),
  addSeconds(at, 1)
FROM numbers({rows:UInt64})
ARRAY JOIN ['energy_joules_total', 'power_watts'] AS metric`

const engine = await startTestEngine({ migrated: true, memoryBytes: 4 * 1024 ** 3 })
try {
  const row = await measure(engine)
  if (options.json) console.log(JSON.stringify({ meters: row }))
  else console.table([row])
} finally {
  await engine.stop()
}

async function seed({ store }: TestEngine, fromMs: number, toMs: number): Promise<void> {
  const rows = ((toMs - fromMs) / 30_000) * METERS
  await store.command(SEED, { from_ms: fromMs, meters: METERS, rows }, { token: `seed:${fromMs}` })
}

async function enterTree({ store }: TestEngine): Promise<void> {
  const meters = Array.from({ length: METERS }, (_, index) =>
    MeterRow.parse({
      meter: `pdu-${index}`,
      role: index === 0 ? 'distribution' : 'it',
      level: index === 0 ? 'utility' : 'rack',
      parent: index === 0 ? '' : 'pdu-0',
      hall: index === 0 ? '' : `h${index % 10}`,
      max_watts: index === 0 ? 40_000 * METERS : 20_000,
      from_ms: 0,
    }),
  )
  const sites = [SiteRow.parse({ site: 'bench', it_level: 'rack', from_ms: 0 })]
  const rows = facilityRows({ sites, meters, loops: [] }, 1).map(({ fromMs, ...rest }) => ({
    ...rest,
    from_at: new Date(fromMs).toISOString(),
    inserted_at: new Date(T0).toISOString(),
  }))
  await store.insertJson('facility_rows', rows, 'tree')
}

async function measure(own: TestEngine) {
  let nowMs = T0 + DAY_MS
  await enterTree(own)
  for (let ms = T0; ms < nowMs; ms += 4 * BUCKET_MS) await seed(own, ms, ms + 4 * BUCKET_MS)
  const settling = createMeterSettling({
    store: own.store,
    clock: () => nowMs,
    log: {
      info: () => undefined,
      error: () => undefined,
      warn(message, facts) {
        throw new Error(`${message} ${JSON.stringify(facts)}`)
      },
    },
    fence: null,
    skewMs: 0,
    rawRetentionMs: 14 * DAY_MS,
  })
  const backlogStartMs = performance.now()
  let pieces = 0
  while (await settling.step()) pieces += 1
  const backlogMs = performance.now() - backlogStartMs
  let [engineS, ownS, seedS] = [0, 0, 0]
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    for (let ms = 0; ms < BUCKET_MS; ms += 60_000) {
      let before = childCpuSeconds()
      await seed(own, nowMs, nowMs + 60_000)
      seedS += childCpuSeconds() - before
      before = childCpuSeconds()
      const ownBefore = process.cpuUsage()
      for (let look = 0; look < 60_000; look += LOOK_MS) {
        nowMs += LOOK_MS
        await settling.step()
      }
      const { user, system } = process.cpuUsage(ownBefore)
      engineS += childCpuSeconds() - before
      ownS += (user + system) / 1e6
    }
  }
  const share = (seconds: number) =>
    Math.round((seconds / ((BUCKETS * BUCKET_MS) / 1000)) * 10_000) / 100
  return {
    meters: METERS,
    'engine CPU s per bucket': Math.round((engineS / BUCKETS) * 100) / 100,
    'own CPU s per bucket': Math.round((ownS / BUCKETS) * 100) / 100,
    'share of a core %': share(engineS + ownS),
    'backlog: buckets per s': Math.round((pieces * 4 * 10_000) / backlogMs) / 10,
    'inserts, not counted: engine CPU s per bucket': Math.round((seedS / BUCKETS) * 100) / 100,
  }
}
