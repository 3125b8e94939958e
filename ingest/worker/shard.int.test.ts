import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { createIngest } from '../ingest.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import {
  asMessage,
  memoryIntents,
  newBoot,
  silent,
  testBatch,
  testDevice,
  until,
} from './ingest.testing.ts'

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

const start = async () => {
  pipeline = await startPipeline(engine, T0)
  return pipeline
}
const cells = { busy_ratio: [[0.5]] }
const devices = [testDevice('d')]
const batch = (boot: string, seq: number, more = {}) => ({
  boot,
  seq,
  t0Ms: T0 + seq * 10_000,
  devices,
  cells,
  ...more,
})
const count = async (own: Pipeline, sql: string) => {
  const [row] = await own.store.query(`SELECT toUInt32(count()) AS n FROM ${sql}`)
  return typeof row === 'object' && row !== null && 'n' in row ? row.n : null
}

describe('exactly once', () => {
  it('replays the last intent after a crash without storing anything twice', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(batch(boot, 1), batch(boot, 2), batch(boot, 3))
    await own.drained()
    // As if the process had died before `batches` was written: the replay must do the rest.
    await own.store.command('TRUNCATE TABLE batches')
    await own.store.command('TRUNCATE TABLE insert_notes')
    await own.restart()
    await own.drained()
    expect(own.ingest.health().metrics['ingest_replays_total']).toBe(1)
    expect(await count(own, 'samples')).toBe(3)
  })

  it('leaves out duplicates, also those sent again long after, and tells the watermark again', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(batch(boot, 1), batch(boot, 1), batch(boot, 2))
    await own.drained()
    await own.restart()
    own.handle.heard.watermarks.length = 0
    own.send(batch(boot, 1), batch(boot, 2))
    await own.drained()
    expect(await count(own, 'samples')).toBe(2)
    await until('the watermark', () => own.handle.heard.watermarks.length > 0)
    expect(own.handle.heard.watermarks.at(-1)).toEqual({
      collector: 'k1',
      watermark: { boot, seq: 2 },
    })
  })

  it('refuses a second worker on the same shard: its next intent is taken', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(batch(boot, 1))
    await own.drained()
    const second = createIngest({
      store: own.store,
      shards: [own.handle],
      log: silent,
      clock: () => own.clock.nowMs,
      options: { settles: false },
    })
    await second.start()
    own.send(batch(boot, 2), batch(boot, 3))
    await until('one of the two to be refused', () =>
      [own.ingest, second].some((ingest) => ingest.health().state === 'failed'),
    )
    await until('all rows', async () => (await count(own, 'samples')) === 3)
    await second.stop()
    expect(await count(own, 'samples')).toBe(3)
  })

  it('ends for good when its shard was taken, says why, and settles no more', async () => {
    const own = await start()
    const interval = {
      kind: 'capacity',
      device_id: deviceId('uuid:d'),
      from_at: new Date(T0).toISOString(),
      to_at: '2100-01-01T00:00:00.000Z',
      version: 1,
    }
    await own.store.insertJson('intervals', [interval], 'accept')
    await own.restart()
    await own.settledUntil(T0 + 80_000, T0 + 60_000)
    const { intents } = own.handle
    const body = { shard: 0, epoch: 'life-1', first: 1, last: 1, leftOut: [] }
    await intents.write(body, await intents.last())
    own.send(batch(newBoot(), 1))
    expect(await own.ingest.ended).toMatchObject({ code: 'E_INTENT_TAKEN' })
    expect(own.ingest.health().state).toBe('failed')
    own.clock.nowMs = T0 + 600_000
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(own.ingest.status().settled_until_ms).toBe(T0 + 60_000)
  })

  it('reads a log that lost its tail, or was made anew, from its beginning, and stores the new messages', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(batch(boot, 1), batch(boot, 2), batch(boot, 3))
    await own.drained()
    const [first] = own.handle.log.messages
    own.handle.log.messages = first === undefined ? [] : [first]
    await own.restart()
    // Positions 2 and 3 now mean other messages than before.
    own.send(batch(boot, 4), batch(boot, 5))
    await own.drained()
    await until('the new messages', async () => (await count(own, 'samples')) === 5)
    expect(own.ingest.health().metrics['ingest_log_alarms_total']).toBe(1)

    own.handle.log.life = 'life-2'
    own.handle.log.messages = []
    await own.restart()
    own.send(batch(boot, 5), batch(boot, 6))
    await until('the new log', async () => (await count(own, 'samples')) === 6)
  })

  it('stores new messages at positions of lost ones, also when the intents of those were lost with them', async () => {
    const own = await start()
    const boot = newBoot()
    own.send(batch(boot, 1))
    await own.drained()
    const early = await own.handle.intents.last()
    own.send(batch(boot, 2))
    await own.drained()
    // A power cut takes the newest writes of both streams: nothing in them tells of the second insert any more.
    own.handle.log.messages.length = 1
    Object.assign(own.handle, { intents: memoryIntents(early) })
    await own.restart()
    own.send(batch(boot, 3))
    await own.drained()
    expect(await count(own, 'samples')).toBe(3)
  })

  it('waits for a store that is away and loses nothing', async () => {
    const own = await start()
    engine.kill()
    const boot = newBoot()
    own.send(batch(boot, 1), batch(boot, 2))
    await own.drained()
    expect(await count(own, 'samples')).toBe(2)
    expect(own.ingest.health().state).toBe('ok')
  })
})

describe('what comes from outside', () => {
  it('goes to quarantine when it is poison, and its neighbours land', async () => {
    const own = await start()
    const boot = newBoot()
    const good = (seq: number) => asMessage(testBatch(batch(boot, seq)))
    const { log } = own.handle
    log.add(good(1))
    log.add({ ...good(2), payload: Uint8Array.from([1, 2, 3]) })
    log.add({ ...good(3), subject: 'telemetry.v1.c1.somebody-else' })
    log.add({ ...good(4), id: `k1:${boot}:99` })
    log.add({ ...good(5), subject: 'nonsense' })
    log.add(asMessage(testBatch(batch(boot, 6)), { receivedAtMs: T0 + 60_000 - 61_000 }))
    log.add(asMessage(testBatch(batch(boot, 7)), { receivedAtMs: T0 + 31 * 86_400_000 }))
    log.add(good(8))
    await own.drained()
    expect(await own.store.query('SELECT reason FROM quarantine ORDER BY position')).toEqual(
      [
        'too_short',
        'subject_mismatch',
        'id_mismatch',
        'bad_subject',
        'time_future',
        'time_past',
      ].map((reason) => ({ reason })),
    )
    expect(await count(own, 'samples')).toBe(2)
    const [bytes] = await own.store.query(
      "SELECT base64Decode(bytes) = '\\x01\\x02\\x03' AS same FROM quarantine ORDER BY position LIMIT 1",
    )
    expect(bytes).toEqual({ same: 1 })
  })

  it('moves samples of a collector whose clock is off by more than 30 s, and flags them', async () => {
    const own = await start()
    const boot = newBoot()
    const { log } = own.handle
    log.add(
      asMessage(testBatch(batch(boot, 1)), { receivedAtMs: T0 + 10_000, sentAtMs: T0 + 39_000 }),
    )
    log.add(
      asMessage(testBatch(batch(boot, 2)), { receivedAtMs: T0 + 3_620_000, sentAtMs: T0 + 20_000 }),
    )
    // Six hours in the spool: sent late, by a clock that is right.
    log.add(asMessage(testBatch(batch(boot, 3)), { receivedAtMs: T0 + 21_600_000 }))
    await own.drained()
    const rows = await own.store.query(
      'SELECT toUnixTimestamp64Milli(ts) AS ms, flags FROM samples ORDER BY log_position',
    )
    expect(rows).toEqual([
      { ms: String(T0 + 10_000), flags: 0 },
      { ms: String(T0 + 20_000 + 3_600_000), flags: 1 },
      { ms: String(T0 + 30_000), flags: 0 },
    ])
  })

  it('keeps identities before samples: a later key of the same device is no new device', async () => {
    const own = await start()
    const boot = newBoot()
    const bySlot = testDevice('x', { keys: ['slot:n1/0000:01/0'] })
    const byBoth = testDevice('x', { keys: ['uuid:x', 'slot:n1/0000:01/0'] })
    own.send(batch(boot, 1, { devices: [bySlot] }), batch(boot, 2, { devices: [byBoth] }))
    await own.drained()
    await own.restart()
    own.send(batch(boot, 3, { devices: [testDevice('x')] }))
    await own.drained()
    expect(await own.store.query('SELECT uniqExact(device_id) AS n FROM samples')).toEqual([
      { n: '1' },
    ])
    expect(await own.store.query('SELECT key FROM device_aliases ORDER BY key')).toEqual([
      { key: 'slot:c1/n1/0000:01/0' },
      { key: 'uuid:x' },
    ])
  })

  it('writes a device once and again only when something changes, restarts included', async () => {
    const own = await start()
    const boot = newBoot()
    const held = { holder: { tenant: 'a', job: 'j1' }, labels: { driver: '550', zone: 'x' } }
    const partition = { id: 'gi-1', profile: '1g.10gb', share: 1 / 7 }
    const one = testDevice('x', { ...held, partition, sources: ['a', 'b'] })
    own.send(batch(boot, 1, { devices: [one] }), batch(boot, 2, { devices: [{ ...one }] }))
    await own.drained()
    await own.restart()
    own.send(batch(boot, 3, { devices: [{ ...one, sources: ['b', 'a'] }] }))
    await own.drained()
    expect(await count(own, 'devices')).toBe(1)
    own.send(batch(boot, 4, { devices: [{ ...one, holder: { tenant: 'b' } }] }))
    await own.drained()
    expect(
      await own.store.query(
        'SELECT toUnixTimestamp64Milli(at) AS at, tenant, job FROM devices ORDER BY at',
      ),
    ).toEqual([
      { at: String(T0 + 10_000), tenant: 'a', job: 'j1' },
      { at: String(T0 + 40_000), tenant: 'b', job: '' },
    ])
  })

  it('asks again for a skipped range, and passes over what the collector gave up', async () => {
    const own = await start()
    const boot = newBoot()
    const { heard } = own.handle
    own.send(batch(boot, 1), batch(boot, 4))
    await own.drained()
    own.clock.nowMs += 6_000
    await until('the request', () => heard.resends.length > 0)
    expect(heard.resends[0]).toEqual({ collector: 'k1', request: { boot, fromSeq: 2, toSeq: 3 } })
    const gap = {
      kind: 'gap' as const,
      at_ms: T0 + 50_000,
      boot,
      from_seq: 1,
      to_seq: 3,
      from_ms: T0,
      to_ms: T0 + 30_000,
      reason: 'spool_full' as const,
    }
    own.send(batch(boot, 5, { records: [gap] }))
    await until('the watermark to pass', () => heard.watermarks.at(-1)?.watermark.seq === 5)
    const events = await own.store.query("SELECT code, message FROM events WHERE type = 'gap'")
    expect(events).toEqual([
      { code: 'spool_full', message: expect.stringContaining('2 batches lost (2 to 3 of') },
    ])
    heard.watermarks.length = 0
    await own.restart()
    await until('the watermark after a restart', () => heard.watermarks.at(-1)?.watermark.seq === 5)
  })
})
