import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import {
  messageId,
  type ResendRequest,
  shardOf,
  shardStreamName,
  telemetrySubject,
  type Watermark,
} from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import { mappingText } from './layout.ts'
import { readAll } from './log-suite.testing.ts'
import { freeBusPort, type NatsServer, startNatsServerFrom } from './nats-server.testing.ts'
import { openNatsPublisher } from './publisher.ts'
import { ensureStreams } from './streams.ts'
import { openNatsWatermarks } from './watermarks.ts'

/** A hall with a leaf server of its own: it takes batches while the way to the hub is cut. */

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const LIMITS = { maxAgeMs: 3_600_000, maxBytes: 64 << 20, shards: 2 }
const BOOT = 'ef'.repeat(16)
const NAMES = ['k-1', 'k-2', 'k-3', 'k-4', 'k-5']

let hub: NatsServer
let leaf: NatsServer
let atHub: NatsConnection
let atLeaf: NatsConnection
beforeAll(async () => {
  const [hubPort, leafPort, joint] = await Promise.all([
    freeBusPort(),
    freeBusPort(),
    freeBusPort(),
  ])
  hub = await startNatsServerFrom(
    (directory) => `
      server_name: hub
      listen: "127.0.0.1:${hubPort}"
      jetstream { store_dir: "${directory}/data", domain: hub }
      leafnodes { listen: "127.0.0.1:${joint}" }
      ${mappingText(2)}`,
    hubPort,
  )
  leaf = await startNatsServerFrom(
    (directory) => `
      server_name: leaf
      listen: "127.0.0.1:${leafPort}"
      jetstream { store_dir: "${directory}/data", domain: hall-1 }
      leafnodes { remotes: [ {
        url: "nats://127.0.0.1:${joint}"
        # The hub copies the leaf's streams; what collectors publish must not reach it a second way.
        deny_exports: [ "telemetry.v1.>", "events.v1.>", "ingest.>" ]
      } ] }
      ${mappingText(2)}`,
    leafPort,
  )
  atLeaf = await connectBus({ url: leaf.url, name: 'leaf' })
  atHub = await connectBus({ url: hub.url, name: 'hub' })
  await ensureStreams(atLeaf, LIMITS, silent)
  await ensureStreams(atHub, { ...LIMITS, leafDomains: ['hall-1'] }, silent)
  // Again, as every plimsoll migrate does: nothing to change.
  await ensureStreams(atHub, { ...LIMITS, leafDomains: ['hall-1'] }, silent)
}, 30_000)
afterAll(async () => {
  await atHub?.close()
  await atLeaf?.close()
  await leaf?.stop()
  await hub?.stop()
})

const outgoing = (collector: string, seq: number) => ({
  subject: telemetrySubject('east', collector),
  id: messageId(collector, BOOT, seq),
  payload: Buffer.from(`${collector} ${seq}`),
  boot: BOOT,
  seq,
})
const publisherOf = (collector: string) =>
  openNatsPublisher({ connect: { url: leaf.url }, cluster: 'east', collector, logger: silent })

it('the hub is away, the leaf keeps accepting; the hub is back, all arrives once, late and not skewed', async () => {
  const publishers = NAMES.map(publisherOf)
  await expect.poll(() => publishers.every((one) => one.connected())).toBe(true)
  const publish = (seq: number) =>
    Promise.all(publishers.map((one, n) => one.publish(outgoing(NAMES[n] ?? '', seq))))
  for (const seq of [1, 2, 3]) await publish(seq)
  await hub.kill()
  for (let seq = 4; seq <= 40; seq += 1) await publish(seq)
  // Sent once more, as a collector does that missed the acknowledgement.
  await publish(40)
  await hub.restart()
  for (const shard of [0, 1]) {
    const own = NAMES.filter((name) => shardOf(name, 2) === shard)
    const place = { shard, shards: 2 }
    await expect
      .poll(() => lastOf(shardStreamName(place)), { timeout: 20_000 })
      .toBe(own.length * 40)
    const log = await openJetStreamLog({ connection: atHub, logger: silent, place })
    const found = await readAll(log, 1, own.length * 40)
    const wanted = own.flatMap((name) =>
      Array.from({ length: 40 }, (_, n) => messageId(name, BOOT, n + 1)),
    )
    expect(found.map(({ id }) => id).toSorted()).toEqual(wanted.toSorted())
    expect(new Set(found.map(({ subject }) => subject))).toEqual(
      new Set(own.map((name) => telemetrySubject('east', name))),
    )
    // When the hub took it says nothing about the collector's clock.
    expect(found.every(({ sentAtMs }) => sentAtMs === null)).toBe(true)
    await log.close()
  }
  for (const one of publishers) await one.close()
}, 45_000)

it('watermarks and resend requests go from the hub to a collector at the leaf', async () => {
  const publisher = publisherOf('k-1')
  const heard: (Watermark | ResendRequest)[] = []
  publisher.onWatermark((mark) => heard.push(mark))
  publisher.onResend((request) => heard.push(request))
  await expect.poll(() => publisher.connected()).toBe(true)
  const sender = openNatsWatermarks({ connection: atHub, repeatMs: 200 })
  sender.publish('east', 'k-1', { boot: BOOT, seq: 7 })
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0)
  sender.requestResend('east', 'k-1', { boot: BOOT, fromSeq: 8, toSeq: 9 })
  await expect.poll(() => heard.some((one) => 'fromSeq' in one), { timeout: 10_000 }).toBe(true)
  await sender.close()
  await publisher.close()
}, 30_000)

async function lastOf(stream: string): Promise<number> {
  try {
    const manager = await jetstreamManager(atHub, { checkAPI: false })
    return (await manager.streams.info(stream)).state.last_seq
  } catch {
    return -1
  }
}
