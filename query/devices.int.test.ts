import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { collectionHealth } from './collection.ts'
import { readDeviceSeries } from './device-series.ts'
import { deviceDetail, listDeviceEvents, listDevices } from './devices.ts'
import { createLiveHub } from './live.ts'
import { fleetDeps } from './fleet.ts'
import { seedInventory, seedRows, seedSamples } from './seed.testing.ts'
import { MINUTE_MS } from './window.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const now = T0 + 5 * MINUTE_MS
const BIG_ID = 2 ** 53

let engine: TestEngine
const deps = () =>
  fleetDeps({
    reader: engine.reader,
    clock: () => now,
    timeZone: 'UTC',
    simulated: true,
  })
const asked = {
  filters: [],
  q: '',
  sort: 'cluster',
  partitions: false,
  limit: 100,
}

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  await seedInventory(store, [
    { id: 1, sinceMs: T0, index: 0, dims: { tenant: 'team-a', job: 'train-7' } },
    { id: 2, sinceMs: T0, index: 1, dims: { model: 'H200' } },
    { id: 3, sinceMs: T0, index: 2, acceptedMs: null, dims: { node: 'n2' } },
    { id: 4, sinceMs: T0, index: 3, dims: { node: "n3'; DROP TABLE devices" } },
    { id: 5, sinceMs: T0, index: 0, acceptedMs: null, parentId: 1 },
    { id: 6, sinceMs: T0, index: 6, dims: { node: 'n9' } },
    { id: BIG_ID, sinceMs: T0, index: 5, dims: { cluster: 'west' } },
  ])
  // A later description of the same device wins.
  await seedInventory(store, [
    { id: 1, sinceMs: T0 + MINUTE_MS, index: 0, dims: { tenant: 'team-b', job: 'serve-1' } },
  ])
  await seedSamples(store, [
    { tsMs: now - 25_000, id: 1, busy_ratio: 0.3, power_watts: 400, health_code: 0 },
    { tsMs: now - 5_000, id: 1, busy_ratio: 0.4, power_watts: null },
    { tsMs: now - 5_000, id: 2, busy_ratio: 0.9, power_watts: 700 },
    { tsMs: now - 5_000, id: 5, busy_ratio: 0.1 },
    { tsMs: now - 40_000, id: 3, busy_ratio: 0.2 },
    // Its tool lists it and cannot read it: rows without any value.
    { tsMs: now - 15_000, id: 6 },
    { tsMs: now - 5_000, id: 6 },
    ...gauge(),
  ])
})
afterAll(async () => {
  await engine.stop()
})

/** Device with a 64-bit id: samples of two minutes with a hole, and a counter that restarts. */
function gauge() {
  const at = (seconds: number, columns: Record<string, unknown>) => ({
    tsMs: T0 + seconds * 1000,
    id: BIG_ID,
    ...columns,
  })
  return [
    at(0, { temperature_celsius: 50, busy_ratio: 0, energy_joules_total: 1000, health_code: 0 }),
    at(10, { temperature_celsius: 70, busy_ratio: 0.5, energy_joules_total: 8000, health_code: 0 }),
    // A second row in the same cell: the first in the log wins.
    at(10.5, { temperature_celsius: 199, busy_ratio: 1, energy_joules_total: 9e9 }),
    at(20, { temperature_celsius: 60, busy_ratio: 1, energy_joules_total: 15_000, health_code: 2 }),
    // Silence from 50 s on (20 s + its cell + two bridged cells), back at 80 s after a restart.
    at(80, { temperature_celsius: 40, busy_ratio: null, energy_joules_total: 500 }),
    at(90, { temperature_celsius: 41, busy_ratio: 0.25, energy_joules_total: 4500 }),
  ]
}

describe('devices', () => {
  test('a page lists whole devices in order, with the newest description and latest values', async () => {
    const list = await listDevices(deps(), asked)
    expect(list.total).toBe(6)
    expect(list.simulated).toBe(true)
    expect(list.devices.map((device) => device.device_id)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '6',
      String(BIG_ID),
    ])
    expect(list.devices[0]).toMatchObject({
      keys: ['uuid:GPU-1'],
      holder: { tenant: 'team-b', job: 'serve-1' },
      state: 'reporting',
      accepted: true,
      first_seen: new Date(T0).toISOString(),
      busy_source: 'gpu_util',
      interval_ms: 10_000,
      last_sample_at: new Date(now - 5_000).toISOString(),
      partition: null,
      parent_id: null,
    })
    // Power was null in the newest row and 25 s ago still a value; 0.4 is a Float32 of the wire.
    expect(list.devices[0]?.latest).toEqual({
      busy_ratio: expect.closeTo(0.4, 6),
      power_watts: 400,
      health_code: 0,
    })
  })

  test('a silent device is silent with its last sample, and one that never spoke is never', async () => {
    const { devices } = await listDevices(deps(), asked)
    const state = Object.fromEntries(
      devices.map((device) => [device.device_id, [device.state, device.last_sample_at]]),
    )
    expect(state['3']).toEqual(['silent', new Date(now - 40_000).toISOString()])
    expect(state['4']).toEqual(['never', null])
    expect(state[String(BIG_ID)]?.[0]).toBe('silent')
    expect(state['6']).toEqual(['failed', new Date(now - 5_000).toISOString()])
    expect(devices.find((device) => device.device_id === '3')?.accepted).toBe(false)
  })

  test('pages follow their cursor and a cursor of another question is refused', async () => {
    const first = await listDevices(deps(), { ...asked, limit: 3 })
    const cursor = first.next_cursor ?? ''
    const second = await listDevices(deps(), { ...asked, limit: 3, cursor })
    expect([...first.devices, ...second.devices].map((device) => device.device_id)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '6',
      String(BIG_ID),
    ])
    expect(second.next_cursor).toBeNull()
    await expect(listDevices(deps(), { ...asked, q: 'x', cursor })).rejects.toMatchObject({
      code: 'E_CURSOR_INVALID',
    })
  })

  test('sorting by a value puts devices without one last, both ways', async () => {
    const order = async (sort: string) =>
      (await listDevices(deps(), { ...asked, sort })).devices.map((device) => device.device_id)
    expect((await order('-busy_ratio')).slice(0, 2)).toEqual(['2', '1'])
    expect((await order('busy_ratio')).slice(0, 2)).toEqual(['1', '2'])
    expect((await order('-cluster'))[0]).toBe(String(BIG_ID))
  })

  test('search finds nodes, models and keys, and SQL in it is text', async () => {
    const find = async (q: string) =>
      (await listDevices(deps(), { ...asked, q })).devices.map((device) => device.device_id)
    expect(await find('h200')).toEqual(['2'])
    expect(await find('gpu-3')).toEqual(['3'])
    expect(await find("'; DROP TABLE")).toEqual(['4'])
    expect(await find("' OR 1=1 --")).toEqual([])
    expect(await find('\\')).toEqual([])
  })

  test('a device shows its partitions, labels and events', async () => {
    await seedRows(engine.store, 'events', [
      event({ at: '2026-05-04 08:03:00', code: '79' }),
      event({ at: '2026-05-04 08:04:00', code: '63' }),
    ])
    const detail = await deviceDetail(deps(), '1')
    expect(detail.partitions.map((device) => device.device_id)).toEqual(['5'])
    expect(detail.partitions[0]).toMatchObject({
      parent_id: '1',
      partition: { id: 'GI-1', profile: null, share: null },
    })
    expect(detail.labels).toEqual({ driver: '550.54' })
    expect(detail.events.map(({ code }) => code)).toEqual(['63', '79'])
    expect(detail.events[0]).toMatchObject({
      fault_class: 'bus',
      action: 'Drain the node.',
      message_zh: 'XID 故障',
      action_zh: '腾空节点。',
    })
    expect(detail.first_seen).toBe(new Date(T0).toISOString())
    const page = await listDeviceEvents(deps(), '1', { limit: 1 })
    expect(page.events.map(({ code }) => code)).toEqual(['63'])
    const rest = await listDeviceEvents(deps(), '1', { limit: 1, cursor: page.next_cursor ?? '' })
    expect(rest.events.map(({ code }) => code)).toEqual(['79'])
    expect(rest.next_cursor).toBeNull()
  })

  test('an id nobody has is refused with its code', async () => {
    await expect(deviceDetail(deps(), '99')).rejects.toMatchObject({ code: 'E_DEVICE_UNKNOWN' })
    const series = readDeviceSeries(deps(), '99', { metrics: 'busy_ratio', points: 10 })
    await expect(series).rejects.toMatchObject({ code: 'E_DEVICE_UNKNOWN' })
  })
})

const event = (row: { at: string; code: string }) => ({
  ...row,
  device_id: 1,
  cluster: 'east',
  collector: 'c1',
  node: 'n1',
  source: 'dcgm-exporter',
  type: 'xid',
  severity: 'critical',
  edge: 'point',
  message: 'XID',
  message_zh: 'XID 故障',
  fault_class: 'bus',
  action: 'Drain the node.',
  action_zh: '腾空节点。',
  log_position: 1,
})

describe('device series', () => {
  const read = (metrics: string) =>
    readDeviceSeries(deps(), String(BIG_ID), {
      metrics,
      from: String(T0),
      to: String(T0 + 3 * MINUTE_MS),
      points: 300,
    })

  test('gauges are weighted by the time each sample speaks for, and coverage says how much that was', async () => {
    const { groups, resolution } = await read('busy_ratio,temperature_celsius')
    const [busy, temperature] = groups
    expect(resolution).toBe('raw')
    // 0 for 10 s, 0.5 for 10 s, 1 for 30 s; 10 s unknown.
    expect(busy?.values[0]).toBeCloseTo(35 / 50, 9)
    expect(busy?.coverage[0]).toBeCloseTo(50 / 60, 9)
    // A null reading is unknown for its own cell: only the sample at 90 s speaks, to the minute's end.
    expect(busy?.values[1]).toBeCloseTo(0.25, 9)
    expect(busy?.coverage[1]).toBeCloseTo(30 / 60, 9)
    expect(busy?.values[2]).toBeNull()
    expect(busy?.coverage[2]).toBe(0)
    // Settles as its maximum; the second row of a cell does not count.
    expect(temperature).toMatchObject({ unit: 'celsius', values: [70, 41, null] })
  })

  test('a counter is its increase per second, a restart counts from zero, a long hole is unknown', async () => {
    const { groups } = await read('energy_joules_total')
    expect(groups[0]).toMatchObject({ unit: 'joules_per_second', values: [700, 400, null] })
    expect(groups[0]?.coverage[0]).toBeCloseTo(20 / 60, 9)
    expect(groups[0]?.coverage[1]).toBeCloseTo(10 / 60, 9)
  })

  test('a code is the last one of its step', async () => {
    const { groups } = await read('health_code')
    expect(groups[0]?.values).toEqual([2, null, null])
  })

  test('more metrics than one query reads come back in order', async () => {
    const names =
      'busy_ratio,power_watts,health_code,xid_code,voltage_volts,energy_joules_total,sm_clock_hertz,memory_used_bytes,temperature_celsius'
    const { groups } = await read(names)
    expect(groups.map(({ metric }) => metric).join(',')).toBe(names)
    expect(groups.at(-1)?.values[0]).toBe(70)
  })

  test('a name that is no metric is refused before it reaches the store', async () => {
    await expect(read("busy_ratio') FROM system.tables --")).rejects.toMatchObject({
      code: 'E_METRIC_UNKNOWN',
    })
  })
})

describe('collection', () => {
  test('failed targets come first, refusals are summed and gaps are shown', async () => {
    const target = (name: string, columns: Record<string, unknown>) => ({
      cluster: 'east',
      collector: 'c1',
      source: 'dcgm-exporter',
      target: name,
      node: 'n1',
      at: '2026-05-04 08:04:55.000',
      outcome: 'ok',
      reason: '',
      detail: '',
      since: '2026-05-04 08:00:00.000',
      last_ok: '2026-05-04 08:04:55.000',
      interval_ms: 10_000,
      duration_ms: 1.5,
      bytes: 1000,
      devices: 8,
      readings: 100,
      rejected: { out_of_range: 2 },
      examples: '[{"line":"x","reason":"out_of_range"}]',
      simulated: 1,
      ...columns,
    })
    await seedRows(engine.store, 'collection_targets', [
      target('http://a', {}),
      target('http://b', { at: '2026-05-04 07:00:00.000' }),
      target('http://c', { outcome: 'failed', reason: 'timeout', last_ok: null, devices: 0 }),
      target('http://d', { outcome: 'absent', reason: 'removed' }),
    ])
    await seedRows(engine.store, 'events', [
      {
        ...event({ at: '2026-05-04 08:01:00', code: 'spool_full' }),
        type: 'gap',
        device_id: 0,
        node: '',
      },
    ])
    const all = { filters: [], q: '', troubled: false, limit: 2 }
    const answer = await collectionHealth({ ...deps(), pipeline: () => null }, all)
    expect(answer.targets.map((row) => [row.target, row.outcome, row.stale])).toEqual([
      ['http://c', 'failed', false],
      ['http://b', 'ok', true],
    ])
    expect(answer.targets[0]?.last_ok).toBeNull()
    expect(answer.targets[1]?.examples).toEqual([{ line: 'x', reason: 'out_of_range' }])
    expect(answer.totals).toMatchObject({
      targets: 3,
      ok: 1,
      failed: 1,
      stale: 1,
      devices: 8,
      rejected: { out_of_range: 6 },
    })
    expect(answer.gaps).toMatchObject([{ node: 'c1', device_id: null, code: 'spool_full' }])
    expect(answer.pipeline.newest_sample_at).toBe(new Date(now - 5_000).toISOString())
    const rest = await collectionHealth(
      { ...deps(), pipeline: () => null },
      { ...all, cursor: answer.next_cursor ?? '' },
    )
    expect(rest.targets.map((row) => row.target)).toEqual(['http://a'])
  })
})

describe('live', () => {
  test('a client gets the fleet of the last closed minute and the values of its device', async () => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const hub = createLiveHub({ ...deps(), log })
    const got: string[] = []
    const client = {
      send: (text: string) => got.push(text) > 0,
      isWelcome: () => Promise.resolve(true),
      close: () => undefined,
    }
    hub.subscribe(client, { lastEventId: null, deviceId: '1' })
    await hub.poll()
    const data = (name: string): unknown => {
      const message = got.find((text) => text.includes(`event: ${name}\n`))
      return JSON.parse(/data: (.*)/.exec(message ?? '')?.[1] ?? 'null')
    }
    expect(data('fleet')).toMatchObject({
      simulated: true,
      fleet: { key: {}, devices: 5 },
      reporting_devices: 2,
      // Two that say nothing and one that cannot be read.
      silent_devices: 3,
      pending_devices: 0,
      // One failed and one whose collector fell silent.
      failed_targets: 2,
      caption: null,
      notice: null,
    })
    expect(data('device')).toMatchObject({ device_id: '1', latest: { power_watts: 400 } })
    const before = got.length
    await hub.poll()
    expect(got).toHaveLength(before)
    expect(hub.metrics.failures).toBe(0)
  })
})
