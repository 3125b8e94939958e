import { setTimeout } from 'node:timers/promises'
import { headers, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FleetEvent } from '#schemas/alerts/ports.ts'
import { ANNOUNCEMENT_BYTES_MAX } from '#schemas/announcement.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { Logger } from '#schemas/role.ts'
import { SENT_AT_HEADER } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { type NatsEventFeed, openNatsEventFeed } from './event-feed.ts'
import { openJetStreamLog } from './jetstream-log.ts'
import { outgoing } from './log-suite.testing.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { type NatsPublisher, openNatsPublisher } from './publisher.ts'
import { ensureStreams } from './streams.ts'

const PASSWORD = 'for-this-test-only'
const own = (name: string) =>
  `"telemetry.v1.*.${name}", "events.v1.*.${name}", "ingest.*.*.telemetry.v1.*.${name}", "ingest.*.*.events.v1.*.${name}"`
const hears = (name: string) =>
  `"_INBOX_${name}.>", "watermark.v1.*.${name}", "resend.v1.*.${name}", "control.v1"`
/** c-1 as deploy/nats.conf has it, `old` as it was before announcements. */
const USERS = `
accounts { A { jetstream: enabled, users: [
  { user: ingest, password: ${PASSWORD} }
  { user: c-1, password: ${PASSWORD}, permissions {
    publish { allow: [${own('c-1')}, "announce.v1.*.c-1"] }
    subscribe { allow: [${hears('c-1')}] } } }
  { user: old, password: ${PASSWORD}, permissions {
    publish { allow: [${own('old')}] }
    subscribe { allow: [${hears('old')}] } } }
] } }`

const logged: string[] = []
const log = (message: string) => void logged.push(message)
const logger: Logger = { info: log, warn: log, error: log }

let server: NatsServer
let ingest: NatsConnection
let feed: NatsEventFeed
const heard: FleetEvent[] = []
const opened: NatsPublisher[] = []

const urlOf = (user: string) => server.url.replace('://', `://${user}:${PASSWORD}@`)
async function open(collector: string, user = collector): Promise<NatsPublisher> {
  const connect = { url: urlOf(user) }
  const publisher = openNatsPublisher({ connect, cluster: 'east', collector, logger })
  opened.push(publisher)
  await expect.poll(() => publisher.connected(), { timeout: 10_000 }).toBe(true)
  return publisher
}

const event = (more: Partial<EventRecord> = {}): EventRecord => ({
  kind: 'event',
  at_ms: Date.now(),
  node: 'n1',
  device_key: 'slot:n1/0/0',
  source: 'npu-smi',
  type: 'health',
  code: '8C03A000',
  severity: 'critical',
  edge: 'open',
  message: 'leak',
  ...more,
})
/** Nothing more is under way. */
async function quiet(): Promise<void> {
  await ingest.flush()
  await setTimeout(150)
}

beforeAll(async () => {
  server = await startNatsServer(USERS)
  ingest = await connectBus({ url: urlOf('ingest'), name: 'ingest' })
  await ensureStreams(ingest, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, logger)
  const connection = await connectBus({ url: urlOf('ingest'), name: 'alerts' })
  const deviceOf = (cluster: string, key: string | null) =>
    key === null ? '' : `${cluster} ${key}`
  feed = openNatsEventFeed({ connection, deviceOf, log: logger })
  feed.subscribe((events) => heard.push(...events))
  await connection.flush()
}, 30_000)
afterAll(async () => {
  feed.stop()
  for (const publisher of opened) await publisher.close()
  await ingest.close()
  await server.stop()
})

it('what a collector announces is heard at once, under the names of its subject, and kept by no stream', async () => {
  const publisher = await open('c-1')
  const stream = await openJetStreamLog({ connection: ingest, logger })
  const before = await stream.last()
  const found = event()
  const startedMs = performance.now()
  publisher.announce?.([found, event({ device_key: null })])
  await expect.poll(() => heard.length, { interval: 5 }).toBe(2)
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  const { kind: _event, device_key: _key, ...rest } = found
  const from = { cluster: 'east', collector: 'c-1' }
  expect(heard[0]).toEqual({ ...rest, ...from, device: 'east slot:n1/0/0' })
  expect(heard[1]?.device).toBe('')
  expect(await stream.last()).toBe(before)
  await stream.close()
  heard.length = 0
})

it('many at once are messages of bounded size', async () => {
  const publisher = await open('c-1')
  const long = '热'.repeat(1_024)
  const many = Array.from({ length: 200 }, (_, n) =>
    event({ code: String(n), message: long, message_zh: long, action: long, action_zh: long }),
  )
  publisher.announce?.(many)
  await expect.poll(() => heard.length).toBe(200)
  expect(heard.map(({ code }) => code)).toEqual(many.map(({ code }) => code))
  heard.length = 0
})

it('nobody speaks as another', async () => {
  const thief = await open('c-2', 'c-1')
  logged.length = 0
  thief.announce?.([event()])
  await expect.poll(() => logged.join('\n')).toContain('may not publish announce.v1.east.c-2')
  await quiet()
  expect(heard).toEqual([])
})

it('permissions of before cost the fast way and nothing else', async () => {
  const publisher = await open('old')
  logged.length = 0
  publisher.announce?.([event()])
  await expect.poll(() => logged.length).toBe(1)
  publisher.announce?.([event()])
  const message = { ...outgoing(1), subject: 'telemetry.v1.east.old' }
  await publisher.publish(message)
  await quiet()
  expect(logged).toEqual(['this user may not publish announce.v1.east.old'])
  expect(heard).toEqual([])
})

it('what does not keep to the form, is too long, of another time or too much is not taken', async () => {
  const say = (body: unknown, more: { subject?: string; sentAt?: number | null } = {}) => {
    const { subject = 'announce.v1.east.c-9', sentAt = Date.now() } = more
    const sent = headers()
    if (sentAt !== null) sent.set(SENT_AT_HEADER, String(sentAt))
    ingest.publish(subject, typeof body === 'string' ? body : JSON.stringify(body), {
      headers: sent,
    })
  }
  const good = { events: [event()] }
  const bad: readonly Parameters<typeof say>[] = [
    ['{'],
    [{ events: [] }],
    [{ events: [{ ...event(), cluster: 'west' }] }],
    [{ ...good, cluster: 'west' }],
    [{ events: Array.from({ length: 65 }, () => event()) }],
    [`${JSON.stringify(good)}${' '.repeat(ANNOUNCEMENT_BYTES_MAX)}`],
    [good, { sentAt: null }],
    [good, { sentAt: Date.now() - 60_000 }],
    [{ events: [event({ at_ms: Date.now() + 120_000 })] }],
    [good, { subject: 'announce.v1.ea$st.c-9' }],
  ]
  const before = feed.refused()
  for (const [body, more] of bad) say(body, more)
  await expect.poll(() => feed.refused()).toBe(before + bad.length)
  expect(heard).toEqual([])
  for (let n = 0; n < 1_000; n += 1) say(good, { subject: 'announce.v1.east.loud' })
  say({ events: [event()] }, { subject: 'announce.v1.east.calm' })
  await expect.poll(() => heard.some(({ collector }) => collector === 'calm')).toBe(true)
  expect(heard.length).toBeLessThan(800)
  expect(heard.length + feed.refused() - before - bad.length).toBe(1_001)
  heard.length = 0
})

it('a server that was away is heard again', async () => {
  const publisher = await open('c-1')
  await server.restart()
  await expect
    .poll(
      () => {
        publisher.announce?.([event()])
        return heard.length
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBeGreaterThan(0)
}, 30_000)
