import { setTimeout } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { STREAM_NAME } from '#schemas/subjects.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { connectBus } from './connect.ts'
import type { Intent, IntentBody, IntentStore } from './intents.ts'
import { openJetStreamIntents } from './jetstream-intents.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import type { Log } from './log.ts'
import { outgoing } from './log-suite.testing.ts'
import { type NatsCluster, startNatsCluster } from './nats-cluster.testing.ts'

/** Three servers, three copies of every stream: what was acknowledged survives the loss of any one of them. */

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const MESSAGES = 3_000

let cluster: NatsCluster
let connection: NatsConnection
let reading: NatsConnection
beforeAll(async () => {
  cluster = await startNatsCluster({ maxAgeMs: 3_600_000, maxBytes: 64 << 20, replicas: 3 })
  connection = await connectBus({ url: cluster.url, name: 'collectors' })
  reading = await connectBus({ url: cluster.url, name: 'ingest' })
}, 60_000)
afterAll(async () => {
  await reading?.close()
  await connection?.close()
  await cluster?.stop()
}, 30_000)

/** Index of the server that leads the stream of telemetry. */
async function leader(): Promise<number> {
  for (;;) {
    try {
      const manager = await jetstreamManager(reading, { checkAPI: false })
      const { cluster: placed } = await manager.streams.info(STREAM_NAME)
      const index = Number(/^n(\d)$/.exec(placed?.leader ?? '')?.[1])
      if (Number.isInteger(index)) return index
    } catch {
      // An election is on.
    }
    await setTimeout(100)
  }
}

async function appendAll(log: Log, lanes: number): Promise<void> {
  let next = 1
  const lane = async () => {
    for (let seq = next++; seq <= MESSAGES; seq = next++) {
      for (;;) {
        try {
          await log.append(outgoing(seq))
          break
        } catch {
          await setTimeout(50)
        }
      }
      // Slow enough to be in the middle of it when servers die.
      if (seq % 10 === 0) await setTimeout(15)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** Every message in order, as the ingest loop reads: away is a reason to try again. */
async function readUntil(log: Log, count: number): Promise<string[]> {
  const ids: string[] = []
  let position = 1
  while (ids.length < count) {
    try {
      // As ingest does between inserts; a stream that seems shorter would begin a new life.
      const last = await log.last()
      expect(last).toBeGreaterThanOrEqual(position - 1)
      const found = await log.read(position, 256, 500)
      ids.push(...found.map(({ id }) => id))
      position = (found.at(-1)?.position ?? position - 1) + 1
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'E_BUS_AWAY')) throw error
      await setTimeout(100)
    }
  }
  return ids
}

it('a follower and then the leader are killed under load: nothing is lost, nothing is there twice', async () => {
  const writer = await openJetStreamLog({ connection, logger: silent })
  const reader = await openJetStreamLog({ connection: reading, logger: silent })
  const epoch = reader.epoch()
  const read = readUntil(reader, MESSAGES)
  const written = appendAll(writer, 16)
  await setTimeout(500)
  const follower = ((await leader()) + 1) % 3
  await cluster.servers[follower]?.kill()
  await setTimeout(1_000)
  await cluster.servers[follower]?.restart()
  await setTimeout(1_500)
  const leading = await leader()
  await cluster.servers[leading]?.kill()
  await setTimeout(1_000)
  await cluster.servers[leading]?.restart()
  await written
  const ids = await read
  const wanted = Array.from({ length: MESSAGES }, (_, n) => outgoing(n + 1).id)
  expect(ids.toSorted()).toEqual(wanted.toSorted())
  // A restarted server may elect for some time.
  await expect.poll(() => reader.last(), { timeout: 45_000 }).toBe(MESSAGES)
  expect(reader.epoch()).toBe(epoch)
  await writer.close()
  await reader.close()
}, 120_000)

/** As ingest does: away is a reason to try again, for a server that has just come back may still elect. */
async function writeUntil(
  store: IntentStore,
  body: IntentBody,
  previous: Intent | null,
): Promise<Intent> {
  for (;;) {
    try {
      return await store.write(body, previous)
    } catch (error) {
      if (!(error instanceof PlimsollError && error.code === 'E_BUS_AWAY')) throw error
      await setTimeout(200)
    }
  }
}

it('intents go on by compare-and-set while a server is away', async () => {
  const intents = await openJetStreamIntents({ connection: reading, shard: 0 })
  const zombie = await openJetStreamIntents({ connection, shard: 0 })
  const body = { shard: 0, epoch: 'e', first: 1, last: 2, leftOut: [] }
  const first = await writeUntil(intents, body, null)
  await cluster.servers[await leader()]?.kill()
  const second = await writeUntil(intents, { ...body, first: 3, last: 4 }, first)
  expect(second.revision).toBeGreaterThan(first.revision)
  await expect(writeUntil(zombie, { ...body, first: 3, last: 9 }, first)).rejects.toMatchObject({
    code: 'E_INTENT_TAKEN',
  })
}, 120_000)
