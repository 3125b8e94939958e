import { describe, expect, it } from 'vitest'
import { isMetricName, isPlausible, metricDefinition } from '#schemas/metrics.ts'
import { slotAt } from '../../demo/fleet/jobs.ts'
import { buildLoad, defaultCollectors, type LoadDevice, type LoadShape } from './layout.ts'
import { createDeviceValues, VALUES_PER_ROW } from './values.ts'

const shape: LoadShape = { devices: 1003, collectors: 3, cluster: 'load', seed: 7 }
const T0 = Date.UTC(2026, 10, 20, 9, 0, 0)
const nodesOf = (given: LoadShape) => buildLoad(given).flatMap(({ nodes }) => nodes)
const devicesOf = (given: LoadShape) => nodesOf(given).flatMap(({ devices }) => devices)

describe('who is simulated', () => {
  it('there are exactly as many devices as asked for, each once, in nodes of 8', () => {
    const nodes = nodesOf(shape)
    const keys = new Set(devicesOf(shape).map(({ key }) => key))
    expect(keys.size).toBe(1003)
    expect(nodes.slice(0, -1).every(({ devices }) => devices.length === 8)).toBe(true)
    expect(nodes.at(-1)?.devices).toHaveLength(3)
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length)
  })

  it('collectors share the nodes evenly and none is left out', () => {
    const parts = buildLoad(shape)
    expect(parts.map(({ collector }) => collector)).toEqual(['load-01', 'load-02', 'load-03'])
    expect(parts.map(({ nodes }) => nodes.length)).toEqual([42, 42, 42])
  })

  it('one collector carries up to 6,250 devices by default', () => {
    expect([1, 6250, 6251, 50_000].map(defaultCollectors)).toEqual([1, 1, 2, 8])
  })

  it('models are mixed 3 : 2 : 2 : 1', () => {
    const models = Map.groupBy(devicesOf({ ...shape, devices: 2048 }), ({ spec }) => spec.model)
    const shares = Object.fromEntries([...models].map(([model, of]) => [model, of.length]))
    expect(shares).toEqual({
      'NVIDIA H100 80GB HBM3': 768,
      'NVIDIA H200': 512,
      'Ascend 910B3': 512,
      'Ascend 910C': 256,
    })
  })

  it('another cluster or seed has other devices', () => {
    const keys = (given: LoadShape) => new Set(devicesOf(given).map(({ key }) => key))
    const own = keys(shape)
    for (const other of [
      { ...shape, seed: 8 },
      { ...shape, cluster: 'load-b' },
    ])
      expect([...keys(other)].filter((key) => own.has(key))).toEqual([])
  })
})

describe('what they measure', () => {
  const [node] = nodesOf(shape)
  if (node === undefined) throw new Error('a load without nodes')
  /** Rows of a device at these seconds, at work for the job of the first node. */
  const measure = (seed: number, device: LoadDevice, seconds: readonly number[]) => {
    const values = createDeviceValues(seed, device)
    return seconds.map((second) => {
      const tickMs = T0 + second * 1000
      return values(tickMs, slotAt(node.slot, seed, tickMs))
    })
  }
  const ticks = Array.from({ length: 60 }, (_, i) => i)
  const everyModel = () => [
    ...new Map(devicesOf(shape).map((device) => [device.spec.model, device])).values(),
  ]

  it('the same seed gives the same values, another seed others', () => {
    const [device] = devicesOf(shape)
    if (device === undefined) throw new Error('no device')
    expect(measure(7, device, ticks)).toEqual(measure(7, device, ticks))
    expect(measure(7, device, ticks)).not.toEqual(measure(8, device, ticks))
  })

  it.each(everyModel().map((device) => [device.spec.model, device] as const))(
    '%s: 39 values of the catalogue, each inside its range',
    (_, device) => {
      for (const row of measure(7, device, ticks)) {
        const entries = Object.entries(row)
        expect(entries).toHaveLength(VALUES_PER_ROW - 1)
        for (const [name, value] of entries) {
          const definition = isMetricName(name) ? metricDefinition(name) : undefined
          const isFine =
            definition !== undefined && value !== null && isPlausible(definition, value)
          expect([name, value, isFine]).toEqual([name, value, true])
        }
      }
    },
  )

  it('counters never fall, and energy is power times time', () => {
    for (const device of everyModel()) {
      const rows = measure(7, device, ticks)
      for (const [i, row] of rows.entries())
        for (const [name, value] of Object.entries(row))
          if (name.endsWith('_total') && isMetricName(name))
            expect(value).toBeGreaterThanOrEqual(rows[i - 1]?.[name] ?? 0)
      const first = rows[0]?.energy_joules_total
      const last = rows.at(-1)?.energy_joules_total
      if (first == null || last == null) continue
      const watts = rows.slice(1).map(({ power_watts }) => power_watts ?? 0)
      expect(last - first).toBeCloseTo(
        watts.reduce((sum, one) => sum + one, 0),
        1,
      )
    }
  })

  it('values move: power of a device at work differs from second to second, but not wildly', () => {
    for (const device of everyModel()) {
      const watts = measure(7, device, ticks).map(({ power_watts }) => power_watts ?? 0)
      expect(Math.min(...watts)).toBeGreaterThan(2 * device.spec.idleWatts)
      expect(new Set(watts).size).toBeGreaterThan(20)
      expect(Math.max(...watts) - Math.min(...watts)).toBeLessThan(device.spec.maxWatts / 3)
    }
  })
})
