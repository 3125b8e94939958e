import { z } from 'zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createSpans } from './spans.ts'
import { clearFleet, type Fleet, OPEN_MS, storeFleet, type Told } from './states-fleet.testing.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000

let engine: TestEngine
let store: Store
let clockMs = T0
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})
beforeEach(() => clearFleet(store))

const Span = z.object({
  from: z.coerce.number(),
  to: z.coerce.number(),
  state: z.number(),
  part: z.tuple([z.number(), z.number()]),
  place: z.string(),
  holder: z.string(),
  class: z.string(),
  source: z.string(),
  held: z.number(),
  reference: z.number(),
})
type Span = z.infer<typeof Span>

let writes = 0
const write = (fleet: Partial<Fleet>) => storeFleet(store, fleet, `spans-${(writes += 1)}`)

/** Spans of device 1 in minutes [from, to) after T0; times in seconds after T0. */
async function spansOf(fromMinute: number, toMinute: number): Promise<Span[]> {
  const set_id = await createSpans(store, () => clockMs).setFor({
    fromMs: T0 + fromMinute * MINUTE,
    toMs: T0 + toMinute * MINUTE,
    isFresh: false,
  })
  const rows = await store.query(
    `SELECT (from_ms - {t0:Int64}) / 1000 AS from, (to_ms - {t0:Int64}) / 1000 AS to, state, (part_from, part_to) AS part,
       concat(cluster, '/', hall, '/', rack, '/', pool, '/', node) AS place, concat(tenant, ':', job) AS holder,
       class, allocation_source AS source, is_held AS held, reference_ppm AS reference
     FROM device_spans WHERE set_id = {set_id:UInt64} AND device_id = 1 ORDER BY from_ms, part_from`,
    { set_id, t0: T0 },
  )
  return z.array(Span).parse(rows)
}

const capacity = { kind: 'capacity', device: 1, fromMs: T0 - 60 * MINUTE, toMs: OPEN_MS } as const
const told: Told = { device: 1, atMs: T0 - 60 * MINUTE, node: 'n1', cluster: 'c1', rack: 'r0' }
const claim = { device: 1, fromMs: T0, toMs: T0 + 60 * MINUTE, holder: 'j1', tenant: 'a' }
const base: Partial<Fleet> = { intervals: [capacity], told: [told] }
const parts = (spans: readonly Span[]) =>
  spans.map(({ holder, part, held }) => [holder, ...part, held])

describe('who holds a device', () => {
  it('is each of overlapping allocations in equal parts, for as long as they overlap', async () => {
    const second = { ...claim, holder: 'j2', fromMs: T0 + 90_000, toMs: T0 + 150_000 }
    await write({ ...base, claims: [claim, second] })
    const spans = await spansOf(0, 5)
    expect(spans.map(({ from, to, holder, part }) => [from, to, holder, ...part])).toEqual([
      [0, 90, 'a:j1', 0, 1_000_000],
      [90, 150, 'a:j1', 0, 500_000],
      [90, 150, 'a:j2', 500_000, 1_000_000],
      [150, 300, 'a:j1', 0, 1_000_000],
    ])
  })

  it('is who the strongest of two sources names, while it names somebody', async () => {
    const api = {
      ...claim,
      source: 'api',
      holder: 'lease',
      fromMs: T0 + 60_000,
      toMs: T0 + 120_000,
    } as const
    await write({ ...base, claims: [claim, api] })
    const spans = await spansOf(0, 3)
    expect(spans.map(({ holder, source }) => [holder, source])).toEqual([
      ['a:j1', 'slurm'],
      ['a:lease', 'api'],
      ['a:j1', 'slurm'],
    ])
  })

  it('leaves what shares do not take as a part of its own, scales what is over-claimed, and fills with open claims', async () => {
    const [one, two] = [
      { ...claim, share: 300_000 },
      { ...claim, holder: 'j2', share: 300_000 },
    ]
    await write({ ...base, claims: [one, two] })
    expect(parts(await spansOf(0, 1))).toEqual([
      ['a:j1', 0, 300_000, 1],
      ['a:j2', 300_000, 600_000, 1],
      [':', 600_000, 1_000_000, 0],
    ])
    await write({
      claims: [
        { ...one, share: 800_000, version: 2 },
        { ...two, share: 800_000, version: 2 },
      ],
    })
    expect(parts(await spansOf(0, 1))).toEqual([
      ['a:j1', 0, 500_000, 1],
      ['a:j2', 500_000, 1_000_000, 1],
    ])
    await write({
      claims: [
        { ...one, share: 0, version: 3 },
        { ...two, share: 300_000, version: 3 },
      ],
    })
    expect(parts(await spansOf(0, 1))).toEqual([
      ['a:j1', 0, 700_000, 1],
      ['a:j2', 700_000, 1_000_000, 1],
    ])
  })

  it('does not depend on the time that is looked at: thirds keep their order', async () => {
    const second = { ...claim, holder: 'j0', fromMs: T0 + 30_000 }
    const third = { ...claim, holder: 'j9', fromMs: T0 - 30_000, toMs: T0 + 90 * MINUTE }
    await write({ ...base, claims: [claim, second, third] })
    const atTwo = (await spansOf(0, 3)).filter(({ to }) => to === 180)
    expect(parts(await spansOf(2, 3))).toEqual(parts(atTwo))
  })

  it('is told by labels: tenant by namespace, job by pod; an unlabelled neighbour is free, another vendor is not told of', async () => {
    const labelled = { ...told, device: 2, atMs: T0 + 90_000, namespace: 'ns', pod: 'p-0' }
    await write({ ...base, told: [told, labelled] })
    expect(
      (await spansOf(0, 3)).map(({ from, to, source, held }) => [from, to, source, held]),
    ).toEqual([
      [0, 60, 'none', 0],
      [60, 180, 'telemetry', 0],
    ])
    // Whoever looks at a time before or after sees the same.
    expect((await spansOf(0, 1)).map(({ source }) => source)).toEqual(['none'])
    expect((await spansOf(2, 3)).map(({ source }) => source)).toEqual(['telemetry'])
    await write({
      told: [{ ...told, atMs: T0 + 180_000, namespace: 'ns', pod: 'p-1', class: 'serving' }],
    })
    expect((await spansOf(3, 4)).map((one) => [one.holder, one.class, one.source])).toEqual([
      ['ns:ns/p-1', 'serving', 'telemetry'],
    ])
    await write({ told: [{ ...told, atMs: T0 + 240_000, vendor: 'huawei' }] })
    expect((await spansOf(4, 5)).map(({ source }) => source)).toEqual(['none'])
  })

  it('is still told by labels when the inventory names the cluster otherwise than its collector', async () => {
    const places = [{ device: 0, node: 'n1', fromMs: T0 - 60 * MINUTE, cluster: 'Hall A' }]
    await write({
      ...base,
      places,
      told: [told, { ...told, device: 2, pod: 'p-0', namespace: 'ns' }],
    })
    expect((await spansOf(0, 1)).map(({ source }) => source)).toEqual(['telemetry'])
  })

  it('is nobody where a complete source names nobody: the strongest of them says so', async () => {
    const scope = { cluster: 'c1', fromMs: T0 + MINUTE, toMs: T0 + 2 * MINUTE }
    await write({
      ...base,
      scopes: [
        { ...scope, source: 'csv', node: 'n1' },
        { ...scope, source: 'slurm' },
      ],
    })
    expect((await spansOf(0, 3)).map(({ from, source, held }) => [from, source, held])).toEqual([
      [0, 'none', 0],
      [60, 'slurm', 0],
      [120, 'none', 0],
    ])
  })
})

describe('where a device stands', () => {
  it('changes at the moment the inventory says, whatever time is looked at', async () => {
    await write({
      ...base,
      places: [
        { device: 1, node: 'n1', fromMs: T0, rack: 'r1', pool: 'p1' },
        { device: 1, node: 'n1', fromMs: T0 + 150_000, rack: 'r2', pool: 'p1' },
        { device: 1, node: 'n1', fromMs: T0 + 240_000, rack: 'r2', pool: 'p2' },
      ],
    })
    const moved = (spans: readonly Span[]) => spans.map(({ from, to, place }) => [from, to, place])
    expect(moved(await spansOf(0, 5))).toEqual([
      [0, 150, 'c1//r1/p1/n1'],
      [150, 240, 'c1//r2/p1/n1'],
      [240, 300, 'c1//r2/p2/n1'],
    ])
    expect(moved(await spansOf(2, 3))).toEqual([
      [120, 150, 'c1//r1/p1/n1'],
      [150, 180, 'c1//r2/p1/n1'],
    ])
  })

  it('is what the device says, else its node, else its collector', async () => {
    await write({
      ...base,
      places: [
        { device: 0, node: 'n1', fromMs: T0 - MINUTE, hall: 'h1', rack: 'r1', pool: 'p1' },
        { device: 1, node: 'n1', fromMs: T0 - MINUTE, pool: 'own' },
      ],
    })
    expect((await spansOf(0, 1)).map(({ place }) => place)).toEqual(['c1/h1/r1/own/n1'])
  })
})

describe('the state of a device', () => {
  it('is the first that matches, from the millisecond it begins to the one it ends', async () => {
    const minutes = (from: number, to: number) => ({
      device: 1,
      fromMs: T0 + from * MINUTE,
      toMs: T0 + to * MINUTE,
    })
    await write({
      told: [told],
      intervals: [
        { ...capacity, toMs: T0 + 4 * MINUTE + 30_500 },
        { kind: 'verification', ...minutes(0, 3) },
        { kind: 'drained', ...minutes(1, 2) },
        { kind: 'failed', ...minutes(1.5, 1.75) },
      ],
    })
    expect((await spansOf(0, 6)).map(({ from, to, state }) => [from, to, state])).toEqual([
      [0, 60, 3],
      [60, 90, 2],
      [90, 105, 1],
      [105, 120, 2],
      [120, 180, 3],
      [180, 270.5, 0],
    ])
  })

  it('is verification for a holder of that class, unless it is drained', async () => {
    await write({ ...base, claims: [{ ...claim, class: 'verification', toMs: T0 + MINUTE }] })
    expect((await spansOf(0, 2)).map(({ state }) => state)).toEqual([3, 0])
    await write({ intervals: [{ ...capacity, kind: 'drained', fromMs: T0 }] })
    expect((await spansOf(0, 1)).map(({ state }) => state)).toEqual([2])
  })

  it('is failed while a fatal fault is open or the device is missing, until it is closed or its collector starts anew', async () => {
    const edge = { device: 1, collector: 'k1', type: 'xid', code: '79', severity: 'fatal' } as const
    const gone = { ...edge, type: 'device_missing', code: '', severity: 'error' } as const
    await write({
      ...base,
      edges: [
        { ...edge, atMs: T0 + 10_000, edge: 'open' },
        { ...edge, atMs: T0 + 20_000, edge: 'closed' },
        { ...edge, atMs: T0 + 30_000, severity: 'warning', code: '31', edge: 'open' },
        { ...gone, atMs: T0 + 60_000, edge: 'open' },
        {
          ...gone,
          device: 0,
          type: 'collector_start',
          atMs: T0 + 75_000,
          edge: 'point',
          collector: 'k2',
        },
        { ...gone, device: 0, type: 'collector_start', atMs: T0 + 80_000, edge: 'point' },
        { ...edge, atMs: T0 + 90_000, edge: 'open' },
        { ...edge, atMs: T0 + 95_000, edge: 'open' },
      ],
    })
    expect(
      (await spansOf(0, 2)).filter(({ state }) => state === 1).map(({ from, to }) => [from, to]),
    ).toEqual([
      [10, 20],
      [60, 80],
      [90, 120],
    ])
  })
})

describe('what is expected of a holder', () => {
  it('is the entry of class and model, else of the class, else of the model, else of all; each from its date', async () => {
    const at = (minute: number) => T0 + minute * MINUTE
    await write({
      ...base,
      claims: [{ ...claim, class: 'training' }],
      references: [
        { class: '', model: '', fromMs: at(0), ppm: 100_000 },
        { class: '', model: 'H100', fromMs: at(1), ppm: 200_000 },
        { class: 'training', model: '', fromMs: at(2), ppm: 300_000 },
        { class: 'training', model: 'H100', fromMs: at(3.5), ppm: 400_000 },
        { class: 'serving', model: 'H100', fromMs: at(0), ppm: 500_000 },
      ],
    })
    expect((await spansOf(-1, 5)).map(({ from, reference }) => [from, reference])).toEqual([
      [-60, 0],
      [0, 100_000],
      [60, 200_000],
      [120, 300_000],
      [210, 400_000],
    ])
  })
})

describe('a minute', () => {
  it('is not cut by what turns for other devices', async () => {
    const other = { device: 0, node: 'n2', fromMs: T0 + 30_000, rack: 'r9' }
    const references = [{ class: 'serving', model: 'B200', fromMs: T0 + 40_000, ppm: 500_000 }]
    const scopes = [
      { source: 'slurm', cluster: 'c2', fromMs: T0 + 10_000, toMs: T0 + 20_000 } as const,
    ]
    await write({ ...base, places: [other], references, scopes, claims: [claim] })
    expect((await spansOf(0, 2)).map(({ from, to, holder }) => [from, to, holder])).toEqual([
      [0, 120, 'a:j1'],
    ])
  })
})

describe('a set', () => {
  const next = (from: number) => ({
    fromMs: T0 + from * MINUTE,
    toMs: T0 + (from + 1) * MINUTE,
    isFresh: true,
  })

  it('is used again only while nothing changed, and reaches back for what is settled again', async () => {
    await write(base)
    const spans = createSpans(store, () => clockMs)
    const first = await spans.setFor(next(0))
    expect(await spans.setFor(next(1))).toBe(first)
    expect(await spans.setFor({ ...next(-100), isFresh: false })).toBe(first)
    await write({ claims: [claim] })
    const second = await spans.setFor(next(2))
    expect(second).toBeGreaterThan(first)
    await store.command('OPTIMIZE TABLE allocations FINAL')
    expect(await spans.setFor(next(3))).toBe(second)
    clockMs += 61 * MINUTE
    expect(await spans.setFor(next(4))).toBeGreaterThan(second)
    clockMs = T0
  })

  it('is made anew when the clock went back, above all before it: its rows leave by the clock of the store', async () => {
    await write(base)
    const spans = createSpans(store, () => clockMs)
    const first = await spans.setFor(next(0))
    clockMs = T0 - 10 * 60 * MINUTE
    const second = await spans.setFor(next(1))
    expect(second).toBeGreaterThan(first)
    expect(await spans.setFor(next(2))).toBe(second)
    clockMs += 61 * MINUTE
    expect(await spans.setFor(next(3))).toBeGreaterThan(second)
    clockMs = T0
  })
})
