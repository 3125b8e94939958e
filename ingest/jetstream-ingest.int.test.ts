import { afterAll, beforeAll, expect, it } from 'vitest'
import { watermarkSubject } from '#schemas/subjects.ts'
import { connectBus } from './bus/connect.ts'
import { openJetStreamIntents } from './bus/jetstream-intents.ts'
import { openJetStreamLog } from './bus/jetstream-log.ts'
import { type NatsServer, startNatsServer } from './bus/nats-server.testing.ts'
import { ensureStreams } from './bus/streams.ts'
import { openNatsWatermarks } from './bus/watermarks.ts'
import { startTestEngine, type TestEngine } from './engine/engine.testing.ts'
import { createIngest } from './ingest.ts'
import {
  asMessage,
  newBoot,
  silent,
  testBatch,
  testDevice,
  until,
} from './worker/ingest.testing.ts'

let engine: TestEngine
let server: NatsServer
let connection: Awaited<ReturnType<typeof connectBus>>
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  server = await startNatsServer()
  connection = await connectBus({ url: server.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, silent)
})
afterAll(async () => {
  await connection.close()
  await server.stop()
  await engine.stop()
})

/** Ingest over the real bus, as main.ts connects it. */
async function start() {
  const log = await openJetStreamLog({ connection, logger: silent })
  const watermarks = openNatsWatermarks({ connection })
  const intents = await openJetStreamIntents({ connection, shard: 0 })
  const ingest = createIngest({
    store: engine.store,
    shards: [{ shard: 0, name: 'jetstream-0', log, intents, watermarks }],
    log: silent,
  })
  await ingest.start()
  return {
    ingest,
    log,
    async stop() {
      await ingest.stop()
      await watermarks.close()
      await log.close()
    },
  }
}

it('carries batches from JetStream into the store once, and tells the collector, through a restart', async () => {
  const boot = newBoot()
  const stepMs = 10_000
  const nowMs = Math.floor(Date.now() / stepMs) * stepMs - 600_000
  const devices = [testDevice('a'), testDevice('b')]
  const heard: unknown[] = []
  const watching = connection.subscribe(watermarkSubject('c1', 'k1'), {
    callback: (_, message) => void heard.push(message.json()),
  })
  let running = await start()
  const publish = async (seq: number) => {
    const t0Ms = nowMs + seq * stepMs
    const batch = testBatch({ boot, seq, t0Ms, devices, cells: { busy_ratio: [[0.5, 1]] } })
    const { subject, id, payload } = asMessage(batch)
    await running.log.append({ subject, id, payload, boot, seq })
  }
  for (let seq = 1; seq <= 20; seq += 1) await publish(seq)
  await until('the watermark', () => heard.some((mark) => sameMark(mark, { boot, seq: 20 })))
  await running.stop()
  running = await start()
  for (let seq = 21; seq <= 30; seq += 1) await publish(seq)
  await until('the next watermark', () => heard.some((mark) => sameMark(mark, { boot, seq: 30 })))
  const rows = await engine.store.query(
    'SELECT toUInt32(count()) AS total, toUInt32(uniqExact(device_id, ts)) AS different FROM samples',
  )
  expect(rows).toEqual([{ total: 60, different: 60 }])
  expect(running.ingest.health().state).toBe('ok')
  await until('the lag', () => running.ingest.status().lag_messages === 0)
  expect(running.ingest.status()).toMatchObject({
    lag_messages: 0,
    inserted_rows: 20,
    quarantined: 0,
  })
  watching.unsubscribe()
  await running.stop()
})

const sameMark = (mark: unknown, expected: unknown) =>
  JSON.stringify(mark) === JSON.stringify(expected)
