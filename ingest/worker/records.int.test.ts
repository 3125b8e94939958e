import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BatchRecord, TargetRecord } from '#schemas/records.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice, until } from './ingest.testing.ts'

const T0 = Date.UTC(2026, 4, 1, 10, 0)

let engine: TestEngine
let pipeline: Pipeline | null = null
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(async () => {
  await pipeline?.stop()
  pipeline = null
})

const start = async () => (pipeline = await startPipeline(engine, T0))
const batch = (boot: string, seq: number, records: readonly BatchRecord[]) => ({
  boot,
  seq,
  t0Ms: T0,
  devices: [testDevice('d')],
  cells: { busy_ratio: [[0.5]] },
  records,
})
const at = { at_ms: T0, node: 'n1', source: 'prometheus' } as const
const sample = (
  device_key: string | null,
  link: string | null,
  values: Record<string, number>,
): BatchRecord => ({ kind: 'node_sample', ...at, step_ms: 60_000, device_key, link, values })
const target: TargetRecord = {
  kind: 'target',
  ...at,
  target: 'http://n1:9100/metrics',
  outcome: 'ok',
  reason: '',
  detail: '',
  since_ms: T0,
  last_ok_ms: T0,
  interval_ms: 10_000,
  duration_ms: 3,
  bytes: 10,
  devices: 1,
  readings: 4,
  rejected: {},
  examples: [],
}

describe('records into tables', () => {
  it('facts, node and link samples, advice of events and fields of targets arrive once each, also when the insert is repeated', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(
      batch(boot, 1, [
        { kind: 'fact', ...at, device_key: null, name: 'driver_version', value: '570' },
        { kind: 'fact', ...at, device_key: 'uuid:d', name: 'vbios_version', value: '96' },
        sample(null, null, { load_1m: 3.5, mounts_stale: 1 }),
        sample(null, 'mlx5_0/1', { link_up: 1 }),
        sample('uuid:d', 'nvlink/3', { link_errors_total: 7 }),
        {
          kind: 'event',
          ...at,
          device_key: 'uuid:d',
          type: 'xid',
          code: '79',
          severity: 'fatal',
          edge: 'open',
          message: 'off the bus',
          message_zh: '掉卡',
          fault_class: 'bus',
          action: 'Drain the node.',
          action_zh: '腾空节点。',
        },
        {
          ...target,
          fields: { power_watts: 8 },
          missing: ['energy_joules_total'],
          vanished: [{ metric: 'fan_ratio', last_ms: T0 - 1, version: '4.8' }],
          tool: { exporter_version: '4.9' },
        },
      ]),
    )
    await own.drained()
    // As if the process had died before `batches` was written. Its note would end the insert: without it the replay
    // writes every table again.
    await own.store.command('TRUNCATE TABLE insert_notes')
    await own.store.command('TRUNCATE TABLE batches')
    await own.restart()
    await own.drained()
    expect(own.ingest.health().metrics['ingest_replays_total']).toBe(1)
    const id = String(deviceId('uuid:d'))
    expect(
      await own.store.query(
        'SELECT cluster, node, toString(device_id) AS id, name, value FROM node_facts ORDER BY name',
      ),
    ).toEqual([
      { cluster: 'c1', node: 'n1', id: '0', name: 'driver_version', value: '570' },
      { cluster: 'c1', node: 'n1', id, name: 'vbios_version', value: '96' },
    ])
    expect(
      await own.store.query(
        'SELECT cluster, node, metric, value FROM samples_node ORDER BY metric',
      ),
    ).toEqual([
      { cluster: 'c1', node: 'n1', metric: 'load_1m', value: 3.5 },
      { cluster: 'c1', node: 'n1', metric: 'mounts_stale', value: 1 },
    ])
    expect(
      await own.store.query(
        'SELECT cluster, node, toString(device_id) AS id, link, metric, value, step_ms FROM samples_link ORDER BY link',
      ),
    ).toEqual([
      {
        cluster: 'c1',
        node: 'n1',
        id: '0',
        link: 'mlx5_0/1',
        metric: 'link_up',
        value: 1,
        step_ms: 60_000,
      },
      {
        cluster: 'c1',
        node: 'n1',
        id,
        link: 'nvlink/3',
        metric: 'link_errors_total',
        value: 7,
        step_ms: 60_000,
      },
    ])
    expect(
      await own.store.query('SELECT message_zh, fault_class, action, action_zh FROM events'),
    ).toEqual([
      {
        message_zh: '掉卡',
        fault_class: 'bus',
        action: 'Drain the node.',
        action_zh: '腾空节点。',
      },
    ])
    expect(
      await own.store.query('SELECT fields, missing, vanished, tool FROM collection_targets FINAL'),
    ).toEqual([
      {
        fields: { power_watts: 8 },
        missing: ['energy_joules_total'],
        vanished: JSON.stringify([{ metric: 'fan_ratio', last_ms: T0 - 1, version: '4.8' }]),
        tool: { exporter_version: '4.9' },
      },
    ])
  })

  it('a batch of an older collector (schema 1, records without the new fields) is stored as before', async () => {
    const own = await start()
    own.send(
      batch(newBoot(), 1, [
        target,
        {
          kind: 'event',
          ...at,
          device_key: null,
          type: 'clock_reanchor',
          code: '5',
          severity: 'warning',
          edge: 'point',
          message: 'm',
        },
      ]),
    )
    await own.drained()
    expect(own.ingest.shardStatus()[0]?.quarantined).toBe(0)
    expect(
      await own.store.query('SELECT outcome, fields, missing FROM collection_targets FINAL'),
    ).toEqual([{ outcome: 'ok', fields: {}, missing: [] }])
    expect(await own.store.query('SELECT type, fault_class, action FROM events')).toEqual([
      { type: 'clock_reanchor', fault_class: '', action: '' },
    ])
  })

  it('values outside their range, unknown names and impossible times are refused and counted, their neighbours stored', async () => {
    const own = await start()
    own.send(
      batch(newBoot(), 1, [
        sample(null, null, { load_1m: -4, made_up: 1, cpu_count: 64 }),
        sample(null, 'mlx5_0/1', { link_up: 9 }),
        { ...sample(null, null, { load_1m: 1 }), at_ms: T0 + 3_600_000 },
        { ...sample(null, null, { load_1m: 1 }), at_ms: 0 },
      ]),
    )
    await own.drained()
    await until('the count', () => own.ingest.shardStatus()[0]?.recordsRefused === 5)
    expect(await own.store.query('SELECT metric, value FROM samples_node')).toEqual([
      { metric: 'cpu_count', value: 64 },
    ])
    expect(await own.store.query('SELECT metric FROM samples_link')).toEqual([])
  })
})
