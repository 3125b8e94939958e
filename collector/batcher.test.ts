import { describe, expect, it } from 'vitest'
import { type Batch, type BatchDevice, bitSet } from '#schemas/batch.ts'
import type { TargetRecord } from '#schemas/records.ts'
import { decodeBatch, encodeBatch } from '#schemas/wire.ts'
import { type BatchKind, createBatcher } from './batcher.ts'
import { createClock } from './clock.ts'
import type { DeviceRow } from './merge.ts'
import { handTime } from './time.testing.ts'

const START = 1_800_000_000_000

function world() {
  const time = handTime(START)
  const sent: { batch: Batch; kind: BatchKind; afterMs: number }[] = []
  const batcher = createBatcher({
    identity: { cluster: 'c', collector: 'n1', boot: 'ab'.repeat(16), simulated: false },
    time,
    clock: createClock(time),
    onBatch: (batch, kind) => sent.push({ batch, kind, afterMs: time.wallMs() - START }),
  })
  return { time, sent, batcher }
}
const device = (name: string, more: Partial<BatchDevice> = {}): BatchDevice => ({
  keys: [`uuid:${name}`],
  node: 'n1',
  vendor: 'example',
  model: 'X',
  index: 0,
  bus: null,
  parent: null,
  partition: null,
  holder: null,
  hall: '',
  rack: '',
  pool: '',
  sources: ['a'],
  labels: {},
  ...more,
})
const row = (
  of: BatchDevice,
  second: number,
  stepMs: number,
  busy: number | null = 0.5,
): DeviceRow => ({
  device: of,
  tickMs: START + second * 1000,
  stepMs,
  metrics: { busy_ratio: busy, power_watts: 300 },
  busySource: 1,
})
const line = (n: number): TargetRecord => ({
  kind: 'target',
  at_ms: START,
  source: 'a',
  target: `t${n}`,
  node: 'n',
  outcome: 'failed',
  reason: 'x',
  detail: '数'.repeat(1024),
  since_ms: START,
  last_ok_ms: null,
  interval_ms: 1000,
  duration_ms: 1,
  bytes: 0,
  devices: 0,
  readings: 0,
  rejected: {},
  examples: Array.from({ length: 8 }, () => ({ line: '数'.repeat(512), reason: 'r' })),
})

/** value of (metric, device, tick) or null, as a reader of the batch sees it. */
function cell(batch: Batch, metric: string, key: string, tick: number): number | null {
  const position = batch.devices.findIndex((one) => one.keys[0] === `uuid:${key}`)
  const index = tick * batch.devices.length + position
  const column = batch.columns.find(({ name }) => name === metric)
  return column !== undefined && bitSet(column.valid, index) ? (column.values[index] ?? null) : null
}

describe('batches', () => {
  it('8 devices at 1 s: two ticks a message, closed as soon as both are complete', async () => {
    const { time, sent, batcher } = world()
    const devices = Array.from({ length: 8 }, (_, i) => device(`g${i}`))
    for (let second = 0; second < 6; second++) {
      batcher.add(devices.map((one) => row(one, second, 1000, second / 10)))
      await time.pass(1000)
    }
    expect(sent.map(({ batch }) => [batch.ticks, (batch.t0Ms - START) / 1000])).toEqual([
      [2, 0],
      [2, 2],
      [2, 4],
    ])
    expect(sent.map(({ afterMs }) => afterMs)).toEqual([1000, 3000, 5000])
    expect(cell(sent[1]?.batch ?? never(), 'busy_ratio', 'g3', 1)).toBeCloseTo(0.3)
    expect(sent.map(({ batch }) => batch.seq)).toEqual([1, 2, 3])
    expect(sent[2]?.batch.devices).toBe(sent[1]?.batch.devices)
  })

  it('at 10 s one tick a message, on its way within 300 ms and shared with neighbours', async () => {
    const { time, sent, batcher } = world()
    batcher.add([row(device('a'), 0, 10_000)])
    await time.pass(150)
    batcher.add([row(device('b', { node: 'n2' }), 0, 10_000)])
    await time.pass(1000)
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ afterMs: 200, kind: 'telemetry' })
    expect(sent[0]?.batch).toMatchObject({ ticks: 1, stepMs: 10_000, t0Ms: START })
    expect(sent[0]?.batch.devices.map(({ node }) => node)).toEqual(['n1', 'n2'])
  })

  it('a missing tick is absent, a missing value is null, neither is zero', async () => {
    const { time, sent, batcher } = world()
    const [a, b] = [device('a'), device('b')]
    batcher.add([row(a, 0, 1000), row(b, 0, 1000, null)])
    await time.pass(1000)
    batcher.add([row(b, 1, 1000)])
    await time.pass(2000)
    const { batch } = sent[0] ?? never()
    expect([0, 1, 2, 3].map((index) => bitSet(batch.present, index))).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect(cell(batch, 'busy_ratio', 'b', 0)).toBeNull()
    expect(cell(batch, 'power_watts', 'b', 0)).toBe(300)
    expect(cell(batch, 'power_watts', 'a', 1)).toBeNull()
  })

  it('a device that changes closes the message, so that each row has the facts of its time', () => {
    const { sent, batcher } = world()
    batcher.add([row(device('a'), 0, 1000)])
    batcher.add([row(device('a', { holder: { pod: 'p' } }), 1, 1000)])
    batcher.flush()
    expect(sent.map(({ batch }) => [batch.devices[0]?.holder, batch.ticks])).toEqual([
      [null, 1],
      [{ pod: 'p' }, 1],
    ])
  })

  it('messages stay within 512 devices and are read back as they were sent', () => {
    const { sent, batcher } = world()
    const labels = Object.fromEntries(
      Array.from({ length: 32 }, (_, i) => [`l${i}`, '芯'.repeat(80)]),
    )
    const plain = Array.from({ length: 1200 }, (_, i) => device(`p${i}`))
    const wordy = Array.from({ length: 200 }, (_, i) => device(`w${i}`, { labels }))
    batcher.add([...plain, ...wordy].map((one) => row(one, 0, 10_000)))
    batcher.flush()
    let devices = 0
    for (const { batch } of sent) {
      devices += batch.devices.length
      expect(batch.devices.length).toBeLessThanOrEqual(512)
      const bytes = encodeBatch(batch)
      expect(bytes.length).toBeLessThan(512 << 10)
      expect(decodeBatch(bytes)).toMatchObject({ ok: true, batch: { seq: batch.seq } })
    }
    expect(devices).toBe(1400)
  })

  it('at 1 s a large collector has both ticks of its devices in one message, in as many as it takes', async () => {
    const { time, sent, batcher } = world()
    const devices = Array.from({ length: 1300 }, (_, i) => device(`g${i}`, { node: `n${i >> 3}` }))
    for (let second = 0; second < 4; second++) {
      // Nodes answer over most of the second, in the same order every time.
      for (let start = 0; start < 1300; start += 130) {
        batcher.add(devices.slice(start, start + 130).map((one) => row(one, second, 1000)))
        await time.pass(90)
      }
      await time.pass(100)
    }
    expect(sent.map(({ batch }) => [batch.devices.length, batch.ticks])).toEqual([
      [512, 2],
      [512, 2],
      [276, 2],
      [512, 2],
      [512, 2],
      [276, 2],
    ])
    for (const { batch } of sent)
      for (let index = 0; index < batch.busySource.length; index++)
        expect(bitSet(batch.present, index)).toBe(true)
    expect(sent[3]?.batch.devices).toBe(sent[0]?.batch.devices)
  })

  it('a device that answers once holds its message for no longer than the others took', async () => {
    const { time, sent, batcher } = world()
    const devices = Array.from({ length: 4 }, (_, i) => device(`g${i}`))
    for (const second of [0, 1]) {
      for (const one of devices) {
        if (second === 0 || one !== devices[1]) batcher.add([row(one, second, 1000)])
        await time.pass(100)
      }
      await time.pass(600)
    }
    // First row of the last tick at 1000, three times 100 ms between the rows, and the linger.
    expect(sent).toMatchObject([{ afterMs: 1500, batch: { ticks: 2 } }])
  })

  it('the same devices in another order are the same list', async () => {
    const { time, sent, batcher } = world()
    const devices = Array.from({ length: 5 }, (_, i) => device(`g${i}`))
    for (const second of [0, 10]) {
      const order = second === 0 ? devices : devices.toReversed()
      batcher.add(order.map((one) => row(one, second, 10_000, one === devices[1] ? 0.1 : 0.9)))
      await time.pass(10_000)
    }
    expect(sent[1]?.batch.devices).toBe(sent[0]?.batch.devices)
    expect(sent.map(({ batch }) => cell(batch, 'busy_ratio', 'g1', 0))).toEqual([
      Math.fround(0.1),
      Math.fround(0.1),
    ])
  })

  it('many devices of two vendors go apart, few go together', () => {
    const vendors = (count: number) => {
      const { sent, batcher } = world()
      const both = Array.from({ length: count }, (_, i) => device(`g${i}`, { vendor: `v${i % 2}` }))
      batcher.add(both.map((one) => row(one, 0, 10_000)))
      batcher.flush()
      return sent.map(({ batch }) => new Set(batch.devices.map(({ vendor }) => vendor)).size)
    }
    expect(vendors(16)).toEqual([2])
    expect(vendors(400)).toEqual([2, 1])
  })

  it('of two rows in one cell the first is kept', () => {
    const { sent, batcher } = world()
    const a = device('a')
    batcher.add([row(a, 0, 10_000, 0.1), row(a, 0, 10_000, 0.9)])
    batcher.flush()
    expect(cell(sent[0]?.batch ?? never(), 'busy_ratio', 'a', 0)).toBeCloseTo(0.1)
  })

  it('records ride along with rows, or go alone as events after the same wait', async () => {
    const { time, sent, batcher } = world()
    batcher.addRecord(line(1))
    batcher.add([row(device('a'), 0, 10_000)])
    await time.pass(500)
    expect(sent).toMatchObject([{ kind: 'telemetry', batch: { records: [{ target: 't1' }] } }])
    batcher.addRecord(line(2))
    await time.pass(500)
    expect(sent[1]).toMatchObject({
      kind: 'events',
      batch: { seq: 2, ticks: 0, stepMs: 0, records: [{ target: 't2' }] },
    })
  })

  it('thousands of long records are split into messages that readers accept', () => {
    const { sent, batcher } = world()
    for (let n = 0; n < 500; n++) batcher.addRecord(line(n))
    batcher.flush()
    expect(sent.reduce((sum, { batch }) => sum + batch.records.length, 0)).toBe(500)
    for (const { batch } of sent) expect(decodeBatch(encodeBatch(batch)).ok).toBe(true)
  })

  it('flush leaves nothing open and no timer', () => {
    const { time, sent, batcher } = world()
    batcher.add([row(device('a'), 0, 1000), row(device('b'), 0, 10_000)])
    batcher.addRecord(line(1))
    batcher.flush()
    expect(sent).toHaveLength(2)
    expect(time.pending()).toBe(0)
    expect(batcher.stats()).toMatchObject({ rows: 2, batches: 2 })
  })
})

function never(): never {
  throw new Error('no such batch')
}
