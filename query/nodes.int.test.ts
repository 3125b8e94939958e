import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CollectionAnswer } from '#schemas/api.ts'
import { CoverageAnswer, NodeDetail } from '#schemas/api-nodes.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { collectionHealth } from './collection.ts'
import { coverageMatrix } from './coverage.ts'
import { deviceDetail } from './devices.ts'
import { fleetDeps } from './fleet.ts'
import { readNodeSeries } from './node-series.ts'
import { nodeDetail } from './nodes.ts'
import { seedInventory, seedRows, seedSamples } from './seed.testing.ts'
import { MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const now = T0 + 10 * MINUTE_MS
const HOUR = 60 * MINUTE_MS

let engine: TestEngine
const deps = () =>
  fleetDeps({ reader: engine.reader, clock: () => now, timeZone: 'UTC', simulated: true })
const at = (ms: number) => new Date(ms).toISOString()
const target = (name: string, columns: Record<string, unknown> = {}) => ({
  cluster: 'east',
  collector: 'k1',
  source: 'dcgm-exporter',
  target: `http://${name}`,
  node: name,
  at: at(now - 5000),
  outcome: 'ok',
  reason: '',
  detail: '',
  since: at(T0),
  last_ok: at(now - 5000),
  interval_ms: 10_000,
  duration_ms: 1.5,
  bytes: 1000,
  devices: 8,
  readings: 100,
  rejected: {},
  examples: '[]',
  simulated: 1,
  fields: { power_watts: 8, busy_ratio: 4 },
  missing: [],
  vanished: '[]',
  tool: {},
  ...columns,
})
const fact = (ms: number, name: string, value: string, device = 0) => ({
  cluster: 'east',
  node: 'n1',
  device_id: device,
  name,
  value,
  at: at(ms),
  source: 'dcgm-exporter',
  log_position: 1,
})
const node = (ms: number, metric: string, value: number) => ({
  ts: at(ms),
  cluster: 'east',
  node: 'n1',
  metric,
  step_ms: 60_000,
  log_position: 1,
  value,
})
const link = (ms: number, name: string, metric: string, value: number, device = 0) => ({
  ...node(ms, metric, value),
  device_id: device,
  link: name,
})

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  await seedInventory(store, [
    { id: 1, sinceMs: T0, index: 0 },
    { id: 2, sinceMs: T0, index: 1, dims: { model: 'H200' } },
    { id: 3, sinceMs: T0, index: 0, dims: { cluster: 'west' } },
  ])
  await seedSamples(store, [
    { tsMs: now - 5000, id: 1, busy_ratio: 0.3, power_watts: 400 },
    { tsMs: now - 5000, id: 2, busy_ratio: 0.9 },
  ])
  await seedRows(store, 'collection_targets', [
    target('n1', {
      missing: ['energy_joules_total'],
      vanished: JSON.stringify([{ metric: 'fan_ratio', last_ms: T0, version: '4.8' }]),
      tool: { exporter_version: '4.9' },
    }),
    target('n2', { fields: { power_watts: 8 } }),
    target('n3', { outcome: 'failed', reason: 'timeout' }),
    target('n4', { source: 'npu-smi', fields: { aicore_ratio: 8 }, rejected: { cut: 3 } }),
    target('n5', { at: at(now - HOUR), vanished: 'damaged' }),
    target('list', { interval_ms: 0, source: 'list' }),
  ])
  await seedRows(store, 'node_facts', [
    fact(T0 - 5 * HOUR, 'driver_version', '570'),
    // Said again by a restarted collector: no change.
    fact(T0 - 4 * HOUR, 'driver_version', '570'),
    fact(T0 - 2 * HOUR, 'driver_version', '580'),
    fact(T0 - 5 * HOUR, 'vbios_version', '96'),
    // The devices differ from here on: the fact of the node ends.
    fact(T0 - HOUR, 'vbios_version', ''),
    fact(T0 - HOUR, 'vbios_version', '97', 1),
    { ...fact(T0, 'driver_version', 'other'), node: 'n2' },
  ])
  await seedRows(
    store,
    'samples_node',
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [
      node(T0 + n * MINUTE_MS, 'load_1m', n),
      node(T0 + n * MINUTE_MS, 'disk_read_bytes_total', n * 6000),
    ]),
  )
  await seedRows(store, 'samples_node', [node(T0 + 2 * MINUTE_MS, 'mounts_stale', 1)])
  await seedRows(store, 'samples_link', [
    ...[0, 1, 2, 3].map((n) => link(T0 + (6 + n) * MINUTE_MS, 'mlx5_0/1', 'link_up', n % 2)),
    // 5 -> 7, a restart that counts 1, then 2 more.
    ...[5, 7, 1, 3].map((value, n) =>
      link(T0 + (6 + n) * MINUTE_MS, 'mlx5_0/1', 'link_downs_total', value),
    ),
    link(T0 + 9 * MINUTE_MS, 'nvlink/0', 'link_up', 1, 1),
    link(T0 + 9 * MINUTE_MS, 'nvlink/0', 'link_up', 1, 2),
    { ...link(T0 + 9 * MINUTE_MS, 'mlx5_0/1', 'link_up', 0), node: 'n2' },
  ])
})
afterAll(() => engine.stop())

describe('a node', () => {
  test('shows its facts with their dates, repeats left out, ended ones closed', async () => {
    const { facts } = NodeDetail.parse(await nodeDetail(deps(), 'n1', 'east'))
    expect(
      facts.map(({ device_id, name, value, from, until }) => [device_id, name, value, from, until]),
    ).toEqual([
      ['1', 'vbios_version', '97', at(T0 - HOUR), null],
      [null, 'driver_version', '580', at(T0 - 2 * HOUR), null],
      [null, 'driver_version', '570', at(T0 - 5 * HOUR), at(T0 - 2 * HOUR)],
      [null, 'vbios_version', '96', at(T0 - 5 * HOUR), at(T0 - HOUR)],
    ])
  })

  test('shows its latest values; what is older than three intervals is not the present', async () => {
    const { latest, targets, devices, devices_total } = await nodeDetail(deps(), 'n1', 'east')
    expect(latest).toEqual({
      load_1m: { value: 9, per_second: null, at: at(T0 + 9 * MINUTE_MS) },
      disk_read_bytes_total: { value: 54_000, per_second: 100, at: at(T0 + 9 * MINUTE_MS) },
    })
    expect(targets.map((one) => one.target)).toEqual(['http://n1'])
    expect([devices.map(({ device_id }) => device_id), devices_total]).toEqual([['1', '2'], 2])
  })

  test('its ports and the links of its devices carry what their counters rose by; a restart counts from zero', async () => {
    const { links } = await nodeDetail(deps(), 'n1', 'east')
    expect(links.map(({ device_id, link: name }) => [device_id, name])).toEqual([
      [null, 'mlx5_0/1'],
      ['1', 'nvlink/0'],
      ['2', 'nvlink/0'],
    ])
    expect(links[0]).toMatchObject({
      latest: { link_up: 1, link_downs_total: 3 },
      increase_24h: { link_downs_total: 5 },
    })
    expect(links[0]?.per_second['link_downs_total']).toBeCloseTo(2 / 60, 9)
  })

  test('of two clusters with a node of this name one is picked, and all are named', async () => {
    const west = await nodeDetail(deps(), 'n1', 'west')
    expect(west).toMatchObject({ cluster: 'west', clusters: ['east', 'west'], facts: [] })
    expect(await nodeDetail(deps(), 'n1', undefined)).toMatchObject({ cluster: 'east' })
    for (const [name, cluster] of [
      ['nope', undefined],
      ["n1' OR 1=1", undefined],
      ['n2', 'west'],
    ] as const)
      await expect(nodeDetail(deps(), name, cluster)).rejects.toMatchObject({
        code: 'E_NODE_UNKNOWN',
      })
  })

  test('series: a gauge by its settle rule, a counter per second, a link apart from others of its name', async () => {
    const window = { from: String(T0), to: String(T0 + 4 * MINUTE_MS), points: 300 }
    const { groups } = await readNodeSeries(deps(), 'n1', {
      ...window,
      metrics: 'load_1m,disk_read_bytes_total',
    })
    expect(groups[0]).toMatchObject({ unit: 'count', values: [0, 1, 2, 3] })
    expect(groups[1]).toMatchObject({ unit: 'bytes_per_second', values: [100, 100, 100, 100] })
    const ports = await readNodeSeries(deps(), 'n1', {
      from: String(T0 + 6 * MINUTE_MS),
      to: String(T0 + 10 * MINUTE_MS),
      points: 300,
      metrics: 'link_up,link_downs_total',
      link: 'mlx5_0/1',
    })
    expect(ports.groups[0]?.values).toEqual([0, 1, 0, 1])
    expect(ports.groups[1]?.values[1]).toBeCloseTo(1 / 60, 9)
    await expect(
      readNodeSeries(deps(), 'n1', { ...window, metrics: 'link_up' }),
    ).rejects.toMatchObject({ code: 'E_METRIC_UNKNOWN' })
  })

  test('a device shows the facts of its node beside its own, and its own links only', async () => {
    const detail = await deviceDetail(deps(), '1')
    expect(detail.facts.map(({ device_id, value }) => [device_id, value])).toEqual([
      ['1', '97'],
      [null, '580'],
      [null, '570'],
      [null, '96'],
    ])
    expect(detail.links.map(({ device_id, link: name }) => [device_id, name])).toEqual([
      ['1', 'nvlink/0'],
    ])
    expect((await deviceDetail(deps(), '2')).facts.map(({ value }) => value)).not.toContain('97')
  })
})

describe('collection', () => {
  const ask = async (more: object = {}) =>
    CollectionAnswer.parse(
      await collectionHealth(
        { ...deps(), pipeline: () => null },
        { filters: [], q: '', troubled: false, limit: 100, ...more },
      ),
    )
  const names = async (more: object) => (await ask(more)).targets.map(({ node: name }) => name)

  test('a target says what it gives, lacks and lost; damaged lists are left out', async () => {
    const { targets } = await ask({ filters: ['node:in:n1,n5'] })
    expect(targets.find(({ node: name }) => name === 'n1')).toMatchObject({
      fields: { power_watts: 8, busy_ratio: 4 },
      missing: ['energy_joules_total'],
      vanished: [{ metric: 'fan_ratio', last: at(T0), version: '4.8' }],
      tool: { exporter_version: '4.9' },
    })
    expect(targets.find(({ node: name }) => name === 'n5')?.vanished).toEqual([])
  })

  test('filters, search and troubles narrow the page and its total, not the totals', async () => {
    expect(await names({ filters: ['outcome:eq:failed'] })).toEqual(['n3'])
    expect(await names({ filters: ['outcome:eq:stale'] })).toEqual(['n5'])
    expect(await names({ filters: ['source:eq:npu-smi'] })).toEqual(['n4'])
    expect(await names({ q: 'N2' })).toEqual(['n2'])
    expect(await names({ q: "' OR 1=1" })).toEqual([])
    expect((await names({ troubled: true })).sort()).toEqual(['n1', 'n3', 'n4', 'n5'])
    const { total, totals } = await ask({ filters: ['outcome:eq:failed'] })
    expect([total, totals.targets]).toEqual([1, 6])
    for (const filter of ['hall:eq:x', 'node:ne:x', 'node', 'outcome:eq:fine', 'node:eq'])
      await expect(ask({ filters: [filter] })).rejects.toMatchObject({ code: 'E_FILTER_INVALID' })
  })

  test('groups count targets by source and node, troubles first', async () => {
    const { groups } = await ask({ groupBy: 'source' })
    expect(groups[0]).toEqual({
      key: { source: 'dcgm-exporter' },
      targets: 4,
      ok: 2,
      absent: 0,
      failed: 1,
      stale: 1,
      devices: 16,
      rejected: 0,
      with_missing: 1,
      with_vanished: 2,
    })
    expect((await ask({ groupBy: 'source,node' })).groups).toHaveLength(6)
    await expect(ask({ groupBy: 'model' })).rejects.toMatchObject({ code: 'E_FILTER_INVALID' })
  })
})

describe('the coverage matrix', () => {
  const ask = async (groupBy: 'source' | 'model' | 'node', more: object = {}) =>
    CoverageAnswer.parse(
      await coverageMatrix(deps(), { groupBy, filters: [], limit: 100, ...more }),
    )

  test('by source: how many targets and devices give a metric, of those that answer', async () => {
    const { groups, metrics } = await ask('source')
    expect(groups).toEqual([
      {
        key: { source: 'dcgm-exporter' },
        targets: 2,
        silent_targets: 2,
        devices: 16,
        metrics: {
          busy_ratio: { devices: 4, targets: 1, missing: 0, vanished: 0 },
          power_watts: { devices: 16, targets: 2, missing: 0, vanished: 0 },
          energy_joules_total: { devices: 0, targets: 0, missing: 1, vanished: 0 },
          fan_ratio: { devices: 0, targets: 0, missing: 0, vanished: 1 },
        },
      },
      {
        key: { source: 'npu-smi' },
        targets: 1,
        silent_targets: 0,
        devices: 8,
        metrics: { aicore_ratio: { devices: 8, targets: 1, missing: 0, vanished: 0 } },
      },
    ])
    expect(metrics.map(({ name }) => name)).toEqual([
      'busy_ratio',
      'aicore_ratio',
      'power_watts',
      'energy_joules_total',
      'fan_ratio',
    ])
  })

  test('by node it is paged; by model it comes from samples', async () => {
    const first = await ask('node', { limit: 3 })
    expect(first.groups.map(({ key }) => key['node'])).toEqual(['n1', 'n2', 'n3'])
    const second = await ask('node', { limit: 3, cursor: first.next_cursor })
    expect(second.groups.map(({ key }) => key['node'])).toEqual(['n4', 'n5'])
    expect(second.next_cursor).toBeNull()
    const { groups } = await ask('model')
    expect(
      groups.map(({ key, devices, metrics }) => [key['model'], devices, Object.keys(metrics)]),
    ).toEqual([
      ['H100', 1, ['busy_ratio', 'power_watts']],
      ['H200', 1, ['busy_ratio']],
    ])
  })
})
