import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { mirrorMetrics } from './mirror.ts'
import { silent } from '../worker/ingest.testing.ts'
import {
  A,
  allocations,
  at,
  fromHour,
  memoryJournal,
  openSite,
  report,
  type Site,
  startMirror,
  states,
  toHour,
} from './mirror.testing.ts'

vi.setConfig({ testTimeout: 60_000 })

let engine: TestEngine
let site: Site
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
beforeEach(async () => {
  site = await openSite(engine)
})
afterEach(() => site.store.close())

describe('states', () => {
  it('of a node are those of all its devices, with what is waited for; a later end replaces an open one', async () => {
    await report(site.store, at(0), [
      { name: 'a', node: 'n1', index: 0 },
      { name: 'b', node: 'n1', index: 1 },
    ])
    await site.restart()
    await site.say(
      states({ node: 'n1', from_ms: at(10), ticket: 'T-1', waiting_on: '供应商', eta_ms: at(90) }),
    )
    await site.say(states({ key: 'uuid:b', state: 'failed', from_ms: at(12), reason: 'rma' }))
    await site.forget()
    await site.say(states({ node: 'n1', from_ms: at(10), to_ms: at(14), ticket: 'T-1' }))
    expect(await site.intervals()).toEqual([
      ['drained', 'a', '10', '14', 'maintenance'],
      ['drained', 'b', '10', '14', 'maintenance'],
      ['failed', 'b', '12', 'open', 'rma'],
    ])
    expect(await site.changes()).toEqual([['drained corrected', '14', 'open']])
    const [row] = await site.store.query("SELECT detail FROM intervals FINAL WHERE kind = 'failed'")
    expect(row).toEqual({
      detail: '{"sequence":2,"reason":"rma","ticket":"","waiting_on":"","eta_ms":null,"who":"ann"}',
    })
  })

  it('that end before they begin are none', async () => {
    await report(site.store, at(0), [{ name: 'a', node: 'n1', index: 0 }])
    await site.say(states({ node: 'n1', from_ms: at(10), to_ms: at(5) }))
    expect(await site.intervals()).toEqual([])
    await site.say(states({ node: 'n1', from_ms: at(10) }))
    await site.say(states({ node: 'n1', from_ms: at(10), to_ms: at(5) }))
    expect(await site.intervals()).toEqual([])
    expect(await site.changes()).toEqual([
      ['drained corrected', '10', 'open'],
      ['drained corrected', '10', 'open'],
    ])
  })
})

describe('allocations', () => {
  const held = () =>
    site.store.query(
      `SELECT if(device_id = ${A}, 'a', 'b') AS device, ${fromHour}, ${toHour}, holder, tenant, billing, source_rank AS rank, share_ppm AS ppm FROM allocations FINAL ORDER BY device, from_at, holder`,
    )

  it('by device, index and node, with the tenant of the owners then in force, and corrected ends', async () => {
    await report(site.store, at(0), [
      { name: 'a', node: 'n1', index: 0 },
      { name: 'b', node: 'n1', index: 1 },
    ])
    await site.say({
      kind: 'owners',
      owners: [
        {
          tenant: '星辰',
          display_name: '',
          contact: '',
          accounts: ['star-*'],
          namespaces: [],
          queues: ['gold'],
          billing: 'paid',
        },
      ],
    })
    await site.restart()
    await site.say(
      allocations(
        [
          { node: 'n1', from_ms: at(1), account: 'star-1', holder: 'j1' },
          { node: 'n1', index: 1, from_ms: at(2), queue: 'gold', holder: 'j2', share: 0.25 },
          {
            key: 'uuid:a',
            from_ms: at(3),
            tenant: 'own',
            holder: 'j3',
            source: 'api',
            billing: 'free',
          },
        ],
        [{ source: 'slurm', cluster: 'c1', node: '', from_ms: at(0), to_ms: null }],
      ),
    )
    expect(await held()).toEqual([
      {
        device: 'a',
        from: '1',
        to: 'open',
        holder: 'j1',
        tenant: '星辰',
        billing: 'paid',
        rank: 1,
        ppm: 0,
      },
      {
        device: 'a',
        from: '3',
        to: 'open',
        holder: 'j3',
        tenant: 'own',
        billing: 'free',
        rank: 0,
        ppm: 0,
      },
      {
        device: 'b',
        from: '1',
        to: 'open',
        holder: 'j1',
        tenant: '星辰',
        billing: 'paid',
        rank: 1,
        ppm: 0,
      },
      {
        device: 'b',
        from: '2',
        to: 'open',
        holder: 'j2',
        tenant: '星辰',
        billing: 'paid',
        rank: 1,
        ppm: 250_000,
      },
    ])
    expect(await site.changes()).toEqual([
      ['owner corrected', '480', 'open'],
      ['allocation corrected', '0', 'open'],
    ])
    await site.forget()
    await site.say(
      allocations([{ node: 'n1', from_ms: at(1), to_ms: at(9), account: 'star-1', holder: 'j1' }]),
    )
    expect((await held()).map((row) => Object.values(row ?? {}).slice(0, 4))).toEqual([
      ['a', '1', '9', 'j1'],
      ['a', '3', 'open', 'j3'],
      ['b', '1', '9', 'j1'],
      ['b', '2', 'open', 'j2'],
    ])
    expect(await site.changes()).toEqual([['allocation corrected', '9', 'open']])
    await site.forget()
    await site.say(
      allocations([{ node: 'n1', from_ms: at(1), to_ms: at(9), account: 'star-1', holder: 'j1' }]),
    )
    expect(await site.changes()).toEqual([])
    await site.say(
      allocations([
        {
          node: 'n1',
          from_ms: at(1),
          to_ms: at(9),
          account: 'star-1',
          holder: 'j1',
          class: 'serving',
        },
      ]),
    )
    expect(await site.changes()).toEqual([['allocation corrected', '1', '9']])
  })

  it('of a node nobody has seen wait, those of others do not', async () => {
    await report(site.store, at(0), [{ name: 'a', node: 'n1', index: 0 }])
    await site.say(
      allocations([
        { node: 'n1', from_ms: at(1), to_ms: at(2) },
        { node: 'n2', from_ms: at(1), to_ms: at(2) },
        { key: 'uuid:zz', from_ms: at(1) },
      ]),
    )
    expect(await held()).toHaveLength(1)
    expect(site.world().mirror.status.waitingRows).toBe(2)
    await site.forget()
    await report(site.store, at(600), [{ name: 'b', node: 'n2', index: 0 }])
    await site.world().run()
    expect(await held()).toHaveLength(2)
    // The same window as the first row's: it is told again.
    expect(await site.changes()).toEqual([['allocation corrected', '1', '2']])
    expect(site.world().mirror.status.waitingRows).toBe(1)
  })
})

it('references replace the document before; what it no longer holds is taken back', async () => {
  const line = (cls: string, effective: number) => ({
    class: cls,
    model: '',
    effective,
    from_ms: at(3),
  })
  await site.say({ kind: 'references', references: [line('training', 0.4), line('serving', 0.2)] })
  await site.forget()
  await site.say({ kind: 'references', references: [line('training', 0.4)] })
  expect(
    await site.store.query(
      'SELECT class, effective_ppm AS ppm, toUInt32(version) AS v FROM efficiency_references FINAL ORDER BY class',
    ),
  ).toEqual([
    { class: 'serving', ppm: 0, v: 2 },
    { class: 'training', ppm: 400_000, v: 1 },
  ])
  expect(await site.changes()).toEqual([['reference corrected', '3', 'open']])
})

it('every entry is in journal_entries, with its body', async () => {
  await site.say({ kind: 'contracts', contracts: [] })
  await site.say({ kind: 'prices', lines: [], currencies: [], electricity: [] })
  expect(
    await site.store.query(
      'SELECT toUInt32(sequence) AS n, kind, who, body FROM journal_entries FINAL ORDER BY n',
    ),
  ).toEqual([
    { n: 1, kind: 'contracts', who: 'ann', body: '{"kind":"contracts","contracts":[]}' },
    {
      n: 2,
      kind: 'prices',
      who: 'ann',
      body: '{"kind":"prices","lines":[],"currencies":[],"electricity":[]}',
    },
  ])
})

it('a journal that ends too early, or says something else, is not mirrored until it is the right one', async () => {
  await site.say({ kind: 'contracts', contracts: [] })
  await site.say({ kind: 'owners', owners: [] })
  const other = memoryJournal()
  await other.say(at(0), states({ key: 'uuid:a', from_ms: at(1) }))
  const errors: string[] = []
  const log = { ...silent, error: (text: string) => void errors.push(text) }
  const wrong = await startMirror(site.store, other, () => at(800), log)
  await wrong.run()
  await wrong.run()
  expect(wrong.mirror.status).toMatchObject({ applied: 2, waitingRows: 0, isRefused: true })
  expect(mirrorMetrics(wrong.mirror.status)).toMatchObject({ ingest_journal_refused: 1 })
  expect(errors).toEqual([expect.stringMatching(/^the journal ends before/)])
  await other.say(at(0), { kind: 'contracts', contracts: [] })
  await other.say(at(0), { kind: 'prices', lines: [], currencies: [], electricity: [] })
  await wrong.run()
  expect(wrong.mirror.status.applied).toBe(2)
  expect(errors).toEqual([expect.anything(), expect.stringMatching(/says something else/)])
  // What was missing is entered again, at another time by somebody else.
  other.entries[1] = { sequence: 2, at_ms: 7, who: 'bob', body: { kind: 'owners', owners: [] } }
  await wrong.run()
  expect(wrong.mirror.status).toEqual({ applied: 3, behind: 0, waitingRows: 0, isRefused: false })
})
