import { describe, expect, it } from 'vitest'
import type { PinChange } from './busy.ts'
import { reading } from './example-source.testing.ts'
import { createMerger, type DeviceRow } from './merge.ts'
import { T0, targetRead } from './read.testing.ts'
import { DEVICES_PER_TARGET } from './registry.ts'
import { toTarget } from './targets/target.ts'

function newMerger() {
  const changes: PinChange[] = []
  const merger = createMerger({
    config: {
      cluster: 'alpha',
      labels: { hall: 'default-hall', rack: '', pool: 'train' },
      nodeLabels: new Map([['n1', { rack: 'r01' }]]),
    },
    orderOf: (source) => ['a', 'b', 'slow'].indexOf(source),
    onPinChange: (_, __, change) => changes.push(change),
  })
  return { merger, changes }
}
const gpu = (uuid: string, more: object = {}) => reading({ keys: [`uuid:${uuid}`], ...more })
const busyOf = (rows: readonly DeviceRow[]) => rows.map((row) => row.metrics.busy_ratio)
const second = (n: number) => T0 + n * 1000

describe('one source', () => {
  it('gives one row per device and tick, placed by target, node label, then default', () => {
    const { merger } = newMerger()
    const target = toTarget('n1:9400', { hall: 'h9' }, 'me')
    const { rows } = merger.accept(
      targetRead(T0, [gpu('1', { metrics: { gpu_util_ratio: 0.5 } }), gpu('2')], { target }),
    )
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({ tickMs: T0, stepMs: 10_000, busySource: 2 })
    expect(rows[0]?.device).toMatchObject({
      keys: ['uuid:1'],
      node: 'n1',
      hall: 'h9',
      rack: 'r01',
      pool: 'train',
      sources: ['a'],
    })
    expect(busyOf(rows)).toEqual([0.5, null])
  })

  it('the device stays the same object until something about it changes', () => {
    const { merger } = newMerger()
    const at = (n: number, labels: Record<string, string>) =>
      merger.accept(targetRead(second(n), [gpu('1', { labels })])).rows[0]?.device
    const first = at(0, { driver: '1' })
    expect(at(10, { driver: '1' })).toBe(first)
    expect(at(20, { driver: '2' })).not.toBe(first)
  })

  it('values outside their range become null, are counted and shown', () => {
    const { merger } = newMerger()
    const metrics = {
      gpu_util_ratio: 42_949_672.95,
      temperature_celsius: 2_147_483_632,
      power_watts: Number.NaN,
      sm_active_ratio: -0.1,
      memory_used_bytes: 5,
    }
    const accepted = merger.accept(targetRead(T0, [gpu('1', { metrics })]))
    expect(accepted.rejected).toEqual({
      'range:gpu_util_ratio': 1,
      'range:temperature_celsius': 1,
      'range:power_watts': 1,
      'range:sm_active_ratio': 1,
    })
    expect(accepted.rows[0]?.metrics).toMatchObject({
      gpu_util_ratio: null,
      temperature_celsius: null,
      busy_ratio: null,
      memory_used_bytes: 5,
    })
    expect(accepted.examples[0]).toEqual({
      line: 'uuid:1 gpu_util_ratio 42949672.95',
      reason: 'range:gpu_util_ratio',
    })
  })

  it('names in other scripts, paths and SQL stay data; control characters go; sizes are bounded', () => {
    const { merger } = newMerger()
    const labels = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`label${i}`, 'x']))
    const model = "昇腾 910B'; DROP TABLE samples; -- ../../etc\u0007\n"
    const pod = 'train/№1"\u0000'
    const { rows } = merger.accept(
      targetRead(T0, [
        gpu('1', { model, labels, holder: { pod, tenant: '' }, bus: 'x'.repeat(999) }),
      ]),
    )
    expect(rows[0]?.device.model).toBe("昇腾 910B'; DROP TABLE samples; -- ../../etc")
    expect(rows[0]?.device.holder).toEqual({ pod: 'train/№1"' })
    expect(Object.keys(rows[0]?.device.labels ?? {})).toHaveLength(32)
    expect(rows[0]?.device.bus).toHaveLength(256)
  })

  it('a device without a usable key, or named twice, is refused and its neighbours are not', () => {
    const { merger } = newMerger()
    const { rows, rejected } = merger.accept(
      targetRead(T0, [gpu('1'), gpu('1'), reading({ keys: ['nonsense'] }), gpu('2'), gpu('2')]),
    )
    expect(rows.map((row) => row.device.keys[0])).toEqual(['uuid:1', 'uuid:2'])
    expect(rejected).toEqual({ duplicate_device: 2, no_identity: 1 })
  })

  it('a page that invents devices without end is cut off', () => {
    const { merger } = newMerger()
    let refused = 0
    for (let n = 0; n < 20; n++) {
      const devices = Array.from({ length: 100 }, (_, i) => gpu(`${n}-${i}`))
      refused += merger.accept(targetRead(second(n * 10), devices)).rejected.device_limit ?? 0
    }
    expect(merger.deviceCount()).toBe(DEVICES_PER_TARGET)
    expect(refused).toBe(2000 - DEVICES_PER_TARGET)
  })

  it('a tick is never written twice, and time that was set back starts over', () => {
    const { merger } = newMerger()
    merger.accept(targetRead(second(10), [gpu('1')]))
    expect(merger.accept(targetRead(second(10), [gpu('1')])).rows).toEqual([])
    merger.rewind(-10_000)
    expect(merger.accept(targetRead(T0, [gpu('1')])).rows).toHaveLength(1)
  })

  it('a slot key gets its node, and a later, stronger key does not change the canonical one', () => {
    const { merger } = newMerger()
    const slot = 'slot:0000:c1:00.0/0'
    const bus = '0000:c1:00.0'
    const first = merger.accept(targetRead(T0, [reading({ keys: [slot], bus })])).rows[0]
    expect(first?.device.keys).toEqual(['slot:n1/0000:c1:00.0/0'])
    const later = merger.accept(targetRead(second(10), [reading({ keys: ['vdie:7'], bus })]))
      .rows[0]
    expect(later?.device.keys).toEqual(['slot:n1/0000:c1:00.0/0', 'vdie:7'])
    expect(merger.deviceCount()).toBe(1)
  })

  it('another identity at the same place replaces the device that was there', () => {
    const { merger } = newMerger()
    const bus = '0000:c1:00.0'
    merger.accept(targetRead(T0, [gpu('old', { bus })]))
    const swapped = merger.accept(targetRead(second(10), [gpu('new', { bus })]))
    expect(swapped.replaced).toEqual(['uuid:old'])
    expect(swapped.rows[0]?.device.keys).toEqual(['uuid:new'])
  })

  it('targets that call themselves by one name do not push each other out', () => {
    const { merger } = newMerger()
    const bus = '0000:c1:00.0'
    for (let n = 0; n < 50; n += 10)
      for (const host of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
        const device = reading({ keys: [`uuid:${host}`], bus, node: 'clone' })
        const target = toTarget(`${host}:9400`, {}, 'me')
        const { rows, replaced } = merger.accept(targetRead(second(n), [device], { target }))
        expect([rows.length, replaced.length]).toEqual([1, 0])
      }
    expect(merger.deviceCount()).toBe(3)
  })

  it('two dies that print one bus address stay two devices, in any order', () => {
    const { merger } = newMerger()
    const dies = ['d1', 'd2'].map((die) => reading({ keys: [`vdie:${die}`], bus: '0000:c1:00.0' }))
    merger.accept(targetRead(T0, dies))
    const again = merger.accept(targetRead(second(10), dies.toReversed()))
    expect(again.replaced).toEqual([])
    expect(again.rows).toHaveLength(2)
    expect(merger.deviceCount()).toBe(2)
  })
})

describe('several sources of one device', () => {
  const a = (n: number, metrics: object) => targetRead(second(n), [gpu('1', { metrics })])
  const b = (n: number, metrics: object, said = {}) =>
    targetRead(second(n), [gpu('1', { metrics })], { source: 'b', said })

  it('become one row per tick: the first source is believed, holes are filled by the next', () => {
    const { merger } = newMerger()
    expect(merger.accept(a(0, { power_watts: 300, temperature_celsius: null })).rows).toHaveLength(
      1,
    )
    expect(merger.accept(b(0, { power_watts: 1 })).rows).toEqual([])
    expect(merger.accept(b(10, { power_watts: 1, temperature_celsius: 60 })).rows).toEqual([])
    const { rows } = merger.accept(a(10, { power_watts: 301, temperature_celsius: null }))
    expect(rows).toHaveLength(1)
    expect(rows[0]?.metrics).toMatchObject({ power_watts: 301, temperature_celsius: 60 })
    expect(rows[0]?.device.sources).toEqual(['a', 'b'])
  })

  it('over an hour with two sources there is exactly one row per cell', () => {
    const { merger } = newMerger()
    const ticks: number[] = []
    for (let n = 0; n < 3600; n += 10) {
      const reads = n % 20 === 0 ? [a(n, {}), b(n, {})] : [b(n, {}), a(n, {})]
      for (const read of reads) ticks.push(...merger.accept(read).rows.map((row) => row.tickMs))
    }
    expect(new Set(ticks).size).toBe(ticks.length)
    expect(ticks).toHaveLength(360)
  })

  it('a source that hangs holds a row for half a second, not longer', () => {
    const { merger } = newMerger()
    merger.accept(a(0, {}))
    merger.accept(b(0, {}))
    merger.accept(a(10, { power_watts: 300 }))
    const dueMs = merger.nextDueMs() ?? 0
    expect(dueMs - second(10)).toBe(800)
    expect(merger.release(dueMs - 1)).toEqual([])
    expect(merger.release(dueMs)).toMatchObject([
      { tickMs: second(10), metrics: { power_watts: 300 } },
    ])
    expect(merger.nextDueMs()).toBeNull()
  })

  it('a source that fails releases the row at once, and without it the other goes on alone', () => {
    const { merger } = newMerger()
    merger.accept(a(0, {}))
    merger.accept(b(0, {}))
    expect(merger.accept(a(10, {})).rows).toEqual([])
    const failed = targetRead(second(10), [], { source: 'b', said: { outcome: 'failed' } })
    expect(merger.accept(failed).rows).toHaveLength(1)
    for (let n = 20; n < 60; n += 10) {
      merger.accept(targetRead(second(n), [], { source: 'b', said: { outcome: 'failed' } }))
      expect(merger.accept(a(n, {})).rows).toHaveLength(1)
    }
  })

  it('a held row is written before the next tick even if nobody released it', () => {
    const { merger } = newMerger()
    merger.accept(a(0, {}))
    merger.accept(b(0, {}))
    merger.accept(a(10, { power_watts: 1 }))
    const next = merger.accept(a(20, { power_watts: 2 }))
    expect(next.rows).toMatchObject([{ tickMs: second(10), metrics: { power_watts: 1 } }])
  })

  it('a slow source speaks for two of its intervals and never makes rows of its own', () => {
    const { merger } = newMerger()
    const slow = (n: number, metrics: object) =>
      targetRead(second(n), [gpu('1', { metrics })], { source: 'slow', intervalMs: 60_000 })
    merger.accept(a(0, {}))
    expect(merger.accept(slow(0, { health_code: 2 })).rows).toEqual([])
    const health = (n: number) => merger.accept(a(n, {})).rows[0]?.metrics.health_code ?? null
    expect([10, 60, 110].map(health)).toEqual([2, 2, 2])
    expect(health(120)).toBeNull()
  })

  it('when the fast source is gone the slow one makes the rows', () => {
    const { merger } = newMerger()
    const slow = (n: number) =>
      targetRead(second(n), [gpu('1')], { source: 'slow', intervalMs: 60_000 })
    merger.accept(a(0, {}))
    merger.accept(slow(0))
    expect(merger.accept(slow(60)).rows).toMatchObject([{ stepMs: 60_000, tickMs: second(60) }])
  })

  it('one exporter listed under two names does not count twice', () => {
    const { merger } = newMerger()
    const other = toTarget('10.0.0.1:9400', {}, 'me')
    merger.accept(a(0, { power_watts: 1 }))
    const twice = merger.accept(targetRead(T0, [gpu('1')], { target: other }))
    expect(twice.rows).toEqual([])
    expect(twice.rejected).toEqual({ duplicate_device: 1 })
    merger.forgetTarget('a http://n1:9400/metrics')
    expect(merger.accept(targetRead(second(10), [gpu('1')], { target: other })).rows).toHaveLength(
      1,
    )
  })

  it('a tool without UUIDs finds the device by node and bus address', () => {
    const { merger } = newMerger()
    merger.accept(targetRead(T0, [gpu('1', { bus: '00000000:53:00.0' })]))
    merger.accept(
      targetRead(T0, [reading({ keys: ['serial:9'], bus: '0000:53:00.0' })], { source: 'b' }),
    )
    expect(merger.deviceCount()).toBe(1)
  })

  it('a change of the busy source is told', () => {
    const { merger, changes } = newMerger()
    for (let n = 0; n < 300; n += 10)
      merger.accept(
        a(n, { gpu_util_ratio: 0.5, ...(n >= 60 ? { gr_engine_active_ratio: 0.4 } : {}) }),
      )
    expect(changes).toEqual([{ from: 'gpu_util', to: 'gr_engine_active' }])
  })
})
