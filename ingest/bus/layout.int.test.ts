import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterEach, describe, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { messageId, shardOf, shardStreamName, telemetrySubject } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { openJetStreamIntents } from './jetstream-intents.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import { checkDrained, checkMapping, mappingText } from './layout.ts'
import { readAll } from './log-suite.testing.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { openNatsPublisher } from './publisher.ts'
import { ensureStreams } from './streams.ts'

const BOOT = 'ab'.repeat(16)
const PASSWORD = 'for-this-test-only'
const LIMITS = { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }
const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

const servers: NatsServer[] = []
const connections: NatsConnection[] = []
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close()
  for (const server of servers.splice(0)) await server.stop()
})

async function start(config: string, user = ''): Promise<{ url: string; bus: NatsConnection }> {
  const server = await startNatsServer(config)
  servers.push(server)
  const url = server.url.replace('://', user === '' ? '://' : `://${user}:${PASSWORD}@`)
  const bus = await connectBus({ url, name: 'test' })
  connections.push(bus)
  return { url: server.url, bus }
}

const outgoing = (collector: string, seq: number) => ({
  subject: telemetrySubject('east', collector),
  id: messageId(collector, BOOT, seq),
  payload: Buffer.from(`batch ${seq}`),
  boot: BOOT,
  seq,
})

describe('a server that maps', () => {
  it('each collector lands in the one stream that we compute for it, under its own subject again', async () => {
    const { bus } = await start(mappingText(4))
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    await checkMapping(bus, 4)
    const names = Array.from({ length: 40 }, (_, n) => `collector-${n}`)
    const open = (shard: number) =>
      openJetStreamLog({ connection: bus, logger: silent, place: { shard, shards: 4 } })
    const logs = await Promise.all([0, 1, 2, 3].map(open))
    // Through any of them: the server decides.
    for (const name of names) await logs[0]?.append(outgoing(name, 1))
    for (const [shard, log] of logs.entries()) {
      const wanted = names.filter((name) => shardOf(name, 4) === shard)
      expect(await log.last(), `shard ${shard}`).toBe(wanted.length)
      const found = await readAll(log, 1, wanted.length)
      expect(found.map(({ subject }) => subject)).toEqual(
        wanted.map((name) => telemetrySubject('east', name)),
      )
      expect(log.epoch()).toContain(`PLIMSOLL_TELEMETRY_V1_4_${shard}:`)
      await log.close()
    }
    const manager = await jetstreamManager(bus)
    const { config } = await manager.streams.info(shardStreamName({ shard: 3, shards: 4 }))
    expect(config).toMatchObject({ subjects: ['ingest.4.3.>'], max_bytes: 16 << 20 })
  })

  it('asking about the mapping stores nothing', async () => {
    const { bus } = await start(mappingText(2))
    await ensureStreams(bus, { ...LIMITS, shards: 2 }, silent)
    await checkMapping(bus, 2)
    const manager = await jetstreamManager(bus)
    for (const shard of [0, 1])
      expect(
        (await manager.streams.info(shardStreamName({ shard, shards: 2 }))).state.last_seq,
      ).toBe(0)
  })

  it('permissions are asked for the mapped subject: both forms are granted, and nobody speaks for another', async () => {
    const { bus, url } = await start(
      `${mappingText(4)}
       accounts { A { jetstream: enabled, ${mappingText(4)}, users: [
         { user: ingest, password: ${PASSWORD} }
         { user: c-1, password: ${PASSWORD}, permissions {
           publish { allow: ["telemetry.v1.*.c-1", "events.v1.*.c-1", "ingest.*.*.telemetry.v1.*.c-1", "ingest.*.*.events.v1.*.c-1"] }
           subscribe { allow: ["_INBOX_c-1.>", "watermark.v1.*.c-1", "resend.v1.*.c-1", "control.v1"] } } }
       ] } }`,
      'ingest',
    )
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    const publisher = openNatsPublisher({
      connect: { url: url.replace('://', `://c-1:${PASSWORD}@`) },
      cluster: 'east',
      collector: 'c-1',
      logger: silent,
    })
    while (!publisher.connected()) await new Promise((resolve) => setTimeout(resolve, 20))
    await publisher.publish(outgoing('c-1', 1))
    await expect(publisher.publish(outgoing('c-2', 1))).rejects.toMatchObject({
      code: 'E_BUS_AWAY',
    })
    await publisher.close()
  }, 15_000)

  it('a collector that speaks into a foreign shard is not read as a collector', async () => {
    const { bus } = await start(mappingText(4))
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    const shard = (shardOf('c-1', 4) + 1) % 4
    const log = await openJetStreamLog({
      connection: bus,
      logger: silent,
      place: { shard, shards: 4 },
    })
    const subject = `ingest.4.${shard}.telemetry.v1.east.c-1`
    await log.append({ ...outgoing('c-1', 1), subject })
    expect((await readAll(log, 1, 1))[0]?.subject).toBe(subject)
    await log.close()
  })
})

describe('a server that does not fit the number of shards is refused', () => {
  it('without a mapping, and the text of the missing lines is in the error', async () => {
    const { bus } = await start('')
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    await expect(checkMapping(bus, 4)).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      message: expect.stringContaining(mappingText(4)),
    })
  })

  it('with the mapping of another number: nothing lands anywhere', async () => {
    const { bus } = await start(mappingText(8))
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    await expect(checkMapping(bus, 4)).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
    const log = await openJetStreamLog({
      connection: bus,
      logger: silent,
      place: { shard: 0, shards: 4 },
    })
    await expect(log.append(outgoing('c-1', 1))).rejects.toMatchObject({ code: 'E_BUS_AWAY' })
    await log.close()
  })

  it('with a mapping where one shard is wanted', async () => {
    const { bus } = await start(mappingText(4))
    await ensureStreams(bus, { ...LIMITS, shards: 4 }, silent)
    await ensureStreams(bus, LIMITS, silent)
    await expect(checkMapping(bus, 1)).rejects.toMatchObject({ code: 'E_CONFIG_INVALID' })
  })

  it('one shard needs no mapping', async () => {
    const { bus } = await start('')
    await ensureStreams(bus, LIMITS, silent)
    await checkMapping(bus, 1)
    await checkDrained(bus, 1, silent)
  })
})

it('another number of shards begins only when what the one before holds has been read', async () => {
  const { bus } = await start('')
  await ensureStreams(bus, LIMITS, silent)
  await ensureStreams(bus, { ...LIMITS, shards: 2 }, silent)
  const log = await openJetStreamLog({ connection: bus, logger: silent })
  for (const seq of [1, 2, 3]) await log.append(outgoing('c-1', seq))
  await expect(checkDrained(bus, 2, silent)).rejects.toMatchObject({
    code: 'E_SHARDS_CHANGED',
    message: expect.stringMatching(/3 messages.*PLIMSOLL_SHARDS=1/),
  })
  const intents = await openJetStreamIntents({ connection: bus, shard: 0 })
  const body = { shard: 0, epoch: log.epoch(), first: 1, leftOut: [] }
  const first = await intents.write({ ...body, last: 2 }, null)
  await expect(checkDrained(bus, 2, silent)).rejects.toThrow(/holds 1 messages/)
  await intents.write({ ...body, last: 3 }, first)
  await checkDrained(bus, 2, silent)
  // The other layout's intents are its own, so the way back is judged as well.
  const other = await openJetStreamIntents({ connection: bus, shard: 0, shards: 2 })
  expect(await other.last()).toBeNull()
  await log.close()
})
