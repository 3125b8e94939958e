import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import {
  publish,
  seedDevices,
  seedGroups,
  type SeedMinute,
  seedRows,
  seedSamples,
} from '../seed.testing.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { type AlertSite, seedSpans, startAlertSite } from './alerts.testing.ts'
import { createSignals } from './facts.ts'
import { historyGap, signalHistory } from './signal-history.ts'
import { SIGNAL_NAMES, SIGNALS, type SignalName } from './signals.ts'

const T0 = Date.UTC(2026, 4, 4, 8)
const NOW = T0 + 2 * HOUR_MS
const minutes = (count: number) =>
  Array.from({ length: count }, (_, at) => NOW - (count - at) * MINUTE_MS)
const dateTimeMs = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

let site: AlertSite
beforeAll(async () => {
  site = await startAlertSite(NOW)
})
afterAll(async () => {
  await site.stop()
})
beforeEach(async () => {
  await site.reset()
})

const ask = (name: SignalName): Promise<SignalAnswer> => site.facts().signal(name)
const values = async (name: SignalName) =>
  (await ask(name)).rows.map(({ labels, value }) => [
    labels.node ?? labels.rack ?? labels.job ?? labels.tenant ?? labels.hall ?? '',
    value,
  ])

describe('the catalogue', () => {
  test('every signal is answered, also by an empty store', async () => {
    const made = createSignals(site.deps())
    expect([...made.keys()]).toEqual(SIGNAL_NAMES)
    expect(SIGNALS.map(({ name }) => name)).toEqual(SIGNAL_NAMES)
    for (const [name, load] of made) {
      const answer = await load()
      expect(answer.atMs, name).toBeGreaterThan(0)
      expect(
        answer.rows.filter(({ value }) => value !== null && value !== 0),
        name,
      ).toEqual([])
    }
    await expect(site.facts().signal('nothing')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  })
})

describe('samples', () => {
  test('lost devices, silent nodes, bad memory and links of every vendor', async () => {
    await seedSpans(site.store, [
      { id: 1, node: 'n1', job: 'j1' },
      { id: 2, node: 'n1' },
      { id: 3, node: 'n2', vendor: 'ascend' },
      { id: 4, node: 'n2', vendor: 'ascend' },
      { id: 5, node: 'n3' },
      { id: 6, node: 'n4', state: 2 },
    ])
    const at = (id: number, agoMs: number, more: Record<string, unknown>) => ({
      id,
      tsMs: NOW - agoMs,
      ...more,
    })
    await seedSamples(site.store, [
      at(1, 60_000, {
        busy_ratio: 0.5,
        ecc_uncorrected_total: 3,
        row_remap_failed: 0,
        network_link_up: 1,
        power_watts: 300,
      }),
      at(1, 20_000, {
        busy_ratio: 0.5,
        ecc_uncorrected_total: 5,
        row_remap_failed: 1,
        network_link_up: 0,
        power_watts: 300,
      }),
      at(3, 60_000, { busy_ratio: 0.5, ecc_uncorrected_total: 9, scaleup_errors_total: 1 }),
      at(3, 20_000, { busy_ratio: 0.5, ecc_uncorrected_total: 2, scaleup_errors_total: 11 }),
      at(4, 20_000, { busy_ratio: 0.5, flags: 1 }),
    ])
    // Of a silent node nobody knows which devices it has left.
    expect(await values('device_lost')).toEqual([
      ['n1', 1],
      ['n3', null],
    ])
    expect(await values('node_silent')).toEqual([['n3', 1]])
    // A counter that was reset did not rise.
    expect(await values('ecc_uncorrected')).toEqual([['n1', 2]])
    expect(await values('remap_failed')).toEqual([['n1', 1]])
    expect(await values('network_down')).toEqual([['n1', 1]])
    expect(await values('link_errors')).toEqual([['n2', 10]])
    const errors = await ask('link_errors')
    expect(errors.rows[0]?.labels).toMatchObject({
      device: '3',
      vendor: 'ascend',
      rack: 'r1',
      hall: 'h1',
    })
    expect(errors.covered).toEqual({ nvidia: 0, ascend: 1 })
    expect((await ask('ecc_uncorrected')).covered).toEqual({ nvidia: 1, ascend: 1 })
  })

  test('a series that is named no more is well once more', async () => {
    await seedSpans(site.store, [
      { id: 1, node: 'n1' },
      { id: 2, node: 'n1' },
    ])
    await seedSamples(site.store, [{ id: 1, tsMs: NOW - 1000, busy_ratio: 1 }])
    const facts = site.facts()
    expect((await facts.signal('device_lost')).rows.map(({ value }) => value)).toEqual([1])
    site.nowMs = NOW + 60_000
    await seedSamples(site.store, [{ id: 2, tsMs: NOW + 50_000, busy_ratio: 1 }])
    expect((await facts.signal('device_lost')).rows).toEqual([
      {
        labels: { cluster: 'east', hall: 'h1', rack: 'r1', node: 'n1', vendor: 'nvidia' },
        value: 0,
      },
    ])
  })
})

describe('settled minutes', () => {
  const dims = { job: 'j1', tenant: 'atlas', class: 'training' }

  test('idle held by owner in dollars, and by job', async () => {
    const [last = 0] = minutes(1)
    const idle = { bucketMs: last, busy: 0, dims, states: { idle_held_ms: 60_000 } }
    await seedDevices(site.store, [
      { ...idle, deviceId: 1 },
      { ...idle, deviceId: 2, dims: { ...dims, job: 'j2' } },
      { ...idle, deviceId: 3, dims: { ...dims, job: 'reserve', class: 'serving' } },
      { bucketMs: last, deviceId: 4, busy: 0.9, dims },
    ])
    await publish(site.store, [last])
    expect(await values('idle_held_usd_per_hour')).toEqual([['atlas', 4]])
    expect(
      (await values('idle_held_devices')).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    ).toEqual([
      ['j1', 1],
      ['j2', 1],
    ])
  })

  test('a job that looks busy and draws a third less', async () => {
    const all = minutes(70)
    const rows = all.flatMap((bucketMs, at) => [
      { bucketMs, deviceId: 1, busy: 1, watts: at < 60 ? 600 : 300, dims },
      { bucketMs, deviceId: 2, busy: 1, watts: 600, dims: { ...dims, job: 'j2' } },
    ])
    await seedDevices(site.store, rows)
    await publish(site.store, all)
    const { rows: found } = await ask('stalled_busy')
    expect(found).toMatchObject([
      { labels: { job: 'j1', vendor: 'nvidia' }, value: 0.5, devices: 1 },
    ])
  })

  test('heat, brakes and margin of racks', async () => {
    const all = minutes(5)
    const hot = {
      throttled_ms_x1000: 6_000_000,
      throttled_heat_ms_x1000: 6_000_000,
      productive_ms_x1000: 54_000_000,
    }
    const rows = all.flatMap((bucketMs): SeedMinute[] => [
      { bucketMs, deviceId: 1, busy: 1, dims: { rack: 'r1' }, states: hot },
      { bucketMs, deviceId: 2, busy: 1, dims: { rack: 'r1' } },
      { bucketMs, deviceId: 3, busy: 1, dims: { rack: 'r2' } },
    ])
    await seedDevices(site.store, rows)
    await publish(site.store, all)
    expect(await values('thermal_throttle_devices')).toEqual([['r1', 1]])
    expect(await values('power_brake_devices')).toEqual([['r1', 0]])
  })

  test('coverage, unknown, throttling, power and the sum of states', async () => {
    const all = minutes(60)
    const part = (bucketMs: number, at: number): SeedMinute & { devices: number } => ({
      bucketMs,
      devices: 1000,
      watts: at < 57 ? 500 : 800,
      busy: 0.8,
    })
    await seedGroups(site.store, all.map(part))
    const unknown = { knownMs: 30_000, watts: 500, busy: 0.8, dims: { hall: 'h2' } }
    await seedGroups(
      site.store,
      all.map((bucketMs) => ({ bucketMs, devices: 100, ...unknown })),
    )
    await publish(site.store, all)
    const coverage = await ask('coverage_ratio')
    expect(coverage.rows).toMatchObject([
      { labels: {}, value: 0.954545, devices: 50 },
      { labels: { hall: 'h1' }, value: 1 },
      { labels: { hall: 'h2' }, value: 0.5, known: { en: '50 of 100 reporting' } },
    ])
    expect(await values('unknown_ratio')).toEqual([
      ['h1', 0],
      ['h2', 0.5],
    ])
    expect(await values('throttle_loss_ratio')).toEqual([
      ['h1', 0],
      ['h2', 0],
    ])
    expect((await ask('mw_swing')).rows[0]?.value).toBeCloseTo(0.3, 9)
    expect(await values('ledger_breaks')).toEqual([['', 0]])
    // Of these minutes no job is known.
    expect((await ask('contingency_jobs')).rows).toMatchObject([{ value: null }])
  })

  test('states that do not sum are found', async () => {
    const all = minutes(60)
    const states = { productive_ms_x1000: 59_000_000 }
    await seedGroups(
      site.store,
      all.map((bucketMs) => ({ bucketMs, devices: 60, states })),
    )
    await publish(site.store, all)
    expect(await values('ledger_breaks')).toEqual([['', 1]])
  })

  test('mass idle names what the affected have in common', async () => {
    const all = minutes(10)
    const rows = all.flatMap((bucketMs, at) =>
      Array.from({ length: 40 }, (_, id): SeedMinute => {
        const isAffected = id % 4 === 0
        const node = `n${id % 4}`
        return {
          bucketMs,
          deviceId: id + 1,
          busy: isAffected && at >= 6 ? 0 : 0.9,
          dims: { node, ...dims },
        }
      }),
    )
    await seedDevices(site.store, rows)
    await publish(site.store, all)
    const fact = (node: string, value: string) => ({
      cluster: 'east',
      node,
      device_id: 0,
      name: 'driver_version',
      value,
      at: dateTimeMs(T0),
      source: 'nvidia-smi',
      log_position: 1,
    })
    await seedRows(site.store, 'node_facts', [
      fact('n0', '570.12'),
      ...['n1', 'n2', 'n3'].map((node) => fact(node, '550.54')),
    ])
    const { rows: found } = await ask('mass_idle')
    expect(found).toMatchObject([{ labels: {}, value: 0.25, devices: 10 }])
    expect(found[0]?.why?.en).toBe(
      'in common: driver 570.12 (100 % of what went idle; 100 % of those with it)',
    )
  })
})

test('groups that the ledger found broken itself are told of', async () => {
  site.nowMs = Date.now()
  const at = (agoMs: number) => dateTimeMs(site.nowMs - agoMs)
  const report = (ledger: object) => JSON.stringify({ settle: { ledger } })
  await seedRows(site.store, 'pipeline_processes', [
    { process: 'p1', at: at(0), report: report({ broken_groups: 3, example: 'ledger_1d: h1' }) },
    { process: 'p2', at: at(0), report: report({ broken_groups: 0 }) },
    { process: 'gone', at: at(HOUR_MS), report: report({ broken_groups: 9 }) },
  ])
  const why = { en: '3 groups of it: ledger_1d: h1' }
  expect((await ask('ledger_breaks')).rows).toMatchObject([{ value: 3, why }])
})

test('Plimsoll itself: lag, disks, spools and silent collectors', async () => {
  // What processes say of themselves is kept for a week by the engine's own clock.
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  site.nowMs = nowMs
  await seedDevices(site.store, [{ bucketMs: nowMs - 12 * MINUTE_MS }])
  await publish(site.store, [nowMs - 12 * MINUTE_MS])
  await seedRows(site.store, 'pipeline_status', [
    { process: 'ingest-1', at: dateTimeMs(nowMs - 30_000), disk_used_ratio: 0.9, lag_seconds: 5 },
  ])
  const collector = (name: string, heardMs: number, more: Record<string, unknown> = {}) => ({
    cluster: 'east',
    collector: name,
    node: name,
    at: dateTimeMs(heardMs),
    received_at: dateTimeMs(heardMs),
    interval_ms: 60_000,
    started_at: dateTimeMs(T0),
    is_stopping: 0,
    simulated: 0,
    devices: 8,
    spool_bytes: 60,
    spool_max_bytes: 100,
    targets_failed: 2,
    ...more,
  })
  await seedRows(site.store, 'collector_status', [
    collector('c1', nowMs - 30_000),
    collector('c2', nowMs - 600_000),
    collector('c3', nowMs - 600_000, { is_stopping: 1 }),
  ])
  expect(await values('pipeline_lag')).toEqual([['', 11 * 60]])
  const by = async (name: SignalName) =>
    Object.fromEntries(
      (await ask(name)).rows.map(({ labels, value }) => [
        labels.collector ?? labels.shard ?? '',
        value,
      ]),
    )
  expect(await by('disk_fill')).toEqual({ 'ingest-1': expect.closeTo(0.9, 6) })
  expect(await by('spool_fill')).toEqual({ c1: 0.6, c2: 0.6 })
  expect(await by('collector_silent')).toEqual({ c1: 0, c2: 600 })
  expect(await by('targets_failed')).toEqual({ c1: 2, c2: 2 })
})

describe('the past of a signal', () => {
  const over = async (name: SignalName, minutesBack: number) => {
    const found: (readonly [number, unknown])[] = []
    const range = { fromMs: NOW - minutesBack * MINUTE_MS, toMs: NOW }
    for await (const { atMs, rows } of signalHistory(site.deps(), name, range))
      for (const { labels, value } of rows) found.push([(atMs - NOW) / MINUTE_MS, [labels, value]])
    return found
  }

  test('is what it would have said, from settled minutes; what was beyond normal ends as well', async () => {
    // Half of hall h2 is silent in the first ten of twenty minutes, and its power doubles between them.
    const groups = minutes(20).flatMap((bucketMs, at) => [
      { bucketMs, devices: 100, busy: 0.5, watts: 500, dims: { hall: 'h1' } },
      {
        bucketMs,
        devices: 100,
        knownMs: at < 10 ? 30_000 : 60_000,
        watts: at < 10 ? 500 : 5_500,
        dims: { hall: 'h2' },
      },
    ])
    await seedGroups(site.store, groups)
    const holder = { rack: 'r1', tenant: 'atlas', job: 'j1', class: 'training' }
    const idle = { idle_held_ms: 60_000 }
    await seedDevices(
      site.store,
      minutes(20).map((bucketMs, at) => ({
        bucketMs,
        deviceId: 1,
        dims: holder,
        ...(at < 10 ? { states: idle, busy: 0 } : {}),
      })),
    )
    await publish(site.store, minutes(20))
    const coverage = await over('coverage_ratio', 20)
    expect(coverage.filter(([, told]) => JSON.stringify(told).includes('h2'))).toEqual(
      [-15, -10, -5, 0].map((at) => [at, [{ cluster: 'east', hall: 'h2' }, at <= -10 ? 0.5 : 1]]),
    )
    expect(coverage.filter(([, told]) => JSON.stringify(told).startsWith('[{}'))[0]).toEqual([
      -15,
      [{}, 0.75],
    ])
    expect((await over('mw_swing', 20)).map(([at, told]) => [at, told])).toEqual([
      // Half of a hall's power is not known: nobody can say how it moved.
      [-15, [{ cluster: 'east' }, null]],
      [-10, [{ cluster: 'east' }, null]],
      [-5, [{ cluster: 'east' }, null]],
      [0, [{ cluster: 'east' }, 0]],
    ])
    const labels = { cluster: 'east', tenant: 'atlas', job: 'j1' }
    expect(await over('idle_held_devices', 20)).toEqual([
      [-15, [labels, 1]],
      [-10, [labels, 1]],
      [-5, [labels, 0]],
      [0, [labels, 0]],
    ])
    expect((await over('unknown_ratio', 20)).at(-1)).toEqual([
      0,
      [{ cluster: 'east', hall: 'h2', vendor: 'nvidia' }, 0.25],
    ])
    expect(new Set((await over('ledger_breaks', 20)).map(([at]) => at)).size).toBe(4)
    expect(await over('thermal_throttle_devices', 20)).toEqual([])
  })

  test('says of each signal whether there is one', () => {
    const without = SIGNAL_NAMES.filter((name) => historyGap(name) !== null)
    expect(without).toEqual(
      expect.arrayContaining(['mass_idle', 'contingency_jobs', 'stalled_busy']),
    )
    expect(without).not.toContain('pue_excess')
    for (const name of without) expect(historyGap(name)?.zh).not.toBe('')
  })
})
