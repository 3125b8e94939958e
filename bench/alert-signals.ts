/**
 * What one evaluation asks of the store at 50,000 devices: every signal of the pack, the slices of a zone set, events and
 * standing: `npm run bench -- alert-signals [--json] [--devices N] [--runs N]`. Evaluations are 15 s apart, as the engine
 * of alerts makes them: what is read once a minute or once in five is not in each of them.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { NO_FACILITY } from '#schemas/facility.ts'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { SchedulerBook } from '#schemas/scheduler-book.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { createAlertFacts } from '../query/alerts/facts.ts'
import { SIGNAL_NAMES } from '../query/alerts/signals.ts'
import { facilityDeps } from '../query/facility/deps.ts'
import { fleetDeps } from '../query/fleet.ts'
import { QUERY_LIMITS } from '../query/named-query.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedDeviceBuckets, seedGroupMinutes, seedSamples } from './store/fleet.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    devices: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '8' }, // at most 9: samples end then
  },
})
const END_MS = Date.UTC(2026, 4, 10, 16)
const HOUR_MS = 3_600_000
const AIM_MS = 2_000
const devices = Number(options.devices)
const runs = Number(options.runs)

const engine = await startTestEngine({ migrated: true, memoryBytes: 6 * 1024 ** 3 })
try {
  const { store, reader } = engine
  await seedGroupMinutes(store, { devices, fromMs: END_MS - 72 * HOUR_MS, buckets: 72 * 60 })
  await seedDeviceBuckets(store, 'ledger_1m', {
    devices,
    fromMs: END_MS - 2 * HOUR_MS,
    buckets: 120,
  })
  await seedSamples(store, {
    devices,
    fromMs: END_MS - 600_000,
    // Whole steps: evaluations go on for two minutes and a half.
    toMs: END_MS + 150_000,
    stepMs: 10_000,
    missingPerMille: 0,
  })
  // Who stands where: one span a device, as the newest settled minute has it.
  await store.command(
    `INSERT INTO device_spans (set_id, device_id, from_ms, to_ms, state, part_from, part_to, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, is_held, reference_ppm)
     SELECT 1, device_id, 0, 4000000000000, 0, 0, 1000000, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, job != '', 0
     FROM ledger_1m WHERE bucket = toDateTime(${END_MS / 1000 - 60}, 'UTC') LIMIT 1 BY device_id`,
  )
  await store.insertJson(
    'span_sets',
    [{ set_id: 1, from_ms: 0, to_ms: 4_000_000_000_000, is_open: 1 }],
    'bench',
  )
  let nowMs = END_MS
  /** Moves with each evaluation: as dear as one can be, three of four find nothing new. */
  let settledUntilMs = END_MS - 10 * 60_000
  const asked = fleetDeps({
    reader,
    clock: () => nowMs,
    timeZone: 'Asia/Shanghai',
    simulated: true,
  })
  const fleet = {
    ...asked,
    published: async () => ({ ...(await asked.published()), settledUntilMs }),
  }
  const facts = createAlertFacts(
    facilityDeps({
      ...fleet,
      documents: () =>
        Promise.resolve({ prices: null, contracts: [], owners: [], facility: NO_FACILITY }),
      models: modelCatalogue(BUILT_IN_MODELS),
      health: { brokenGroups: 0 },
    }),
    () => Promise.resolve(new SchedulerBook()),
  )
  const some = await reader.query(
    'SELECT toString(device_id) AS id FROM device_spans LIMIT 1000',
    {},
    QUERY_LIMITS,
  )
  const ids = z
    .array(z.object({ id: z.string() }))
    .parse(some)
    .map(({ id }) => id)
  const questions: readonly (readonly [string, () => Promise<number>])[] = [
    ...SIGNAL_NAMES.map(
      (name) => [name, async () => (await facts.signal(name)).rows.length] as const,
    ),
    [
      'slices of the last hour',
      async () =>
        (await facts.zoneSlices(DEFAULT_ZONE_SET, { fromMs: END_MS - HOUR_MS, toMs: END_MS }))
          .length,
    ],
    ['events', async () => (await facts.eventsAfter(null)).events.length],
    ['standing of 1,000', async () => (await facts.standing(ids)).size],
    ['loss of the fleet', async () => ((await facts.lossPerHour({})) === null ? 0 : 1)],
  ]
  const times = new Map<string, number[]>()
  const rowsOf = new Map<string, number>()
  const whole: number[] = []
  let engineMs = 0
  for (let run = 0; run <= runs; run += 1) {
    const [start, cpu] = [performance.now(), childCpuSeconds()]
    for (const [name, ask] of questions) {
      const began = performance.now()
      rowsOf.set(name, await ask())
      if (run > 0) times.set(name, [...(times.get(name) ?? []), performance.now() - began])
    }
    const tookMs = performance.now() - start
    if (run === 0) console.log(`first evaluation: ${Math.round(tookMs)} ms`)
    else {
      whole.push(tookMs)
      engineMs += (childCpuSeconds() - cpu) * 1000
    }
    nowMs += 15_000
    settledUntilMs += 60_000
  }
  const longStart = performance.now()
  const long = await facts.zoneSlices(DEFAULT_ZONE_SET, {
    fromMs: END_MS - 72 * HOUR_MS,
    toMs: END_MS,
  })
  const longMs = Math.round(performance.now() - longStart)
  const quantile = (values: readonly number[], share: number) =>
    [...values].sort((a, b) => a - b)[
      Math.min(values.length - 1, Math.floor(values.length * share))
    ] ?? 0
  const table = questions.map(([name]) => ({
    question: name,
    rows: rowsOf.get(name) ?? 0,
    p50_ms: Math.round(quantile(times.get(name) ?? [], 0.5)),
    max_ms: Math.round(quantile(times.get(name) ?? [], 1)),
  }))
  const summary = {
    devices,
    runs,
    whole_p50_ms: Math.round(quantile(whole, 0.5)),
    whole_max_ms: Math.round(quantile(whole, 1)),
    engine_cpu_ms: Math.round(engineMs / runs),
    three_days_of_slices_ms: longMs,
    slices: long[0]?.slices.length ?? 0,
    reached: quantile(whole, 0.5) < AIM_MS,
  }
  if (options.json) console.log(JSON.stringify({ ...summary, questions: table }))
  else {
    console.table(table)
    console.table([summary])
  }
} finally {
  await engine.stop()
}
