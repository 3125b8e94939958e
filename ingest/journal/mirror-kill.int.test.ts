import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { MeterRow } from '#schemas/facility.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import {
  allocations,
  at,
  inventory,
  memoryJournal,
  report,
  startMirror,
  states,
} from './mirror.testing.ts'
import type { Span } from './spans.ts'

vi.setConfig({ testTimeout: 120_000 })

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())

const reference = (cls: string, effective: number) => ({
  class: cls,
  model: '',
  effective,
  from_ms: at(3),
})
const node = { node: 'n1', site: '', cluster: '', hall: 'h1', rack: '', pool: '', from_ms: at(0) }
const meter = (name: string, more: Partial<MeterRow> = {}) =>
  MeterRow.parse({ meter: name, role: 'it', level: 'rack', from_ms: at(1), ...more })
const facility = (...meters: readonly MeterRow[]): JournalBody => ({
  kind: 'facility',
  import_id: 'f',
  sites: [],
  meters: [...meters],
  loops: [],
})
const first: readonly JournalBody[] = [
  inventory(
    [
      { key: 'uuid:a', accepted_ms: at(4), rack: 'r1' },
      { node: 'n1', index: 1, delivered_ms: at(2), accepted_ms: at(6) },
    ],
    [node],
  ),
  {
    kind: 'owners',
    owners: [
      {
        tenant: 'stars',
        display_name: '',
        contact: '',
        accounts: ['star-*'],
        namespaces: [],
        queues: [],
        billing: 'paid',
      },
    ],
  },
  states({ node: 'n1', from_ms: at(20) }, { node: 'n2', from_ms: at(21) }),
  allocations(
    [
      { node: 'n1', from_ms: at(8), account: 'star-1' },
      { node: 'n1', index: 1, from_ms: at(9), holder: 'job-2' },
    ],
    [{ source: 'slurm', cluster: 'c1', node: '', from_ms: at(0), to_ms: null }],
  ),
  { kind: 'references', references: [reference('training', 0.4), reference('serving', 0.2)] },
  facility(meter('util'), meter('pdu', { parent: 'util' })),
]
const second: readonly JournalBody[] = [
  inventory([{ key: 'uuid:a', accepted_ms: at(4), rack: 'r2' }]),
  states({ node: 'n1', from_ms: at(20), to_ms: at(24) }),
  allocations([{ node: 'n1', from_ms: at(8), to_ms: at(12), account: 'star-1' }]),
  { kind: 'references', references: [reference('training', 0.4)] },
  inventory([{ key: 'uuid:a', retired_ms: at(600) }]),
  facility(meter('util'), meter('pdu', { parent: 'util', feed: 'A' })),
]

const TABLES = [
  'intervals',
  'device_aliases',
  'devices',
  'places',
  'allocations',
  'allocation_scopes',
  'efficiency_references',
  'facility_rows',
  'journal_entries',
] as const

/** Every row as it counts, without when it was written. */
async function dump(store: Store): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const table of TABLES) {
    const rows = await store.query(`SELECT * FROM ${table} FINAL`)
    found[table] = rows
      .map((row) => {
        const { inserted_at: _, ...rest } = Object.fromEntries(Object.entries(row ?? {}))
        return JSON.stringify(rest)
      })
      .toSorted()
  }
  return found
}

async function told(store: Store): Promise<Map<string, Span[]>> {
  const spans = new Map<string, Span[]>()
  const rows = await store.query(
    'SELECT reason, toString(toUnixTimestamp64Milli(from_at)) AS f, toString(toUnixTimestamp64Milli(to_at)) AS t FROM interval_changes',
  )
  for (const row of rows) {
    const [reason, from, to] = Object.values(row ?? {}).map(String)
    const own = spans.get(reason ?? '') ?? []
    spans.set(reason ?? '', [...own, { fromMs: Number(from), toMs: Number(to) }])
  }
  return spans
}

/** A store that fails at some inserts, before or after they are made, as a kill -9 would cut them short. */
function failing(store: Store, fails: () => 'before' | 'after' | 'no') {
  return {
    query: store.query.bind(store),
    async insertJson(...insert: Parameters<Store['insertJson']>) {
      const how = fails()
      if (how === 'before') throw new Error('killed before')
      await store.insertJson(...insert)
      if (how === 'after') throw new Error('killed after')
    },
  }
}

/** Mirrors both halves, with a device that appears in between; counts how often it was killed. */
async function mirrorAll(fails: () => 'before' | 'after' | 'no') {
  const store = await freshStore(engine)
  const journal = memoryJournal()
  let nowMs = at(720)
  let kills = 0
  const run = async () => {
    for (;;) {
      const world = await startMirror(failing(store, fails), journal, () => (nowMs += 1))
      try {
        await world.run()
        return
      } catch {
        kills += 1
      }
    }
  }
  await report(store, at(0), [{ name: 'a', node: 'n1', index: 0 }])
  for (const [n, body] of first.entries()) await journal.say(at(480 + n), body)
  await run()
  await report(store, at(500), [{ name: 'b', node: 'n1', index: 1 }])
  await run()
  for (const [n, body] of second.entries()) await journal.say(at(520 + n), body)
  await run()
  const found = { tables: await dump(store), told: await told(store), kills }
  await store.close()
  return found
}

it('killed before and after any of its writes, the mirror ends with the same rows and tells of every change', async () => {
  const whole = await mirrorAll(() => 'no')
  expect(whole.tables['journal_entries']?.length).toBeGreaterThan(10)
  // Three rows: what a later entry repeats is not written again.
  expect(
    whole.tables['facility_rows']?.map((row) => /"version":"?(\d+)/.exec(String(row))?.[1]),
  ).toEqual(expect.arrayContaining(['6', '12']))
  expect(whole.tables['intervals']?.length).toBeGreaterThan(4)
  let kills = 0
  for (let seed = 1; seed <= 3; seed += 1) {
    let state = seed * 7919
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x7fffffff
    }
    const cut = await mirrorAll(() => {
      const drawn = random()
      if (drawn < 0.15) return 'before'
      return drawn < 0.3 ? 'after' : 'no'
    })
    kills += cut.kills
    expect(cut.tables, `seed ${seed}`).toEqual(whole.tables)
    for (const [reason, spans] of whole.told)
      for (const span of spans)
        expect([seed, reason, span, covers(cut.told.get(reason) ?? [], span)]).toEqual([
          seed,
          reason,
          span,
          true,
        ])
  }
  console.log(`the mirror was killed ${kills} times in 3 runs of 12 entries`)
  expect(kills).toBeGreaterThan(15)
})

/** Whether spans cover another one without a hole. */
function covers(spans: readonly Span[], { fromMs, toMs }: Span): boolean {
  let reached = fromMs
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs))
    if (span.fromMs <= reached) reached = Math.max(reached, span.toMs)
  return reached >= toMs
}
