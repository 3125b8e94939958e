/**
 * What answers about meters cost: `npm run bench -- facility-answers [--json] [--meters N] [--days N] [--runs N]`. A year of settled
 * 15-minute buckets of the site and ten halls, 35 days of buckets of every meter, and days of raw readings of meters and
 * cooling units every 30 s in one part, asked through the API over a real engine.
 */
import { parseArgs } from 'node:util'
import type { JournalBody, JournalEntry } from '#schemas/journal.ts'
import { LoopRow, MeterRow, SiteRow } from '#schemas/facility.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { openBenchApi } from './store/api.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    meters: { type: 'string', default: '2000' },
    days: { type: 'string', default: '7' },
    runs: { type: 'string', default: '20' },
  },
})
const DAY_MS = 86_400_000
/** Midnight in Shanghai. */
const END_MS = Date.UTC(2026, 4, 10, 16)
const HALLS = 10
const LOOPS = 40
const UNITS_PER_LOOP = 3
const NODES = 6_250
const meters = Number(options.meters)
const days = Number(options.days)
const runs = Number(options.runs)

const year = `from=${END_MS - 365 * DAY_MS}&to=${END_MS}`
const week = `from=${END_MS - 7 * DAY_MS}&to=${END_MS}`
const QUESTIONS = [
  { name: 'PUE, a year by month', url: `/api/v1/pue?${year}&resolution=1mo`, aimMs: 200 },
  {
    name: 'PUE of a hall, a year by day',
    url: `/api/v1/pue?${year}&resolution=1d&scope=hall:h3`,
    aimMs: 200,
  },
  { name: 'PUE, a day by 15 minutes', url: '/api/v1/pue?resolution=15m', aimMs: 200 },
  { name: 'energy, a year by month', url: `/api/v1/energy?${year}&resolution=1mo`, aimMs: 400 },
  { name: 'energy by role, a week', url: `/api/v1/energy?${week}&group_by=role`, aimMs: 400 },
  {
    name: 'energy by meter, a week',
    url: `/api/v1/energy?${week}&group_by=meter`,
    aimMs: 1000,
  },
  { name: 'tree, now', url: '/api/v1/facility/tree', aimMs: 1000 },
  { name: 'loops, now', url: '/api/v1/facility/loops', aimMs: 1000 },
] as const

const hallOf = (at: number) => `h${at % HALLS}`
const book: JournalBody = {
  kind: 'facility',
  import_id: '',
  sites: [SiteRow.parse({ site: 'one', it_level: 'rack', contracted_watts: 2e8, from_ms: 0 })],
  meters: [
    ...['feed-a', 'feed-b'].map((meter) =>
      MeterRow.parse({ meter, role: 'distribution', level: 'utility', from_ms: 0 }),
    ),
    ...Array.from({ length: meters }, (_, at) =>
      MeterRow.parse({
        meter: `pdu-${at}`,
        role: 'it',
        level: 'rack',
        parent: at % 2 === 0 ? 'feed-a' : 'feed-b',
        hall: hallOf(at),
        rack: `r${at}`,
        from_ms: 0,
      }),
    ),
  ],
  loops: Array.from({ length: LOOPS }, (_, at) =>
    LoopRow.parse({
      loop: `loop-${at}`,
      hall: hallOf(at),
      units: Array.from({ length: UNITS_PER_LOOP }, (_unit, unit) => `cdu-${at}-${unit}`),
      racks: [`r?${at}`],
      from_ms: 0,
    }),
  ),
}
const entry: JournalEntry = { sequence: 1, at_ms: 0, who: 'bench', body: book }

const engine = await startTestEngine({ migrated: true, memoryBytes: 6 * 1024 ** 3 })
try {
  const { store } = engine
  const buckets = (count: number) => ({ count, from_s: (END_MS - count * 900_000) / 1000 })
  await store.command(
    `INSERT INTO facility_15m
     SELECT toDateTime({from_s:Int64} + 900 * (number % {count:UInt32}), 'UTC'),
       if(number < {count:UInt32}, 'site', concat('hall:h', toString(intDiv(number, {count:UInt32}) - 1))),
       1, 3, 90000000000 + (number * 7919) % 1000000000, 900000, 900000, 75000000000 + (number * 104729) % 1000000000,
       900000, 900000, 10000000000, 3000000000, 1000000000, 0, 0, [], toDateTime64({from_s:Int64}, 3, 'UTC')
     FROM numbers({rows:UInt64})`,
    { ...buckets(365 * 96), rows: 365 * 96 * (HALLS + 1) },
  )
  await store.command(
    `INSERT INTO meter_energy_15m
     SELECT toDateTime({from_s:Int64} + 900 * (number % {count:UInt32}), 'UTC'), concat('pdu-', toString(intDiv(number, {count:UInt32}))),
       1, 90000000 + (number * 7919) % 10000000, 900000, 0, 0, toDateTime64({from_s:Int64}, 3, 'UTC')
     FROM numbers({rows:UInt64})`,
    { ...buckets(35 * 96), rows: 35 * 96 * meters },
  )
  await store.command(
    `INSERT INTO energy_15m (bucket, revision, cluster, hall, node, devices, capacity_ms, energy_mj, counter_mj, counter_ms, as_of)
     SELECT toDateTime({from_s:Int64} + 900 * (number % {count:UInt32}), 'UTC'), 1, 'east', 'h1',
       concat('node-', toString(intDiv(number, {count:UInt32}))), 8, 7200000, 3000000000, 3000000000, 7200000,
       toDateTime64({from_s:Int64}, 3, 'UTC')
     FROM numbers({rows:UInt64})`,
    { ...buckets(7 * 96), rows: 7 * 96 * NODES },
  )
  await store.command(
    `INSERT INTO revisions
     SELECT '15m-energy', toDateTime({from_s:Int64} + 900 * number, 'UTC'), 1, toDateTime64({from_s:Int64}, 3, 'UTC'), 1, 'settle'
     FROM numbers({count:UInt32})`,
    buckets(7 * 96),
  )
  const ticks = (days * DAY_MS) / 30_000
  const readings = (points: readonly string[], metrics: readonly string[]) =>
    store.command(
      `INSERT INTO samples_meter (ts, meter, metric, step_ms, log_position, value)
       SELECT fromUnixTimestamp64Milli({from_ms:Int64} + 30000 * toInt64(number % {ticks:UInt32}), 'UTC'),
         {points:Array(String)}[intDiv(number, {ticks:UInt32} * length({metrics:Array(String)})) + 1],
         {metrics:Array(String)}[intDiv(number, {ticks:UInt32}) % length({metrics:Array(String)}) + 1],
         30000, number, if({metrics:Array(String)}[1] LIKE '%_state', 0, 40 + (number * 7919) % 1000 / 1000)
       FROM numbers({rows:UInt64})`,
      {
        from_ms: END_MS - days * DAY_MS + 90_000,
        ticks,
        points,
        metrics,
        rows: ticks * points.length * metrics.length,
      },
    )
  const units = book.loops.flatMap((loop) => loop.units)
  await readings(
    book.meters.map(({ meter }) => meter),
    ['power_watts', 'energy_joules_total', 'current_amperes'],
  )
  await readings(
    units.map((unit) => `${unit}/secondary`),
    ['supply_temperature_celsius', 'return_temperature_celsius', 'flow_liters_per_minute'],
  )
  await readings(
    units.flatMap((unit) => [`${unit}/leak/1`, `${unit}/leak/2`]),
    ['leak_state'],
  )
  await readings(
    units.flatMap((unit) => [`${unit}/pump/1`, `${unit}/pump/2`]),
    ['pump_state'],
  )
  await store.command('OPTIMIZE TABLE samples_meter FINAL')
  const api = await openBenchApi(engine.reader, END_MS + 180_000, {
    append: () => Promise.reject(new Error('not asked')),
    readFrom: () => Promise.resolve([entry]),
    last: () => Promise.resolve(1),
  })
  const rows = []
  for (const { name, url, aimMs } of QUESTIONS) {
    const first = await api.get(url)
    if (first.status !== 200)
      throw new Error(`${name}: ${first.status} ${first.body.slice(0, 300)}`)
    const times: number[] = []
    const before = childCpuSeconds()
    for (let run = 0; run < runs; run += 1) {
      // What is remembered for some seconds expires: every question is asked of the store.
      await new Promise((resolve) => setTimeout(resolve, aimMs === 1000 ? 5_100 : 0))
      const start = performance.now()
      await api.get(url)
      times.push(performance.now() - start)
    }
    const engineMs = ((childCpuSeconds() - before) * 1000) / runs
    times.sort((a, b) => a - b)
    const quantile = (share: number) => times[Math.min(runs - 1, Math.floor(runs * share))] ?? 0
    rows.push({
      question: name,
      bytes: first.body.length,
      p50_ms: Math.round(quantile(0.5)),
      p95_ms: Math.round(quantile(0.95)),
      engine_cpu_ms: Math.round(engineMs),
      aim_ms: aimMs,
      reached: quantile(0.95) < aimMs,
    })
  }
  await api.stop()
  if (options.json) console.log(JSON.stringify({ meters, days, runs, questions: rows }))
  else {
    console.log(
      `${meters} meters, ${units.length} cooling units, ${days} days of readings, ${runs} times each`,
    )
    console.table(rows)
  }
} finally {
  await engine.stop()
}
