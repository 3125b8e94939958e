import { readFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createSpans } from './spans.ts'
import { storedSample } from '../store/stored-sample.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 10, 8)
const MINUTE = 60_000
const SUMS = [
  'capacity_ms',
  'verification_ms',
  'known_ms',
  'busy_ms_x1000',
  'active_known_ms',
  'active_ms_x1000',
  'effective_known_ms',
  'effective_ms_x1000',
  'power_known_ms',
  'power_mw_ms',
  'memory_known_ms',
  'memory_ms_x1000',
  'temperature_known_ms',
  'temperature_mc_ms',
]
const STEPS = [1_000, 4_000, 10_000, 15_000, 30_000, 60_000]

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
  // The definition as it was first released; 008 says the same in a cheaper way.
  const file = new URL('../store/migrations/002-minutes.sql', import.meta.url)
  const released = (await readFile(file, 'utf8')).replaceAll('{{on_cluster}}', '')
  expect(released).toContain('CREATE OR REPLACE VIEW device_minutes ')
  await store.command(released.replace('VIEW device_minutes ', 'VIEW device_minutes_released '))
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})

const ratio = fc.option(
  fc.oneof(
    fc.float({ min: 0, max: 1, noNaN: true }).map(Math.abs),
    fc.constantFrom(0, 1, 0.0078125),
  ),
  { freq: 8 },
)
const float = (min: number, max: number) =>
  fc.option(fc.float({ min: Math.fround(min), max: Math.fround(max), noNaN: true }), { freq: 8 })
const reading = fc.record({
  busy_ratio: ratio,
  busy_source: fc.integer({ min: 0, max: 3 }),
  sm_active_ratio: ratio,
  aicore_ratio: ratio,
  tensor_active_ratio: ratio,
  sm_clock_hertz: float(1e8, 2e9),
  sm_clock_max_hertz: float(1e8, 2e9),
  power_watts: float(0, 900),
  memory_used_bytes: float(0, 8e10),
  memory_total_bytes: float(4e10, 9e10),
  temperature_celsius: float(-40, 120),
  temperature_margin_celsius: float(-10, 90),
})

/** What happens to a device that otherwise delivers one sample in each cell. */
type Mishap =
  | { readonly kind: 'lost'; readonly second: number; readonly cells: number }
  | { readonly kind: 'extra'; readonly second: number; readonly stepMs: number }
const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.record({
    kind: fc.constant('lost' as const),
    second: fc.integer({ min: -180, max: 240 }),
    cells: fc.integer({ min: 1, max: 70 }),
  }),
  fc.record({
    kind: fc.constant('extra' as const),
    second: fc.integer({ min: -180, max: 240 }),
    stepMs: fc.constantFrom(...STEPS, 7_000),
  }),
)
const noMishap: readonly Mishap[] = []
/** Seconds from T0 and a length in ms. */
type Span = readonly [number, number]
const always: readonly Span[] = [[-600_000, 6_000_000]]
const span: fc.Arbitrary<Span> = fc.tuple(
  fc.integer({ min: -100_000, max: 200_000 }),
  fc.integer({ min: 1, max: 250_000 }),
)
const capacity: fc.Arbitrary<readonly Span[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(always) },
  { weight: 2, arbitrary: fc.array(span, { maxLength: 2 }) },
)
const device = fc.record({
  stepMs: fc.constantFrom(...STEPS),
  // Of another step from this second on, if at all.
  laterStepMs: fc.option(fc.constantFrom(...STEPS), { freq: 1 }),
  changeSecond: fc.integer({ min: -120, max: 240 }),
  jitterMs: fc.constantFrom(0, 0, 999),
  readings: fc.array(reading, { minLength: 1, maxLength: 7 }),
  mishaps: fc.oneof(
    { weight: 2, arbitrary: fc.constant(noMishap) },
    { weight: 3, arbitrary: fc.array(mishap, { maxLength: 3 }) },
  ),
  capacity,
})
type Drawn = typeof device extends fc.Arbitrary<infer T> ? T : never

const iso = (ms: number) => new Date(ms).toISOString()

/** Intervals that overlap were counted twice when the definition was first released, and are not any more. */
function disjoint(capacity: Drawn['capacity']): Drawn['capacity'] {
  let endMs = -Infinity
  return capacity
    .toSorted(([a], [b]) => a - b)
    .filter(([from, length]) => {
      if (from < endMs) return false
      endMs = from + length
      return true
    })
}

function samplesOf(drawn: Drawn, id: number): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = []
  const add = (ms: number, stepMs: number) => {
    const values = drawn.readings[rows.length % drawn.readings.length]
    rows.push({ ts: iso(ms), device_id: id, step_ms: stepMs, log_position: rows.length, ...values })
  }
  const changeMs = drawn.laterStepMs === null ? Infinity : drawn.changeSecond * 1000
  for (let ms = -4 * MINUTE; ms < 4 * MINUTE;) {
    const stepMs = ms >= changeMs ? (drawn.laterStepMs ?? drawn.stepMs) : drawn.stepMs
    const cellMs = Math.ceil(ms / stepMs) * stepMs
    const isLost = drawn.mishaps.some(
      (one) =>
        one.kind === 'lost' &&
        cellMs >= one.second * 1000 &&
        cellMs < one.second * 1000 + one.cells * stepMs,
    )
    if (!isLost) add(T0 + cellMs + Math.min(drawn.jitterMs, stepMs - 1), stepMs)
    ms = cellMs + stepMs
  }
  for (const one of drawn.mishaps) if (one.kind === 'extra') add(T0 + one.second * 1000, one.stepMs)
  return rows
}

test('a minute is what it was when the definition was first released, to the last integer, for any samples', async () => {
  let run = 0
  let regular = 0
  const insert = (table: string, rows: Record<string, unknown>[]) =>
    store.insertJson(table, rows, `${table}-${run}`)
  // A minute that is cut, by an edge of capacity for one, is several rows now and was one.
  const read = (view: string, minutes: number, spans = '') =>
    store.query(
      `SELECT bucket, device_id, cluster, job, max(temperature_max) AS hottest, min(margin_min) AS margin,
         ${SUMS.map((name) => `sum(${name}) AS sum_${name}`).join(', ')}
       FROM ${view}(from_ms = {from:Int64}, to_ms = {to:Int64}${spans})
       GROUP BY bucket, device_id, cluster, job ORDER BY device_id, bucket`,
      { from: T0, to: T0 + minutes * MINUTE },
    )
  await fc.assert(
    fc.asyncProperty(
      fc.array(device, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (drawn, minutes) => {
        run += 1
        for (const table of ['samples', 'intervals', 'devices'])
          await store.command(`TRUNCATE TABLE ${table}`)
        await insert(
          'samples',
          drawn.flatMap((one, at) => samplesOf(one, at + 1).map(storedSample)),
        )
        await insert(
          'intervals',
          drawn.flatMap(({ capacity }, at) =>
            disjoint(capacity).map(([from, length]) => ({
              kind: 'capacity',
              device_id: at + 1,
              from_at: iso(T0 + from),
              to_at: iso(T0 + from + length),
              version: 1,
            })),
          ),
        )
        await insert(
          'devices',
          drawn.flatMap(({ changeSecond }, at) =>
            [-7_200, changeSecond, changeSecond + 61].map((second, change) => ({
              device_id: at + 1,
              at: iso(T0 + second * 1000),
              cluster: `c${at}`,
              job: `job-${change}`,
              log_position: change,
            })),
          ),
        )
        await createSpans(store, () => T0 + run).open(T0)
        const [released, now] = [
          await read('device_minutes_released', minutes),
          await read('device_minutes', minutes, ', set_id = 0'),
        ]
        regular += drawn.filter(
          ({ mishaps, laterStepMs }) => mishaps.length === 0 && laterStepMs === null,
        ).length
        expect(now).toEqual(released)
      },
    ),
    { numRuns: 5, endOnFailure: true },
  )
  // Both ways through the view were taken.
  expect(regular).toBeGreaterThan(3)
}, 120_000)
