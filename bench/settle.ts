/**
 * What settling costs the engine: `npm run bench -- settle [--short] [--json]`. Generated samples of a whole fleet, one
 * closed minute after the other through the ledger's own statements, CPU of the engine's process.
 */
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { createLedger, type Ledger } from '../ingest/settle/ledger.ts'
import { createLocalDays } from '../ingest/settle/local-day.ts'
import type { Work } from '../ingest/settle/plan.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'
import { seedFleet, seedSamples } from './store/fleet.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000
/** Samples of the minutes before speak into the first. */
const LEAD_MS = 3 * MINUTE
const MINUTES = 3
const ENGINE_BYTES = 6 * 1024 ** 3
const isShort = process.argv.includes('--short')
const isJson = process.argv.includes('--json')

interface Case {
  readonly devices: number
  readonly stepMs: number
  readonly missingPerMille: number
}
const CASES: readonly Case[] = [
  { devices: 5_000, stepMs: 10_000, missingPerMille: 0 },
  { devices: 50_000, stepMs: 10_000, missingPerMille: 0 },
  { devices: 50_000, stepMs: 10_000, missingPerMille: 20 },
  { devices: 5_000, stepMs: 1_000, missingPerMille: 0 },
  ...(isShort
    ? []
    : [
        { devices: 50_000, stepMs: 1_000, missingPerMille: 0 },
        { devices: 50_000, stepMs: 1_000, missingPerMille: 20 },
      ]),
]

const rows = []
for (const one of CASES) {
  const engine = await startTestEngine({ migrated: true, memoryBytes: ENGINE_BYTES })
  try {
    rows.push(await measure(engine, one))
  } finally {
    await engine.stop()
  }
}
console.log(
  isJson
    ? JSON.stringify({ settle: rows })
    : 'One minute of a fleet, minutes and group minutes together; hours and a day made of what was settled.',
)
if (!isJson) console.table(rows)

async function measure({ store }: TestEngine, one: Case) {
  const { devices, stepMs, missingPerMille } = one
  await seedFleet(store, { devices, sinceMs: T0 - 86_400_000, changes: 3 })
  const toMs = T0 + MINUTES * MINUTE
  await seedSamples(store, { devices, fromMs: T0 - LEAD_MS, toMs, stepMs, missingPerMille })
  const ledger = await createLedger(store, () => T0 + 3_600_000, { dayOf: createLocalDays('UTC') })
  const minuteS: number[] = []
  for (let fromMs = T0; fromMs < toMs; fromMs += MINUTE) {
    minuteS.push(
      await cpuOf(ledger, { kind: 'minutes', fromMs, toMs: fromMs + MINUTE, reason: null }),
    )
  }
  // The first compiles and fills caches.
  const cpuS = Math.min(...minuteS.slice(1))
  const rawRows = (devices * MINUTE) / stepMs
  await copyMinutes(store)
  const hours = await cpuOf(ledger, { kind: 'hours', fromMs: T0, toMs: T0 + 3_600_000 })
  return {
    devices,
    step_s: stepMs / 1000,
    'missing %': missingPerMille / 10,
    'minute: CPU ms': Math.round(cpuS * 1000),
    'us per raw row': round((cpuS * 1e6) / rawRows),
    'us per device minute': round((cpuS * 1e6) / devices),
    'share of a core %': round((cpuS / 60) * 100),
    'hour: CPU ms': Math.round(hours * 1000),
    'hour, share of a core %': round((hours / 3600) * 100),
  }
}

async function cpuOf(ledger: Ledger, work: Work): Promise<number> {
  const before = childCpuSeconds()
  await ledger.settle(work)
  return childCpuSeconds() - before
}

/** Fills the hour with copies of its first minutes, published alike. */
async function copyMinutes(store: TestEngine['store']): Promise<void> {
  for (let minutes = MINUTES; minutes < 60; minutes += MINUTES) {
    for (const table of ['ledger_1m', 'revisions']) {
      await store.command(
        `INSERT INTO ${table}
         SELECT * REPLACE (toDateTime(toUnixTimestamp(bucket) + {minutes:UInt32} * 60, 'UTC') AS bucket)
         FROM ${table}
         WHERE bucket >= toDateTime({from:UInt32}, 'UTC') AND bucket < toDateTime({to:UInt32}, 'UTC')`,
        { minutes, from: T0 / 1000, to: T0 / 1000 + MINUTES * 60 },
      )
    }
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
