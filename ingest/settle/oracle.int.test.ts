import * as fc from 'fast-check'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createSpans } from './spans.ts'
import { createLedger } from './ledger.ts'
import { createLocalDays } from './local-day.ts'
import { storedSample } from '../store/stored-sample.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000
const MINUTES = 6
const STEPS = [1_000, 5_000, 10_000, 15_000, 30_000, 60_000]

interface Sample {
  readonly device: number
  readonly atMs: number
  readonly stepMs: number
  readonly position: number
  readonly busy: number | null
  readonly power: number | null
  readonly tensor: number | null
  readonly clock: number | null
  readonly clockMax: number | null
}
interface Capacity {
  readonly device: number
  readonly fromMs: number
  readonly toMs: number
}
interface Totals {
  capacity: number
  known: number
  busy: number
  power: number
  effectiveKnown: number
  effective: number
}

/** DEFINITIONS section 2: tensor activity at the clock's share of its maximum; nothing without all three. */
function effectiveOf({ tensor, clock, clockMax }: Sample): number | null {
  if (tensor === null || clock === null || clockMax === null) return null
  return tensor * Math.min(1, clock / clockMax)
}

/** DEFINITIONS section 1, millisecond spans of one device: cells, bridging, first sequence wins. */
function spoken(samples: readonly Sample[]): { sample: Sample; fromMs: number; toMs: number }[] {
  const cells = new Map<number, Sample>()
  for (const sample of [...samples].sort((a, b) => a.position - b.position)) {
    const cellMs = Math.floor(sample.atMs / sample.stepMs) * sample.stepMs
    if (!cells.has(cellMs)) cells.set(cellMs, sample)
  }
  const starts = [...cells.keys()].sort((a, b) => a - b)
  return starts.flatMap((fromMs, index) => {
    const sample = cells.get(fromMs)
    if (sample === undefined) return []
    const toMs = Math.min(fromMs + 3 * sample.stepMs, starts[index + 1] ?? Infinity)
    return [{ sample, fromMs, toMs }]
  })
}

function oracle(samples: readonly Sample[], capacity: readonly Capacity[]): Map<string, Totals> {
  const rows = new Map<string, Totals>()
  for (let minute = 0; minute < MINUTES; minute += 1) {
    for (const { device, fromMs, toMs } of capacity) {
      const from = Math.max(fromMs, T0 + minute * MINUTE)
      const to = Math.min(toMs, T0 + (minute + 1) * MINUTE)
      if (from >= to) continue
      const row = {
        capacity: to - from,
        known: 0,
        busy: 0,
        power: 0,
        effectiveKnown: 0,
        effective: 0,
      }
      rows.set(`${minute}:${device}`, row)
      for (const span of spoken(samples.filter((sample) => sample.device === device))) {
        const ms = Math.min(span.toMs, to) - Math.max(span.fromMs, from)
        if (ms <= 0) continue
        const { busy, power } = span.sample
        if (busy !== null) {
          row.known += ms
          row.busy += Math.floor((Math.round(busy * 1e6) * ms) / 1000)
        }
        if (power !== null) row.power += Math.round(power * 1000) * ms
        const effective = effectiveOf(span.sample)
        if (effective === null) continue
        row.effectiveKnown += ms
        row.effective += Math.floor((Math.round(effective * 1e6) * ms) / 1000)
      }
    }
  }
  return rows
}

const Row = z.object({
  minute: z.coerce.number(),
  device: z.coerce.number(),
  capacity: z.coerce.number(),
  known: z.coerce.number(),
  busy: z.coerce.number(),
  power: z.coerce.number(),
  effectiveKnown: z.coerce.number(),
  effective: z.coerce.number(),
})

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})

const ratio = fc.float({ min: 0, max: 1, noNaN: true }).map(Math.abs)
const hertz = fc.float({ min: Math.fround(1e8), max: Math.fround(2e9), noNaN: true })
const sample = fc.record({
  device: fc.integer({ min: 1, max: 3 }),
  second: fc.integer({ min: -200, max: MINUTES * 60 + 30 }),
  stepMs: fc.constantFrom(...STEPS),
  busy: fc.option(ratio),
  power: fc.option(fc.float({ min: 0, max: 900, noNaN: true }).map(Math.abs)),
  tensor: fc.option(ratio),
  clock: fc.option(hertz),
  clockMax: fc.option(hertz),
})
const span = fc.tuple(
  fc.integer({ min: -100_000, max: 200_000 }),
  fc.integer({ min: 1, max: 400_000 }),
)

describe('settled minutes', () => {
  it('are what DEFINITIONS section 1 says, to the millisecond, and keep its invariants, for any samples', async () => {
    let run = 0
    const ledger = await createLedger(store, () => T0 + 3_600_000, {
      dayOf: createLocalDays('UTC'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(sample, { minLength: 1, maxLength: 60 }),
        fc.tuple(span, span, span),
        async (drawn, spans) => {
          run += 1
          const token = `run-${run}`
          const samples = drawn.map(({ second, ...rest }, index): Sample => ({
            ...rest,
            atMs: T0 + second * 1000,
            position: index + 1,
          }))
          const capacity = spans.map(([from, length], index) => ({
            device: index + 1,
            fromMs: T0 + from,
            toMs: T0 + from + length,
          }))
          await store.command('TRUNCATE TABLE samples')
          await store.command('TRUNCATE TABLE intervals')
          const iso = (ms: number) => new Date(ms).toISOString()
          await store.insertJson(
            'samples',
            samples.map((one) =>
              storedSample({
                ts: iso(one.atMs),
                device_id: one.device,
                step_ms: one.stepMs,
                log_position: one.position,
                busy_source: 1,
                busy_ratio: one.busy,
                power_watts: one.power,
                tensor_active_ratio: one.tensor,
                sm_clock_hertz: one.clock,
                sm_clock_max_hertz: one.clockMax,
              }),
            ),
            token,
          )
          await store.insertJson(
            'intervals',
            capacity.map((one) => ({
              kind: 'capacity',
              device_id: one.device,
              from_at: iso(one.fromMs),
              to_at: iso(one.toMs),
              reason: 'inventory',
              detail: '',
              version: 1,
            })),
            token,
          )
          const toMs = T0 + MINUTES * MINUTE
          const revision = await ledger.settle({ kind: 'minutes', fromMs: T0, toMs, reason: null })
          const rows = z.array(Row).parse(
            await store.query(
              `SELECT intDiv(toUnixTimestamp(bucket) - {t0:Int64}, 60) AS minute, device_id AS device,
                 sum(capacity_ms) AS capacity, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy, sum(power_mw_ms) AS power,
                 sum(effective_known_ms) AS effectiveKnown, sum(effective_ms_x1000) AS effective
               FROM ledger_1m WHERE revision = {revision:UInt32} GROUP BY minute, device`,
              { t0: T0 / 1000, revision },
            ),
          )
          expect(
            new Map(rows.map(({ minute, device, ...totals }) => [`${minute}:${device}`, totals])),
          ).toEqual(oracle(samples, capacity))
          for (const { capacity: base, known, busy } of rows) {
            expect(known).toBeLessThanOrEqual(base)
            expect(busy).toBeLessThanOrEqual(known * 1000)
            if (known === 0) continue
            const unknown = (base - known) * 1000
            expect(busy / (base * 1000)).toBeLessThanOrEqual(busy / (known * 1000))
            expect(busy / (known * 1000)).toBeLessThanOrEqual((busy + unknown) / (base * 1000))
          }
        },
      ),
      { numRuns: 8 },
    )
  }, 60_000)

  it('have no effective figure where the clock or its maximum is unknown: tensor activity alone is none', async () => {
    await store.command('TRUNCATE TABLE samples')
    await store.command('TRUNCATE TABLE intervals')
    const clocks = [
      { sm_clock_hertz: 1e9, sm_clock_max_hertz: 2e9 },
      { sm_clock_hertz: null, sm_clock_max_hertz: 2e9 },
      { sm_clock_hertz: 1e9, sm_clock_max_hertz: null },
    ]
    const ts = new Date(T0).toISOString()
    const common = { ts, step_ms: MINUTE, tensor_active_ratio: 0.5 }
    const samples = clocks.map((clock, at) =>
      storedSample({ ...common, ...clock, device_id: at + 1 }),
    )
    await store.insertJson('samples', samples, 'clocks')
    const interval = {
      kind: 'capacity',
      from_at: ts,
      to_at: '2100-01-01T00:00:00.000Z',
      version: 1,
    }
    const intervals = clocks.map((_, at) => ({ ...interval, device_id: at + 1 }))
    await store.insertJson('intervals', intervals, 'clocks')
    await createSpans(store, () => T0 + 7_200_000).open(T0)
    const rows = await store.query(
      `SELECT device_id AS id, effective_known_ms AS known, effective_ms_x1000 AS effective
       FROM device_minutes(from_ms = {from:Int64}, to_ms = {to:Int64}, set_id = 0) ORDER BY device_id`,
      { from: T0, to: T0 + MINUTE },
    )
    expect(rows).toEqual([
      { id: '1', known: '60000', effective: '15000000' },
      { id: '2', known: '0', effective: '0' },
      { id: '3', known: '0', effective: '0' },
    ])
  })
})
