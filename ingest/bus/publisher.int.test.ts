import { setTimeout } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { type ResendRequest, type Watermark, watermarkSubject } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { openDirectBus } from './direct-publisher.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import { outgoing, readAll } from './log-suite.testing.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { type NatsPublisher, openNatsPublisher } from './publisher.ts'
import { ensureStreams } from './streams.ts'
import { openNatsWatermarks } from './watermarks.ts'

const BOOT = 'cd'.repeat(16)
const PASSWORD = 'for-this-test-only'
/** What an operator grants: ingest everything, a collector exactly its own subjects. */
const USERS = `
accounts { A { jetstream: enabled, users: [
  { user: ingest, password: ${PASSWORD} }
  { user: c-1, password: ${PASSWORD}, permissions {
    publish { allow: ["telemetry.v1.east.c-1", "events.v1.east.c-1"] }
    subscribe { allow: ["_INBOX_c-1.>", "watermark.v1.east.c-1", "resend.v1.east.c-1"] } } }
] } }`

const logged: string[] = []
const log = (message: string) => void logged.push(message)
const logger: Logger = { info: log, warn: log, error: log }

let server: NatsServer
let ingest: NatsConnection
const opened: NatsPublisher[] = []

const urlOf = (user: string) => server.url.replace('://', `://${user}:${PASSWORD}@`)
function open(url = urlOf('c-1'), collector = 'c-1'): NatsPublisher {
  const publisher = openNatsPublisher({ connect: { url }, cluster: 'east', collector, logger })
  opened.push(publisher)
  return publisher
}

/** Waits until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; !isSo(); n += 1) {
    if (n > 400) throw new Error('it did not come true in 20 s')
    await setTimeout(50)
  }
}

beforeAll(async () => {
  server = await startNatsServer(USERS)
  ingest = await connectBus({ url: urlOf('ingest'), name: 'ingest' })
  await ensureStreams(ingest, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, logger)
})
afterEach(async () => {
  for (const publisher of opened.splice(0)) await publisher.close()
})
afterAll(async () => {
  await ingest.close()
  await server.stop()
})

describe('a collector with nothing but its own subjects', () => {
  it('publishes, many at once, each message once', async () => {
    const publisher = open()
    await until(() => publisher.connected())
    const start = (await (await openJetStreamLog({ connection: ingest, logger })).last()) + 1
    const messages = Array.from({ length: 500 }, (_, n) => outgoing(n + 1))
    await Promise.all(messages.map((message) => publisher.publish(message)))
    await publisher.publish(outgoing(1))
    const stream = await openJetStreamLog({ connection: ingest, logger })
    const found = await readAll(stream, start, 500)
    expect(new Set(found.map(({ id }) => id)).size).toBe(500)
    expect(await stream.last()).toBe(start + 499)
    await stream.close()
  })

  it('cannot speak as another, and the log says why', async () => {
    const publisher = open()
    await until(() => publisher.connected())
    logged.length = 0
    const foreign = { ...outgoing(1), subject: 'telemetry.v1.east.c-2' }
    await expect(publisher.publish(foreign)).rejects.toMatchObject({ code: 'E_BUS_AWAY' })
    expect(logged).toContain('the NATS server refused something')
  })

  it('hears its watermarks, again and again, and resend requests', async () => {
    const publisher = open()
    const watermarks: Watermark[] = []
    const resends: ResendRequest[] = []
    publisher.onWatermark((watermark) => watermarks.push(watermark))
    publisher.onResend((request) => resends.push(request))
    const sender = openNatsWatermarks({ connection: ingest, repeatMs: 100 })
    // Said before the collector was there: the repetition reaches it.
    sender.publish('east', 'c-1', { boot: BOOT, seq: 7 })
    sender.publish('east', 'c-1', { boot: BOOT, seq: 5 })
    sender.publish('east', 'c-2', { boot: BOOT, seq: 99 })
    await until(() => watermarks.length >= 3)
    expect(new Set(watermarks.map(({ seq }) => seq))).toEqual(new Set([7]))
    sender.requestResend('east', 'c-1', { boot: BOOT, fromSeq: 2, toSeq: 4 })
    await until(() => resends.length > 0)
    expect(resends).toEqual([{ boot: BOOT, fromSeq: 2, toSeq: 4 }])
    await sender.close()
  })

  it('a message it cannot understand is counted, not believed', async () => {
    const publisher = open()
    const watermarks: Watermark[] = []
    publisher.onWatermark((watermark) => watermarks.push(watermark))
    await until(() => publisher.connected())
    await setTimeout(100)
    const subject = watermarkSubject('east', 'c-1')
    const wrong = ['', '{', '{"boot":"x","seq":1}', `{"boot":"${BOOT}","seq":-1}`, 'x'.repeat(5000)]
    for (const text of wrong) ingest.publish(subject, text)
    await until(() => publisher.refusedMessages() === wrong.length)
    expect(watermarks).toEqual([])
  })
})

describe('a bus that comes and goes', () => {
  it('a server killed in the middle: publishing fails at once, then goes on, nothing is lost or doubled', async () => {
    const publisher = open()
    await until(() => publisher.connected())
    const stream = await openJetStreamLog({ connection: ingest, logger })
    const start = (await stream.last()) + 1
    const messages = Array.from({ length: 2000 }, (_, n) => outgoing(1000 + n))
    const publishing = Promise.all(messages.map((message) => untilTaken(publisher, message)))
    await setTimeout(20)
    await server.restart()
    await publishing
    await until(() => publisher.connected())
    await stream.close()
    const after = await openAgain()
    const ids = (await readAll(after, start, 2000)).map(({ id }) => id)
    expect(ids.toSorted()).toEqual(messages.map(({ id }) => id).toSorted())
    expect(await after.last()).toBe(start + 1999)
    await after.close()
  })

  it('a collector that starts before its bus connects later', async () => {
    const publisher = open('nats://127.0.0.1:1')
    await expect(publisher.publish(outgoing(1))).rejects.toMatchObject({ code: 'E_BUS_AWAY' })
    expect(publisher.connected()).toBe(false)
  })

  it('a wrong password is logged and tried again, and close does not hang', async () => {
    logged.length = 0
    const publisher = open(server.url.replace('://', '://c-1:wrong@'))
    await until(() => logged.includes('no bus yet: batches wait in the spool'))
    await publisher.close()
  })

  it('a name with a dot is refused before it becomes a subject', () => {
    expect(() => open(server.url, 'c.>')).toThrow(/no name/)
  })
})

it('inside one process, watermarks and requests reach only the collector they are for', async () => {
  const { publisher, watermarks } = openDirectBus({ cluster: 'east', collector: 'c-1' })
  const seen: unknown[] = []
  publisher.onWatermark((watermark) => seen.push(watermark))
  const leave = publisher.onResend((request) => seen.push(request))
  watermarks.publish('east', 'c-1', { boot: BOOT, seq: 3 })
  watermarks.publish('east', 'c-2', { boot: BOOT, seq: 9 })
  watermarks.requestResend('east', 'c-1', { boot: BOOT, fromSeq: 1, toSeq: 2 })
  leave()
  watermarks.requestResend('east', 'c-1', { boot: BOOT, fromSeq: 5, toSeq: 6 })
  expect(seen).toEqual([
    { boot: BOOT, seq: 3 },
    { boot: BOOT, fromSeq: 1, toSeq: 2 },
  ])
  expect(publisher.connected()).toBe(true)
  await publisher.publish(outgoing(1))
})

async function untilTaken(publisher: NatsPublisher, message: ReturnType<typeof outgoing>) {
  for (;;) {
    try {
      return await publisher.publish(message)
    } catch {
      await setTimeout(100)
    }
  }
}

async function openAgain() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await openJetStreamLog({ connection: ingest, logger })
    } catch (error) {
      if (attempt > 50) throw error
      await setTimeout(100)
    }
  }
}
