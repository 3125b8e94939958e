/**
 * What settling the energy of devices costs the engine: `npm run bench -- energy [--json]`. Generated samples of a whole
 * fleet, one bucket of a quarter of an hour after the other, CPU of the engine's process.
 */
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { BUCKET_MS, REACH_MS } from '../ingest/energy/energy-plan.ts'
import { createEnergySettling } from '../ingest/energy/settle-energy.ts'
import { createSpans } from '../ingest/settle/spans.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedFleet, seedSamples } from './store/fleet.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const BUCKETS = 3
const ENGINE_BYTES = 6 * 1024 ** 3
const isJson = process.argv.includes('--json')

interface Case {
  readonly devices: number
  readonly stepMs: number
  readonly missingPerMille: number
  readonly hasCounters: boolean
}
const CASES: readonly Case[] = [
  { devices: 50, stepMs: 10_000, missingPerMille: 0, hasCounters: true },
  { devices: 5_000, stepMs: 10_000, missingPerMille: 0, hasCounters: true },
  { devices: 50_000, stepMs: 10_000, missingPerMille: 0, hasCounters: true },
  { devices: 50_000, stepMs: 10_000, missingPerMille: 20, hasCounters: true },
  // Nobody has a counter: all of them are looked for over the longest gap that one may speak for.
  { devices: 50_000, stepMs: 10_000, missingPerMille: 0, hasCounters: false },
]

const silent = { info: () => undefined, error: () => undefined }
const log = {
  ...silent,
  warn(message: string, facts?: unknown) {
    throw new Error(`${message} ${JSON.stringify(facts)}`)
  },
}

const rows = []
for (const one of CASES) {
  const engine = await startTestEngine({ migrated: true, memoryBytes: ENGINE_BYTES })
  try {
    rows.push(await measure(engine, one))
  } finally {
    await engine.stop()
  }
}
if (isJson) console.log(JSON.stringify({ energy: rows }))
else {
  console.log(
    'One bucket of 15 minutes of a fleet: one statement, its lookups and its publication.',
  )
  console.table(rows)
}

async function measure({ store }: TestEngine, one: Case) {
  const { devices, stepMs, missingPerMille, hasCounters } = one
  const toMs = T0 + BUCKETS * BUCKET_MS
  await seedFleet(store, { devices, sinceMs: T0 - 86_400_000, changes: 3 })
  const range = { fromMs: T0 - REACH_MS, toMs: toMs + REACH_MS }
  await seedSamples(store, { devices, ...range, stepMs, missingPerMille })
  if (!hasCounters) {
    await store.command('ALTER TABLE samples CLEAR COLUMN energy_millijoules_total')
    await store.command('OPTIMIZE TABLE samples FINAL')
  }
  const nowMs = toMs + REACH_MS
  const spans = createSpans(store, () => nowMs)
  await spans.open(toMs)
  const settling = await createEnergySettling({
    store,
    spans,
    log,
    models: modelCatalogue(BUILT_IN_MODELS),
    clock: () => nowMs,
    fence: null,
    minutesAsOf: new Map(),
    rawRetentionMs: 14 * 86_400_000,
  })
  const cpuS: number[] = []
  const wallMs: number[] = []
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const before = childCpuSeconds()
    const startedMs = performance.now()
    await settling.step({ fromMs: T0, settledUntilMs: nowMs, isDirty: () => false })
    cpuS.push(childCpuSeconds() - before)
    wallMs.push(performance.now() - startedMs)
  }
  // The first compiles, fills caches and makes the set of spans.
  const least = Math.min(...cpuS.slice(1))
  return {
    devices,
    step_s: stepMs / 1000,
    'missing %': missingPerMille / 10,
    counters: hasCounters,
    'bucket: CPU ms': Math.round(least * 1000),
    'wall ms': Math.round(Math.min(...wallMs.slice(1))),
    'first: CPU ms': Math.round((cpuS[0] ?? 0) * 1000),
    'share of a core %': Math.round((least / 900) * 10_000) / 100,
  }
}
