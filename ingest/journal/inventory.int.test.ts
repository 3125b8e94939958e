import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import {
  A,
  at,
  B,
  fromHour,
  inventory,
  openSite,
  report,
  type Site,
  states,
  T0,
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

describe('inventory', () => {
  it('becomes capacity, a delivered line and a place; a device that never reported keeps its id when it does', async () => {
    await site.say(
      inventory([
        { key: 'uuid:a', delivered_ms: at(0), accepted_ms: at(24), hall: 'h1', rack: 'r1' },
        { key: 'uuid:b', delivered_ms: at(5) },
      ]),
    )
    expect(await site.intervals()).toEqual([
      ['capacity', 'a', '24', 'open', 'inventory'],
      ['delivered', 'a', '0', '24', 'inventory'],
      ['delivered', 'b', '5', 'open', 'inventory'],
    ])
    expect(
      await site.store.query('SELECT key, device_id FROM device_aliases ORDER BY key'),
    ).toEqual([
      { key: 'uuid:a', device_id: String(A) },
      { key: 'uuid:b', device_id: String(B) },
    ])
    expect(await site.changes()).toEqual([
      ['capacity corrected', '24', 'open'],
      ['delivered corrected', '0', 'open'],
      ['place corrected', '0', 'open'],
    ])
    const told = site.world().registry.identify(['uuid:a', 'slot:c1/n1/0/0'], at(30))
    expect(told.id).toBe(A)
    expect(site.world().capacity.isAccepted(A)).toBe(true)
  })

  it('describes a device until somebody else does, so that a silent one has a model and is its node’s', async () => {
    const row = { key: 'uuid:a', node: 'n9', index: 2, vendor: 'nvidia', model: 'H100' }
    await site.say(inventory([{ ...row, accepted_ms: at(24) }]))
    const told = () =>
      site.store.query(
        `SELECT node, model, device_index, sources, ${fromHour.replace('from_at', 'at')} FROM devices FINAL`,
      )
    const described = { node: 'n9', model: 'H100', device_index: 2, sources: ['inventory'] }
    expect(await told()).toEqual([{ ...described, from: '24' }])
    await site.say(inventory([{ ...row, model: 'H200', accepted_ms: at(24) }]))
    await site.say(states({ node: 'n9', from_ms: at(30) }))
    expect(await told()).toEqual([{ ...described, from: '24' }])
    expect((await site.intervals()).map(([kind, id]) => [kind, id])).toEqual([
      ['capacity', 'a'],
      ['drained', 'a'],
    ])
    await site.restart()
    expect(site.world().registry.lookup('uuid:a')).toBe(A)
  })

  it('the same list again changes nothing', async () => {
    const list = inventory(
      [{ key: 'uuid:a', accepted_ms: at(24), rack: 'r1' }],
      [{ node: 'n1', site: '', cluster: '', hall: 'h1', rack: '', pool: '', from_ms: at(0) }],
    )
    await site.say(list)
    await site.forget()
    await site.say(list, T0 + 21 * 24 * 3_600_000)
    expect(await site.changes()).toEqual([])
    expect(await site.store.query('SELECT toUInt32(count()) AS n FROM places')).toEqual([{ n: 2 }])
  })

  it('takes the place of what was discovered; what was discovered before the accepted date stays', async () => {
    const discovered = (id: bigint) => ({
      kind: 'capacity',
      device_id: id,
      from_at: new Date(at(10)).toISOString(),
      to_at: '2100-01-01T00:00:00.000Z',
      reason: 'discovered',
      detail: 'n1',
      version: T0 + 29 * 24 * 3_600_000,
    })
    await site.store.insertJson('intervals', [discovered(A), discovered(B)], 'discovered')
    await site.restart()
    await site.say(
      inventory([
        { key: 'uuid:a', accepted_ms: at(4) },
        { key: 'uuid:b', accepted_ms: at(16) },
      ]),
    )
    expect(await site.intervals()).toEqual([
      ['capacity', 'a', '4', 'open', 'inventory'],
      ['capacity', 'b', '10', '16', 'discovered'],
      ['capacity', 'b', '16', 'open', 'inventory'],
    ])
    for (const id of [A, B]) expect(site.world().capacity.isAccepted(id)).toBe(true)
    await site.restart()
    for (const id of [A, B]) expect(site.world().capacity.isAccepted(id)).toBe(true)
  })

  it('a life that ended stays when the device is accepted again; a corrected date replaces the wrong one', async () => {
    await site.say(inventory([{ key: 'uuid:a', accepted_ms: at(0), retired_ms: at(50) }]))
    await site.say(inventory([{ key: 'uuid:a', accepted_ms: at(80) }]))
    await site.say(inventory([{ key: 'uuid:a', accepted_ms: at(70) }]))
    await site.say(inventory([{ key: 'uuid:a', retired_ms: at(400) }]))
    expect(await site.intervals()).toEqual([
      ['capacity', 'a', '0', '50', 'inventory'],
      ['capacity', 'a', '70', '400', 'inventory'],
    ])
    site.world().capacity.observe({
      deviceId: A,
      node: 'n1',
      isPartition: false,
      firstMs: at(500),
      lastMs: at(501),
    })
    expect(site.world().capacity.acceptable(at(502))).toEqual([])
  })

  it('a device that moves racks stands in both, each in its time', async () => {
    await site.say(inventory([{ key: 'uuid:a', accepted_ms: at(0), rack: 'r1' }]))
    await site.forget()
    await site.say(inventory([{ key: 'uuid:a', accepted_ms: at(0), rack: 'r2' }]), at(600))
    expect(
      await site.store.query(
        `SELECT rack, ${fromHour} FROM places FINAL WHERE device_id = ${A} ORDER BY from_at`,
      ),
    ).toEqual([
      { rack: 'r1', from: '0' },
      { rack: 'r2', from: '600' },
    ])
    expect(await site.changes()).toEqual([['place corrected', '600', 'open']])
  })

  it('a node that moves racks without a date stands in both: in the new one from the entry on', async () => {
    const place = { node: 'n1', site: '', cluster: '', hall: 'h1', pool: '', from_ms: 0 }
    await site.say(inventory([], [{ ...place, rack: 'r1' }]))
    await site.forget()
    await site.say(inventory([], [{ ...place, rack: 'r1' }]), at(500))
    await site.say(inventory([], [{ ...place, rack: 'r2' }]), at(600))
    await site.say(inventory([], [{ ...place, rack: 'r2' }]), at(700))
    expect(
      await site.store.query(
        "SELECT rack, toUnixTimestamp64Milli(from_at) AS f FROM places FINAL WHERE node = 'n1' ORDER BY from_at",
      ),
    ).toEqual([
      { rack: 'r1', f: '0' },
      { rack: 'r2', f: String(at(600)) },
    ])
  })

  it('a device named by its place waits until it shows itself, also over a restart', async () => {
    await site.say(
      inventory([
        { node: 'n1', index: 0, accepted_ms: at(3), rack: 'r1' },
        { node: 'n1', bus: '0000:01:00.0', accepted_ms: at(4) },
      ]),
    )
    expect(await site.intervals()).toEqual([])
    expect(site.world().mirror.status).toMatchObject({ applied: 1, waitingRows: 2 })
    await site.restart()
    expect(site.world().mirror.status).toMatchObject({ applied: 1, waitingRows: 2 })
    await report(site.store, at(500), [{ name: 'a', node: 'n1', index: 0 }])
    await site.world().run()
    expect(await site.intervals()).toEqual([['capacity', 'a', '3', 'open', 'inventory']])
    expect(await site.changes()).toEqual([
      ['capacity corrected', '3', 'open'],
      ['place corrected', '3', 'open'],
    ])
    await report(site.store, at(501), [{ name: 'b', node: 'n1', index: 1 }])
    await site.restart()
    expect(site.world().mirror.status.waitingRows).toBe(0)
    await site.restart()
    expect(site.world().mirror.status).toMatchObject({ applied: 1, waitingRows: 0 })
    expect((await site.intervals()).map(([, id, from]) => [id, from])).toEqual([
      ['a', '3'],
      ['b', '4'],
    ])
  })

  it('a serial that no tool tells belongs to the device at the listed place', async () => {
    await report(site.store, at(0), [{ name: 'a', node: 'n1', index: 0 }])
    await site.say(inventory([{ key: 'serial:77', node: 'n1', index: 0, accepted_ms: at(3) }]))
    expect(await site.intervals()).toEqual([['capacity', 'a', '3', 'open', 'inventory']])
    // Another UUID than the one that sits there is another device.
    await site.say(inventory([{ key: 'uuid:b', node: 'n1', index: 0, accepted_ms: at(5) }]))
    expect((await site.intervals()).map(([, id]) => id)).toEqual(['a', 'b'])
  })

  it('what an older entry says late does not undo what a newer one said', async () => {
    await site.say(inventory([{ node: 'n1', index: 0, accepted_ms: at(3), rack: 'old' }]))
    await site.say(
      inventory([{ key: 'uuid:a', accepted_ms: at(5), rack: 'new' }]),
      T0 + 21 * 24 * 3_600_000,
    )
    await report(site.store, at(500), [{ name: 'a', node: 'n1', index: 0 }])
    await site.world().run()
    expect(await site.intervals()).toEqual([['capacity', 'a', '5', 'open', 'inventory']])
  })
})
