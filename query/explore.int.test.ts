import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MeasuredAnswer } from '#schemas/api-measured.ts'
import { ExploreAnswer } from '#schemas/api-explore.ts'
import { SearchAnswer } from '#schemas/api-search.ts'
import { Owner } from '#schemas/journal.ts'
import { startTestEngine, type TestEngine } from '../ingest/engine/engine.testing.ts'
import { explore } from './explore.ts'
import type { ExploreQuestion } from './explore-groups.ts'
import { fleetDeps } from './fleet.ts'
import { measuredAnswer } from './measured.ts'
import { createSearch } from './search.ts'
import {
  publish,
  seedDevices,
  seedGroups,
  seedInventory,
  seedRows,
  seedSamples,
} from './seed.testing.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const MINUTE_MS = 60_000
const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

let engine: TestEngine
let ask: (question: Partial<ExploreQuestion> & { metric: string }) => Promise<ExploreAnswer>
let measured: (...filters: string[]) => Promise<MeasuredAnswer>
let find: (q: string) => Promise<SearchAnswer>

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  const { store } = engine
  await seedRows(store, 'allocations', [
    allocation(1, 'train-llm', T0, Date.UTC(2100, 0, 1)),
    allocation(9, 'train-old', T0 - 7_200_000, T0 - 3_600_000),
  ])
  await seedInventory(
    store,
    Array.from({ length: 32 }, (_, id) => ({
      id: id + 1,
      sinceMs: T0,
      key: id === 20 ? 'serial:SN-20/x' : undefined,
      dims: {
        cluster: 'east',
        hall: 'h1',
        rack: `h1-r0${Math.floor(id / 16)}`,
        node: `h1-n${Math.floor(id / 8)}`,
      },
    })).map(({ key, ...device }) => (key === undefined ? device : { ...device, key })),
  )
  await seedReadings(engine)
  const owner = Owner.parse({ tenant: 'acme', display_name: 'Vision research' })
  const documents = () => Promise.resolve({ owners: [owner] })
  const fleet = fleetDeps({
    reader: engine.reader,
    clock: () => T0 + 20 * MINUTE_MS,
    timeZone: 'Asia/Shanghai',
    simulated: false,
  })
  ask = async (question) =>
    ExploreAnswer.parse(
      await explore(
        { ...fleet, documents },
        {
          stat: 'avg',
          filters: [],
          points: 240,
          from: String(T0),
          to: String(T0 + 10 * MINUTE_MS),
          ...question,
        },
      ),
    )
  measured = async (...filters) =>
    MeasuredAnswer.parse(
      await measuredAnswer(fleet, { from: String(T0), to: String(T0 + 10 * MINUTE_MS), filters }),
    )
  const search = createSearch({
    reader: engine.reader,
    clock: () => T0 + 1000,
    simulated: false,
    alerting: { rules: () => new Map() },
    documents,
  })
  find = async (q) => SearchAnswer.parse(await search(q))
})
afterAll(async () => {
  await engine.stop()
})

const allocation = (device_id: number, job: string, from: number, to: number) => ({
  device_id,
  from_at: dateTime(from),
  to_at: dateTime(to),
  source: 'slurm',
  source_rank: 1,
  holder: job,
  job,
  tenant: 'acme',
  account: '',
  class: 'training',
  billing: 'internal',
  confidence: 'exact',
  share_ppm: 0,
  version: 1,
  inserted_at: dateTime(from),
})

const MINUTES = Array.from({ length: 10 }, (_, at) => T0 + at * MINUTE_MS)

/**
 * 24 devices in three nodes for ten settled minutes; device n has a clock of 100 + n hertz and draws 400 W, its
 * counter rises by n joules a second. Device 24 gives no clock; all say 90 % GPU utilization, the first 16 SM activity. Node n0 is held by acme in the first five minutes.
 */
async function seedReadings({ store }: TestEngine) {
  const ids = Array.from({ length: 24 }, (_, at) => at + 1)
  const node = (id: number) => `h1-n${Math.floor((id - 1) / 8)}`
  const minutes = MINUTES.flatMap((bucketMs, at) =>
    ids.map((deviceId) => ({
      bucketMs,
      deviceId,
      busy: deviceId / 100,
      // One device whose busy is another counter.
      busySource: deviceId === 24 ? 1 : 2,
      dims: { node: node(deviceId), tenant: deviceId <= 8 && at < 5 ? 'acme' : '' },
    })),
  )
  await seedDevices(store, minutes)
  await seedGroups(
    store,
    MINUTES.map((bucketMs) => ({ bucketMs, devices: 24, busy: 0.125 })),
  )
  await publish(store, MINUTES)
  await seedSamples(
    store,
    ids.flatMap((id) =>
      Array.from({ length: 60 }, (_, at) => ({
        tsMs: T0 + at * 10_000,
        id,
        memory_clock_hertz: id === 24 ? null : 100 + id,
        gpu_util_ratio: 0.9,
        sm_active_ratio: id > 16 ? null : id / 32,
        energy_joules_total: at < 45 ? 1000 + at * 10 * id : (at - 44) * 10 * id,
      })),
    ),
  )
  const reading = (metric: string, value: number, at: number) => ({
    ts: dateTime(T0 + at * MINUTE_MS),
    metric,
    step_ms: 60_000,
    log_position: at,
    value,
  })
  await seedRows(
    store,
    'samples_node',
    [0, 1, 2].flatMap((n) =>
      MINUTES.map((_, at) => ({
        ...reading('load_1m', 10 * n + at, at),
        cluster: 'east',
        node: `h1-n${n}`,
      })),
    ),
  )
  await seedRows(
    store,
    'samples_meter',
    ['pdu-a', 'pdu-b', 'cdu-1'].flatMap((meter, n) =>
      MINUTES.map((_, at) => ({ ...reading('power_watts', 1000 * (n + 1), at), meter })),
    ),
  )
}

const sourceOf = ({ source, known_device_seconds, share, utilization, devices }: Source) => [
  [source, known_device_seconds, share, devices],
  utilization,
]
type Source = MeasuredAnswer['sources'][number]

describe('how a group is measured', () => {
  test('known time and devices by source, and what each counter reads, as percentiles of devices', async () => {
    const answer = await measured('cluster:eq:east', 'node:ne:h1-n0')
    expect(answer.sources.map(sourceOf)).toEqual([
      [['gpu_util', 9_000, 0.9375, 15], 0.16],
      [['gr_engine_active', 600, 0.0625, 1], 0.24],
    ])
    expect(answer).toMatchObject({ utilization: 0.165, coverage: 1, read_devices: 16 })
    // The newest five minutes.
    expect(answer.read_from).toBe(new Date(T0 + 5 * MINUTE_MS).toISOString())
    const [gpu, active, ...others] = answer.counters
    expect(others).toEqual([])
    expect(gpu).toMatchObject({ metric: 'gpu_util_ratio', devices: 16, busy_devices: 15 })
    expect(gpu?.p50).toBeCloseTo(0.9, 6)
    // Devices 9 to 16: the median lies between 12 and 13.
    expect(active).toMatchObject({ metric: 'sm_active_ratio', devices: 8, busy_devices: 0 })
    expect(active?.p50).toBeCloseTo(12.5 / 32, 6)
  })

  test('a group of which nothing is known has no source, no counter and no figure', async () => {
    expect(await measured('node:eq:nowhere')).toMatchObject({
      devices: 0,
      utilization: null,
      sources: [],
      counters: [],
      read_from: null,
    })
  })
})

const lines = ({ groups }: ExploreAnswer) => groups.map(({ key, mean }) => [key, mean])

describe('explore', () => {
  test('a figure of the ledger is a ratio of sums, by group, the highest first', async () => {
    const answer = await ask({ metric: 'fleet.utilization', groupBy: 'node' })
    expect(lines(answer)).toEqual([
      ['h1-n2', 0.205],
      ['h1-n1', 0.125],
      ['h1-n0', 0.045],
    ])
    expect(answer).toMatchObject({
      resolution: '1m',
      per: 'group',
      groups_total: 3,
      step_ms: MINUTE_MS,
    })
    expect(answer.groups[0]?.values).toEqual(MINUTES.map(() => 0.205))
    const [all] = (await ask({ metric: 'fleet.productive_share' })).groups
    expect(all).toMatchObject({ key: null, mean_coverage: 1 })
  })

  test('readings of devices: mean, percentiles of devices, extremes, with the coverage of a silent one', async () => {
    const of = async (stat: ExploreQuestion['stat']) =>
      (await ask({ metric: 'device.memory_clock_hertz', stat, filters: ['node:eq:h1-n2'] }))
        .groups[0]
    const avg = await of('avg')
    expect(avg).toMatchObject({ mean: 120, sources: 7, mean_coverage: 7 / 8 })
    expect(avg?.values).toEqual(MINUTES.map(() => 120))
    expect(avg?.coverage[0]).toBe(7 / 8)
    const edge = async (stat: ExploreQuestion['stat']) => (await of(stat))?.values[0]
    expect([await edge('min'), await edge('p5'), await edge('p95'), await edge('max')]).toEqual([
      117, 117, 123, 123,
    ])
  })

  test('what minutes hold is read from them: percentiles of devices, over windows that no sample reaches', async () => {
    const answer = await ask({ metric: 'device.busy_ratio', stat: 'p95', points: 2 })
    expect(answer).toMatchObject({ resolution: '1m', per: 'device_minute', step_ms: 5 * MINUTE_MS })
    expect(answer.groups[0]?.values).toEqual([0.23, 0.23])
    const power = await ask({
      metric: 'device.power_watts',
      groupBy: 'rack',
      filters: ['node:eq:h1-n0'],
    })
    expect(lines(power)).toEqual([['r1', 400]])
  })

  test('a counter is its rise per second, also over a restart, and by device', async () => {
    const answer = await ask({
      metric: 'device.energy_joules_total',
      groupBy: 'device',
      filters: ['node:eq:h1-n0'],
    })
    expect(answer).toMatchObject({ step_ms: 5 * MINUTE_MS, per: 'reading', groups_total: 8 })
    expect(answer.groups[0]?.key).toBe('8')
    expect(answer.groups[0]?.values[0]).toBeCloseTo(8, 6)
    expect(answer.groups[0]?.values[1]).toBeGreaterThan(7)
  })

  test('who held a device is what the minute says: a group is what it was then', async () => {
    const { groups, names } = await ask({ metric: 'device.memory_clock_hertz', groupBy: 'tenant' })
    const acme = groups.find(({ key }) => key === 'acme')
    expect(acme?.values.map((value) => value !== null)).toEqual(MINUTES.map((_, at) => at < 5))
    expect(names).toEqual({ tenant: { acme: 'Vision research' } })
  })

  test('a scope with more groups than are told says how many there are', async () => {
    const answer = await ask({ metric: 'device.memory_clock_hertz', groupBy: 'device' })
    expect([answer.groups.length, answer.groups_total]).toEqual([20, 24])
    expect(answer.groups[0]?.key).toBe('23')
  })

  test('nodes and meters by their own samples', async () => {
    const nodes = await ask({ metric: 'node.load_1m', stat: 'max', groupBy: 'rack' })
    expect(nodes).toMatchObject({ places: 'now' })
    expect(nodes.groups[0]?.values.at(-1)).toBe(29)
    const meters = await ask({
      metric: 'meter.power_watts',
      groupBy: 'meter',
      filters: ['meter:prefix:pdu-'],
    })
    expect(lines(meters)).toEqual([
      ['pdu-b', 2000],
      ['pdu-a', 1000],
    ])
    expect(meters.groups[0]).toMatchObject({ mean_coverage: 1, sources: 1 })
  })

  test('what cannot be answered is refused with what can', async () => {
    const refused = (question: Parameters<typeof ask>[0]) => expect(ask(question)).rejects
    await refused({ metric: 'device.watts' }).toMatchObject({ code: 'E_METRIC_UNKNOWN' })
    await refused({ metric: 'fleet.utilization', stat: 'p95' }).toMatchObject({
      code: 'E_BAD_REQUEST',
    })
    await refused({ metric: 'device.health_code' }).toMatchObject({ code: 'E_BAD_REQUEST' })
    await refused({ metric: 'node.load_1m', groupBy: 'tenant' }).toMatchObject({
      code: 'E_FILTER_INVALID',
    })
    await refused({ metric: 'node.load_1m', filters: ['tenant:eq:acme'] }).toMatchObject({
      code: 'E_FILTER_INVALID',
    })
    await refused({
      metric: 'device.sm_clock_hertz',
      from: String(T0 - 7_200_000),
      to: String(T0 - 3_600_000),
    }).toMatchObject({ code: 'E_RANGE_INVALID' })
  })
})

describe('search', () => {
  const told = async (q: string) =>
    (await find(q)).results.map(({ kind, id, devices }) => `${kind} ${id} ${devices}`)

  test('a node before what only has its letters, with how many devices it is', async () => {
    expect(await told('H1-N2')).toEqual(['node h1-n2 8'])
    expect((await told('h1')).slice(0, 2)).toEqual(['hall h1 32', 'node h1-n0 8'])
  })

  test('a device by UUID, serial, number, and by node and index', async () => {
    expect(await told('gpu-17')).toEqual(['device 17 1'])
    expect(await told('sn-20')).toEqual(['device 21 1'])
    expect(await told('h1-n1 3')).toContain('device 11 1')
    expect((await find('gpu-17')).results[0]).toMatchObject({ node: 'h1-n2', model: 'H100' })
  })

  test('a running job, one that ended, and a tenant by the name people know', async () => {
    expect(await told('train')).toEqual(['job train-llm 1', 'job train-old 0'])
    expect((await find('train-old')).results[0]).toMatchObject({ cluster: 'east', tenant: 'acme' })
    const [tenant] = (await find('vision')).results
    expect(tenant).toMatchObject({ kind: 'tenant', id: 'acme', label: { en: 'Vision research' } })
  })

  test('more than is told is said, and nothing is found of nothing', async () => {
    const answer = await find('gpu')
    expect([answer.results.length, answer.more]).toEqual([20, true])
    expect((await find('  ')).results).toEqual([])
    expect((await find("x'; DROP TABLE samples; --")).results).toEqual([])
  })
})
