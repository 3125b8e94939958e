import { describe, expect, it } from 'vitest'
import type { MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import { createMerger, type DeviceRow } from './merge.ts'
import {
  MASKED,
  MODEL,
  readAll,
  type Tool,
  TOOLS,
  uuidOf,
  WATTS,
  type World,
} from './nvidia-node.testing.ts'
import { T0, targetRead } from './read.testing.ts'
import { toTarget } from './targets/target.ts'

function newNode(order: readonly Tool[]) {
  const merger = createMerger({
    config: { cluster: 'alpha', labels: { hall: '', rack: '', pool: '' }, nodeLabels: new Map() },
    orderOf: (source) => order.findIndex((tool) => tool === source),
    onPinChange: () => undefined,
  })
  /** The rows that one answer of each of these tools gives at a tick, in the order in which they come. */
  const rowsAt = (
    tickMs: number,
    said: Readonly<Record<Tool, Interpretation>>,
    arrival: readonly (readonly [tool: Tool, intervalMs: number])[],
  ): DeviceRow[] => {
    const rows = arrival.flatMap(([tool, intervalMs]) => {
      const { devices } = said[tool]
      const target = toTarget(`${tool}.local:1`, { node: 'n1' }, 'n1')
      const accepted = merger.accept(
        targetRead(tickMs, devices, { source: tool, target, intervalMs }),
      )
      expect([tool, accepted.rejected]).toEqual([tool, {}])
      return accepted.rows
    })
    return [...rows, ...merger.release(tickMs + 999)]
  }
  return { merger, rowsAt }
}

const keysOf = (rows: readonly DeviceRow[]) =>
  rows.flatMap(({ device }) => device.keys.slice(0, 1)).sort()
const every = (intervalMs: number, ...tools: readonly Tool[]) =>
  tools.map((tool) => [tool, intervalMs] as const)
const rowOf = (rows: readonly DeviceRow[], key: string) =>
  rows.find(({ device }) => device.keys.includes(key))

const WORLD: World = { uuids: [0, 1, 2].map(uuidOf) }
const DEVICES = [
  `uuid:${uuidOf(0)}`,
  `uuid:${uuidOf(1)}`,
  `uuid:${uuidOf(1)}/gi2`,
  `uuid:${uuidOf(1)}/gi9`,
  `uuid:${uuidOf(2)}`,
]
const ORDERS: readonly (readonly Tool[])[] = [
  ['dcgm-exporter', 'dcgmi-dmon', 'nvidia-smi'],
  ['dcgm-exporter', 'nvidia-smi', 'dcgmi-dmon'],
  ['dcgmi-dmon', 'dcgm-exporter', 'nvidia-smi'],
  ['dcgmi-dmon', 'nvidia-smi', 'dcgm-exporter'],
  ['nvidia-smi', 'dcgm-exporter', 'dcgmi-dmon'],
  ['nvidia-smi', 'dcgmi-dmon', 'dcgm-exporter'],
]

describe('three tools that see the same devices', () => {
  it('name boards and MIG instances by equal keys, with equal parents', async () => {
    const said = await readAll(WORLD)
    for (const tool of TOOLS) {
      const { devices } = said[tool]
      expect([tool, devices.flatMap(({ keys }) => keys.slice(0, 1)).sort()]).toEqual([
        tool,
        DEVICES,
      ])
      const places = devices.flatMap(({ keys }) => keys.filter((key) => key.startsWith('slot:')))
      expect([tool, places.sort()]).toEqual([
        tool,
        ['slot:0000:1b:00.0/0', 'slot:0000:2c:00.0/1', 'slot:0000:da:00.0/2'],
      ])
      for (const device of devices.filter(({ partition }) => partition !== null))
        expect([tool, device.parent]).toEqual([tool, `uuid:${uuidOf(1)}`])
    }
  })

  it('give exactly one row per device and tick, whoever answers first and whoever is believed', async () => {
    const said = await readAll(WORLD)
    for (const order of ORDERS)
      for (const arrival of ORDERS) {
        const { merger, rowsAt } = newNode(order)
        for (let tick = 0; tick < 4; tick += 1) {
          const rows = rowsAt(T0 + tick * 15_000, said, every(15_000, ...arrival))
          // At the first tick nobody knows yet that others will speak for the same devices.
          expect([order, arrival, tick, keysOf(rows)]).toEqual([order, arrival, tick, DEVICES])
        }
        expect(merger.deviceCount()).toBe(DEVICES.length)
      }
  })

  it('each metric is that of the first tool that has it', async () => {
    const said = await readAll(WORLD)
    for (const order of ORDERS) {
      const { rowsAt } = newNode(order)
      rowsAt(T0, said, every(15_000, ...order))
      const rows = rowsAt(T0 + 15_000, said, every(15_000, ...order))
      for (const key of DEVICES) expectFirst(rowOf(rows, key), key, order, said)
      expect(rowOf(rows, DEVICES[0] ?? '')?.metrics.power_watts).toBe(
        WATTS[order[0] ?? 'nvidia-smi'],
      )
      // dmon knows no profile: who is believed first must not hide what the others know.
      expect(rowOf(rows, DEVICES[2] ?? '')?.device.partition).toEqual({
        id: '2',
        profile: '3g.40gb',
        share: 3 / 7,
      })
    }
  })

  it('what only one of them has is there: SM activity, energy, limits, processes, MIG profiles', async () => {
    const said = await readAll(WORLD)
    const { rowsAt } = newNode(TOOLS)
    rowsAt(T0, said, every(15_000, ...TOOLS))
    const rows = rowsAt(T0 + 15_000, said, every(15_000, ...TOOLS))
    expect(rowOf(rows, DEVICES[0] ?? '')).toMatchObject({
      device: {
        model: MODEL,
        node: 'n1',
        index: 0,
        bus: '0000:1b:00.0',
        parent: null,
        sources: [...TOOLS],
        labels: { serial: '1652023000000', cuda_version: '13.2', driver_version: '590.48.01' },
      },
      metrics: {
        power_watts: 400,
        sm_active_ratio: 0.4,
        energy_joules_total: 7000,
        power_limit_watts: 650,
        temperature_margin_celsius: 30,
        throttle_power_seconds_total: 1.5,
        clock_event_reasons: 4,
        process_count: 0,
      },
    })
    expect(rowOf(rows, DEVICES[2] ?? '')).toMatchObject({
      device: {
        parent: DEVICES[1],
        index: null,
        bus: null,
        partition: { id: '2', profile: '3g.40gb', share: 3 / 7 },
      },
      metrics: { gr_engine_active_ratio: 0.75, sm_active_ratio: 0.4, process_count: 0 },
    })
    // Board power stands on the board alone, however many instances repeat it.
    const watts = rows.reduce((sum, { metrics }) => sum + (metrics.power_watts ?? 0), 0)
    expect(watts).toBe(3 * 400)
  })

  it('a tool that is faster gives a row each second; the slower ones fill it and add none', async () => {
    const said = await readAll(WORLD)
    const { merger, rowsAt } = newNode(TOOLS)
    const seen = new Map<string, number>()
    for (let second = 0; second < 45; second += 1) {
      const slow = second % 15 === 0 ? every(15_000, 'nvidia-smi', 'dcgm-exporter') : []
      for (const { device, tickMs } of rowsAt(T0 + second * 1000, said, [
        ...every(1000, 'dcgmi-dmon'),
        ...slow,
      ])) {
        const id = `${device.keys[0]} ${tickMs}`
        seen.set(id, (seen.get(id) ?? 0) + 1)
      }
    }
    expect(merger.deviceCount()).toBe(DEVICES.length)
    expect(Math.max(...seen.values())).toBe(1)
    expect(seen.size).toBe(45 * DEVICES.length)
  })

  it('whose UUID is masked are told apart by place, the same for all three', async () => {
    const world: World = { uuids: [uuidOf(0), uuidOf(1), MASKED] }
    const said = await readAll(world)
    const place = 'slot:0000:da:00.0/2'
    for (const tool of TOOLS)
      expect([tool, said[tool].devices.map(({ keys }) => keys[0])]).toEqual([
        tool,
        expect.arrayContaining([place]),
      ])
    const { merger, rowsAt } = newNode(TOOLS)
    const rows = rowsAt(T0, said, every(15_000, ...TOOLS))
    expect(keysOf(rows)).toHaveLength(DEVICES.length)
    expect(merger.deviceCount()).toBe(DEVICES.length)
  })

  it.each([
    ['masked', [uuidOf(0), MASKED, uuidOf(2)]],
    ['the same on two boards', [uuidOf(0), uuidOf(0), uuidOf(2)]],
  ])('whose UUID is %s keep their MIG instances on their own board', async (_, uuids) => {
    const said = await readAll({ uuids })
    const board = 'slot:0000:2c:00.0/1'
    for (const tool of TOOLS) {
      const slices = said[tool].devices.filter(({ partition }) => partition !== null)
      expect([tool, slices.map(({ keys, parent }) => [keys[0], parent])]).toEqual([
        tool,
        [
          [`${board}/gi2`, board],
          [`${board}/gi9`, board],
        ],
      ])
    }
    const { merger, rowsAt } = newNode(TOOLS)
    expect(keysOf(rowsAt(T0, said, every(15_000, ...TOOLS)))).toHaveLength(DEVICES.length)
    expect(merger.deviceCount()).toBe(DEVICES.length)
  })

  it('a model that one of them cannot name is named by the next', async () => {
    const said = await readAll(WORLD)
    const nameless = said['dcgmi-dmon'].devices.map((device) => ({ ...device, model: 'unknown' }))
    const { rowsAt } = newNode(['dcgmi-dmon', 'dcgm-exporter', 'nvidia-smi'])
    const tools = { ...said, 'dcgmi-dmon': { ...said['dcgmi-dmon'], devices: nameless } }
    const [first] = rowsAt(T0, tools, every(15_000, 'dcgmi-dmon'))
    expect(first?.device.model).toBe('unknown')
    const rows = rowsAt(T0 + 15_000, tools, every(15_000, ...TOOLS))
    expect(new Set(rows.map(({ device }) => device.model))).toEqual(new Set([MODEL]))
  })

  it('a counter never jumps between tools: the one that had it keeps it for three minutes of silence', async () => {
    const said = await readAll(WORLD)
    const withEnergy = (tool: Tool, joules: number) => ({
      ...said[tool],
      devices: said[tool].devices.map((device) =>
        device.partition === null
          ? { ...device, metrics: { ...device.metrics, energy_joules_total: joules } }
          : device,
      ),
    })
    const tools = {
      ...said,
      'dcgm-exporter': withEnergy('dcgm-exporter', 5000),
      'dcgmi-dmon': withEnergy('dcgmi-dmon', 9000),
    }
    const { rowsAt } = newNode(TOOLS)
    rowsAt(T0, tools, every(15_000, ...TOOLS))
    const energy = Array.from({ length: 16 }, (_, tick) => {
      const here = tick === 0 || tick === 2 ? TOOLS : TOOLS.slice(1)
      const rows = rowsAt(T0 + (tick + 1) * 15_000, tools, every(15_000, ...here))
      return rowOf(rows, DEVICES[0] ?? '')?.metrics.energy_joules_total ?? null
    })
    // The exporter misses the second read, and is gone after the third: three minutes later dmon takes over.
    expect(energy.slice(0, 3)).toEqual([5000, null, 5000])
    expect(new Set(energy.slice(3, 14))).toEqual(new Set([null]))
    expect(energy.slice(14)).toEqual([9000, 9000])
  })

  it('a tool that stays away leaves the rows of the others', async () => {
    const said = await readAll(WORLD)
    const { rowsAt } = newNode(TOOLS)
    rowsAt(T0, said, every(15_000, ...TOOLS))
    for (let tick = 1; tick < 5; tick += 1) {
      const rows = rowsAt(T0 + tick * 15_000, said, every(15_000, 'dcgmi-dmon', 'nvidia-smi'))
      expect(keysOf(rows)).toEqual(DEVICES)
      expect(rowOf(rows, DEVICES[0] ?? '')?.metrics.power_watts).toBe(401)
    }
  })
})

function expectFirst(
  row: DeviceRow | undefined,
  key: string,
  order: readonly Tool[],
  said: Readonly<Record<Tool, Interpretation>>,
): void {
  const parts = order.flatMap((tool) => said[tool].devices.filter(({ keys }) => keys[0] === key))
  expect(parts).toHaveLength(3)
  const names = new Set(parts.flatMap(({ metrics }) => Object.keys(metrics)))
  const expected = Object.fromEntries(
    [...names].map((name) => [name, firstValue(parts, name)] as const),
  )
  expect([key, row?.metrics]).toEqual([key, { ...expected, busy_ratio: row?.metrics.busy_ratio }])
}

function firstValue(parts: readonly DeviceReading[], name: string): number | null {
  const has = (metrics: MetricValues) =>
    Object.entries(metrics).find(([each, value]) => each === name && typeof value === 'number')
  for (const { metrics } of parts) {
    const found = has(metrics)
    if (found !== undefined) return found[1] ?? null
  }
  return null
}
