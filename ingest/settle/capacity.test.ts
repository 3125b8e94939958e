import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCapacity, DISCOVERED_PER_NODE_MAX, OPEN_MS } from './capacity.ts'

const T0 = Date.UTC(2026, 4, 1)
const MINUTE = 60_000
const nothing = { intervals: [], nodes: new Map(), pending: [] }
const seen = (deviceId: bigint, fromMin: number, toMin: number, node = 'n1') => ({
  deviceId,
  node,
  isPartition: false,
  firstMs: T0 + fromMin * MINUTE,
  lastMs: T0 + toMin * MINUTE,
})

describe('capacity by discovery', () => {
  it('takes no device in that an inventory speaks of', () => {
    const capacity = createCapacity(nothing)
    capacity.withhold([1n])
    for (const id of [1n, 2n]) capacity.observe(seen(id, 0, 20))
    expect(capacity.acceptable(T0).map(({ deviceId }) => deviceId)).toEqual([2n])
  })

  it('accepts after ten minutes of samples, from the first of them', () => {
    const capacity = createCapacity(nothing)
    capacity.observe(seen(1n, 0, 9))
    expect(capacity.acceptable(T0)).toEqual([])
    capacity.observe(seen(1n, 10, 10))
    const [interval] = capacity.acceptable(T0 + 99)
    expect(interval).toEqual({
      deviceId: 1n,
      fromMs: T0,
      toMs: OPEN_MS,
      reason: 'discovered',
      detail: 'n1',
      version: T0 + 99,
    })
    if (interval !== undefined) capacity.adopt([interval])
    expect([capacity.acceptedDevices, capacity.pendingDevices, capacity.firstMs()]).toEqual([
      1,
      0,
      T0,
    ])
    expect(capacity.acceptable(T0)).toEqual([])
  })

  it('does not take a sample on Monday and one on Friday for ten minutes', () => {
    const capacity = createCapacity(nothing)
    capacity.observe(seen(1n, 0, 0))
    capacity.observe(seen(1n, 4 * 1440, 4 * 1440))
    expect(capacity.acceptable(T0)).toEqual([])
  })

  it('never takes a partition: its device is counted', () => {
    const capacity = createCapacity(nothing)
    capacity.observe({ ...seen(1n, 0, 60), isPartition: true })
    expect(capacity.acceptable(T0)).toEqual([])
  })

  it('keeps a node at 64 discovered devices, and says so once', () => {
    const capacity = createCapacity(nothing)
    for (let id = 1n; id <= 70n; id += 1n) capacity.observe(seen(id, 0, 10))
    capacity.observe(seen(100n, 0, 10, 'n2'))
    const accepted = capacity.acceptable(T0)
    expect(accepted.filter(({ detail }) => detail === 'n1')).toHaveLength(DISCOVERED_PER_NODE_MAX)
    expect(accepted.filter(({ detail }) => detail === 'n2')).toHaveLength(1)
    capacity.adopt(accepted)
    expect(capacity.crowdedNodes()).toEqual(['n1'])
    capacity.acceptable(T0)
    expect(capacity.crowdedNodes()).toEqual([])
    expect(capacity.pendingDevices).toBe(6)
  })

  it('ends a replaced device at that instant, and lets it come back only by new samples', () => {
    const capacity = createCapacity(nothing)
    capacity.observe(seen(1n, 0, 10))
    capacity.adopt(capacity.acceptable(T0))
    const retired = capacity.retire(1n, T0 + 20 * MINUTE, T0 + 20 * MINUTE)
    expect(retired).toMatchObject({ fromMs: T0, toMs: T0 + 20 * MINUTE })
    expect(capacity.retire(1n, T0 + 21 * MINUTE, T0)).toBeNull()
    capacity.observe(seen(1n, 5, 19))
    expect(capacity.pendingDevices).toBe(0)
    capacity.observe(seen(1n, 15, 30))
    expect(capacity.acceptable(T0)).toMatchObject([{ fromMs: T0 + 20 * MINUTE, toMs: OPEN_MS }])
  })

  it('never takes a device that was replaced before it was accepted, by what it delivered until then', () => {
    const capacity = createCapacity(nothing)
    capacity.observe(seen(1n, 0, 12))
    expect(capacity.retire(1n, T0 + 13 * MINUTE, T0 + 13 * MINUTE)).toBeNull()
    expect([capacity.pendingDevices, capacity.acceptable(T0)]).toEqual([0, []])
    // The batch that showed the replacement held its last samples, too.
    capacity.observe(seen(1n, 0, 12))
    capacity.retire(2n, T0 + 30 * MINUTE, T0 + 30 * MINUTE)
    capacity.observe(seen(2n, 5, 29))
    expect([capacity.pendingDevices, capacity.acceptable(T0)]).toEqual([0, []])
    capacity.observe(seen(1n, 40, 50))
    expect(capacity.acceptable(T0)).toMatchObject([{ deviceId: 1n, fromMs: T0 + 40 * MINUTE }])
  })

  it('comes back from its rows as it was, so that a restart changes nothing', () => {
    const event = fc.record({
      id: fc.bigInt({ min: 1n, max: 4n }),
      at: fc.integer({ min: 0, max: 60 }),
      retire: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const capacity = createCapacity(nothing)
        const rows = new Map<string, Parameters<typeof capacity.adopt>[0][number]>()
        const keep = (interval: Parameters<typeof capacity.adopt>[0][number] | null) => {
          if (interval !== null) rows.set(`${interval.deviceId}:${interval.fromMs}`, interval)
        }
        let now = T0
        for (const { id, at, retire } of [...events].sort((a, b) => a.at - b.at)) {
          now += 1
          if (retire) keep(capacity.retire(id, T0 + at * MINUTE, now))
          else capacity.observe(seen(id, at, at + 10))
          const accepted = capacity.acceptable(now)
          for (const interval of accepted) keep(interval)
          capacity.adopt(accepted)
        }
        const nodes = new Map([1n, 2n, 3n, 4n].map((id) => [id, 'n1']))
        const again = createCapacity({ intervals: rows.values(), nodes, pending: [] })
        expect(again.acceptedDevices).toBe(capacity.acceptedDevices)
        for (const a of rows.values())
          for (const b of rows.values())
            if (a !== b && a.deviceId === b.deviceId)
              expect(a.toMs <= b.fromMs || b.toMs <= a.fromMs).toBe(true)
      }),
    )
  })
})
