import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { INTENT_STREAM_NAME, STREAM_NAME } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import { describeLog, outgoing, readAll } from './log-suite.testing.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { ensureStreams, isOlder, telemetryStream } from './streams.ts'

const LIMITS = { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }
const warnings: string[] = []
const logger: Logger = {
  info: () => undefined,
  warn: (message) => void warnings.push(message),
  error: () => undefined,
}

let server: NatsServer
let connection: NatsConnection

beforeAll(async () => {
  server = await startNatsServer()
  connection = await connectBus({ url: server.url, name: 'test' })
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

/** The log over an empty stream. */
async function open(limits = LIMITS) {
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(STREAM_NAME).catch(() => false)
  await ensureStreams(connection, limits, logger)
  return openJetStreamLog({ connection, logger })
}

describeLog('JetStream', open)

describe('streams', () => {
  it('are made as the log needs them, and making them again changes nothing', async () => {
    await open()
    await ensureStreams(connection, LIMITS, logger)
    const manager = await jetstreamManager(connection)
    const { config } = await manager.streams.info(STREAM_NAME)
    expect(config).toMatchObject({ discard: 'new', retention: 'limits', storage: 'file' })
    expect((await manager.streams.info(INTENT_STREAM_NAME)).config.subjects).toEqual([
      'intent.v1.*',
    ])
  })

  it('take over changed limits', async () => {
    await open()
    await ensureStreams(connection, { ...LIMITS, maxBytes: 32 << 20 }, logger)
    const manager = await jetstreamManager(connection)
    expect((await manager.streams.info(STREAM_NAME)).config.max_bytes).toBe(32 << 20)
  })

  it('that cannot be corrected are named with what differs', async () => {
    const manager = await jetstreamManager(connection)
    await manager.streams.delete(STREAM_NAME).catch(() => false)
    const wrong = { ...telemetryStream(LIMITS), retention: 'workqueue' as const }
    await manager.streams.add(wrong)
    await expect(ensureStreams(connection, LIMITS, logger)).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      message: expect.stringContaining('retention is "workqueue", needs "limits"'),
    })
    await manager.streams.delete(STREAM_NAME)
  })

  it('a missing stream is an answer, not a hang', async () => {
    const manager = await jetstreamManager(connection)
    await manager.streams.delete(STREAM_NAME).catch(() => false)
    await expect(openJetStreamLog({ connection, logger })).rejects.toMatchObject({
      code: 'E_BUS_AWAY',
    })
  })

  it('a full one refuses, keeps what it has, and says so', async () => {
    const log = await open({ ...LIMITS, maxBytes: 2000 })
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) => log.append(outgoing(n + 1))),
    )
    const refused = results.find(({ status }) => status === 'rejected')
    expect(refused).toMatchObject({ reason: { message: expect.stringContaining('full') } })
    expect((await readAll(log, 1, 1))[0]?.id).toBe(outgoing(1).id)
    await log.close()
  })
})

describe('servers', () => {
  it('an old one is warned about once per check', async () => {
    warnings.length = 0
    await (await open()).close()
    const isOld = isOlder(connection.info?.version ?? '0', '2.12.7')
    expect(warnings.length).toBe(isOld ? 2 : 0)
  })

  it('one without JetStream is refused', async () => {
    const plain = await startNatsServer('jetstream: disabled')
    const other = await connectBus({ url: plain.url, name: 'test' })
    await expect(ensureStreams(other, LIMITS, logger)).rejects.toMatchObject({
      code: 'E_BUS_TOO_OLD',
    })
    await other.close()
    await plain.stop()
  })

  it('versions compare by number', () => {
    expect(isOlder('2.9.9', '2.9.10')).toBe(true)
    expect(isOlder('2.9.10', '2.9.10')).toBe(false)
    expect(isOlder('2.10.0-beta.1', '2.9.10')).toBe(false)
    expect(isOlder('2.14.0', '2.12.7')).toBe(false)
    expect(isOlder('nonsense', '2.9.10')).toBe(true)
  })
})

describe('trouble', () => {
  it('a server killed and started again loses nothing and the reader goes on', async () => {
    const log = await open()
    for (let seq = 1; seq <= 5; seq += 1) await log.append(outgoing(seq))
    expect(await readAll(log, 1, 3)).toHaveLength(3)
    const epoch = log.epoch()
    await server.restart()
    const later = appendUntilTaken(log, 6)
    const ids = (await readWithRetries(log, 4, 3)).map(({ id }) => id)
    expect(ids).toEqual([4, 5, 6].map((seq) => outgoing(seq).id))
    await later
    expect(log.epoch()).toBe(epoch)
    await log.close()
  })

  it('a reader whose consumer is gone makes itself a new one', async () => {
    const log = await open()
    await log.append(outgoing(1))
    await readAll(log, 1, 1)
    const manager = await jetstreamManager(connection)
    for await (const consumer of manager.consumers.list(STREAM_NAME))
      await manager.consumers.delete(STREAM_NAME, consumer.name)
    await log.append(outgoing(2))
    expect((await readAll(log, 2, 1))[0]?.id).toBe(outgoing(2).id)
    await log.close()
  })

  it('a stream that was made anew is another epoch', async () => {
    const log = await open()
    const epoch = log.epoch()
    await log.append(outgoing(1))
    await readAll(log, 1, 1)
    await (await open()).close()
    expect(await log.last()).toBe(0)
    expect(log.epoch()).not.toBe(epoch)
    await log.close()
  })

  it('reading a long way leaves one consumer, and closing none', async () => {
    const log = await open()
    for (let seq = 1; seq <= 600; seq += 50)
      await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(outgoing(seq + n))))
    expect(await readAll(log, 1, 600)).toHaveLength(600)
    const manager = await jetstreamManager(connection)
    expect((await manager.streams.info(STREAM_NAME)).state.consumer_count).toBe(1)
    await log.close()
    expect((await manager.streams.info(STREAM_NAME)).state.consumer_count).toBe(0)
  })
})

async function appendUntilTaken(log: Awaited<ReturnType<typeof open>>, seq: number) {
  for (;;) {
    try {
      return await log.append(outgoing(seq))
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** As the ingest loop does it: E_BUS_AWAY is a reason to try again. */
async function readWithRetries(log: Awaited<ReturnType<typeof open>>, from: number, count: number) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await readAll(log, from, count)
    } catch (error) {
      if (attempt > 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
