import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newBoot, testBatch, testDevice } from '../worker/ingest.testing.ts'
import { createBatchIdentifier, type IdentityNews } from './batch-devices.ts'
import { deviceId, fleetKey } from './device-id.ts'
import {
  COLLECTOR_HOLD_MS,
  createDeviceHistory,
  deviceFacts,
  type DeviceFacts,
  type DeviceRow,
} from './history.ts'
import { createIdentityRegistry, type AliasRow } from './registry.ts'

const T0 = Date.UTC(2026, 4, 1)

describe('device ids', () => {
  it('are the first eight bytes of the SHA-256 of the canonical key', () => {
    // printf 'uuid:GPU-1' | sha256sum
    expect(deviceId('uuid:GPU-1').toString(16)).toBe(SHA_OF_GPU_1.slice(0, 16))
  })

  it('keep slots of two clusters and of partitions apart, and leave other keys alone', () => {
    expect(fleetKey('c1', 'slot:n1/0/0', null)).toBe('slot:c1/n1/0/0')
    expect(fleetKey('c1', 'slot:n1/0/0', '7')).toBe('slot:c1/n1/0/0#7')
    expect(fleetKey('c1', 'uuid:x', '7')).toBe('uuid:x')
  })
})
const SHA_OF_GPU_1 = '7cf39c09774a6e354b4bbd1e9e9d584ba61647c5b67c53afb8dc2248675d518f'

describe('identities', () => {
  it('stay what they were when stronger keys are found later', () => {
    const registry = createIdentityRegistry([])
    const bySlot = registry.identify(['slot:c/n/0/0'], T0)
    const byBoth = registry.identify(['uuid:a', 'slot:c/n/0/0'], T0 + 1)
    expect(byBoth.id).toBe(bySlot.id)
    expect(byBoth.newAliases.map(({ key }) => key)).toEqual(['uuid:a'])
    expect(registry.identify(['uuid:a'], T0 + 2).id).toBe(bySlot.id)
  })

  it('are new for another card in the same slot, which retires the old one', () => {
    const registry = createIdentityRegistry([])
    const old = registry.identify(['uuid:old', 'slot:c/n/0/0'], T0)
    const fresh = registry.identify(['uuid:new', 'slot:c/n/0/0'], T0 + 5)
    expect(fresh.id).not.toBe(old.id)
    expect(fresh.replaced).toEqual({
      slot: 'slot:c/n/0/0',
      oldId: old.id,
      newId: fresh.id,
      atMs: T0 + 5,
    })
    expect(registry.identify(['slot:c/n/0/0'], T0 + 6).id).toBe(fresh.id)
  })

  it('follow two cards that change places without retiring either for good', () => {
    const registry = createIdentityRegistry([])
    registry.identify(['uuid:a', 'slot:c/n/0/0'], T0)
    registry.identify(['uuid:b', 'slot:c/n/1/0'], T0)
    const first = registry.identify(['uuid:b', 'slot:c/n/0/0'], T0 + 9)
    const second = registry.identify(['uuid:a', 'slot:c/n/1/0'], T0 + 9)
    expect(first.replaced?.oldId).toBe(registry.lookup('uuid:a'))
    expect(second.replaced).toBeNull()
  })

  it('are not moved by a batch from before the slot changed hands', () => {
    const registry = createIdentityRegistry([])
    registry.identify(['uuid:new', 'slot:c/n/0/0'], T0 + 100)
    const late = registry.identify(['uuid:old', 'slot:c/n/0/0'], T0)
    expect(late.replaced).toBeNull()
    expect(registry.lookup('slot:c/n/0/0')).toBe(registry.lookup('uuid:new'))
  })

  it('come back from their stored keys as they were', () => {
    const keys = fc.uniqueArray(
      fc.constantFrom('uuid:a', 'uuid:b', 'serial:1', 'serial:2', 'slot:c/n/0/0', 'slot:c/n/1/0'),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 12 }), keys, (met, asked) => {
        const registry = createIdentityRegistry([])
        const stored = new Map<string, AliasRow>()
        met.forEach((one, index) => {
          for (const alias of registry.identify(one, T0 + index).newAliases)
            stored.set(alias.key, alias)
        })
        const rows = [...stored.values()].sort((a, b) => a.atMs - b.atMs)
        const again = createIdentityRegistry(rows)
        expect(again.identify(asked, T0 + 99).id).toBe(registry.identify(asked, T0 + 99).id)
      }),
    )
  })

  it('find a device that comes twice in one batch', () => {
    const registry = createIdentityRegistry([])
    registry.identify(['uuid:a', 'serial:1'], T0)
    const identify = createBatchIdentifier(registry)
    const news: IdentityNews = { aliases: [], replacements: [] }
    const devices = [testDevice('a'), testDevice('x', { keys: ['serial:1'] })]
    const batch = testBatch({
      boot: newBoot(),
      seq: 1,
      t0Ms: T0,
      devices,
      cells: { busy_ratio: [[1, 1]] },
    })
    expect(identify(batch, T0, news).leftOut).toEqual([false, true])
  })
})

describe('what is known of a device', () => {
  const facts = (more: Partial<DeviceFacts> = {}, job = 'j1'): DeviceFacts =>
    deviceFacts({
      deviceId: 1n,
      canonicalKey: 'uuid:a',
      cluster: 'c1',
      collector: 'k1',
      simulated: false,
      parentId: 0n,
      device: testDevice('a', { holder: { job } }),
      ...more,
    })

  it('is written once, and again when it changes', () => {
    const history = createDeviceHistory([])
    expect(history.observe(facts(), T0, 1)).not.toBeNull()
    expect(history.observe(facts(), T0 + 10, 2)).toBeNull()
    expect(history.observe(facts({}, 'j2'), T0 + 20, 3)?.atMs).toBe(T0 + 20)
    expect(history.observe(facts({ simulated: true }, 'j2'), T0 + 30, 4)).not.toBeNull()
  })

  it('is compared at its own time when it comes late', () => {
    const history = createDeviceHistory([])
    history.observe(facts({}, 'j1'), T0 + 100, 1)
    history.observe(facts({}, 'j2'), T0 + 200, 2)
    expect(history.observe(facts({}, 'j1'), T0 + 150, 3)).toBeNull()
    expect(history.observe(facts({}, 'j0'), T0, 4)?.atMs).toBe(T0)
    expect(history.observe(facts({}, 'j1'), T0 + 120, 5)).toBeNull()
  })

  it('does not flap between two collectors that both see the device', () => {
    const history = createDeviceHistory([])
    history.observe(facts(), T0, 1)
    for (let at = 1; at <= 10; at += 1) {
      expect(history.observe(facts({ collector: 'k2' }, 'j9'), T0 + at * 10_000, 2)).toBeNull()
      expect(history.observe(facts(), T0 + at * 10_000, 3)).toBeNull()
    }
    const after = T0 + 100_000 + COLLECTOR_HOLD_MS + 1
    expect(history.observe(facts({ collector: 'k2' }), after, 4)).not.toBeNull()
  })

  it('is the same whether a list is told at once or device by device', () => {
    const device = fc.record({
      id: fc.constantFrom(1n, 2n, 3n, 4n),
      job: fc.constantFrom('j1', 'j2'),
    })
    const list = fc.record({
      collector: fc.constantFrom('k1', 'k2'),
      devices: fc.uniqueArray(device, { minLength: 1, maxLength: 3, selector: ({ id }) => id }),
    })
    const told = fc.array(fc.tuple(fc.nat(3), fc.nat(40), fc.boolean()), { maxLength: 40 })
    fc.assert(
      fc.property(fc.array(list, { minLength: 4, maxLength: 4 }), told, (given, messages) => {
        const lists = given.map(({ collector, devices }) =>
          devices.map(({ id, job }) => facts({ deviceId: id, collector }, job)),
        )
        const [atOnce, byDevice] = [createDeviceHistory([]), createDeviceHistory([])]
        for (const [position, [which, at, isWhole]] of messages.entries()) {
          const devices = lists[which] ?? []
          const atMs = T0 + at * 30_000
          const expected = devices.flatMap((one) => byDevice.observe(one, atMs, position) ?? [])
          const news: DeviceRow[] = []
          if (isWhole) atOnce.observeList(devices, atMs, position, news)
          else news.push(...devices.flatMap((one) => atOnce.observe(one, atMs, position) ?? []))
          expect(news).toEqual(expected)
        }
      }),
      { numRuns: 500 },
    )
  })
})
