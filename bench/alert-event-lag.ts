/**
 * How long from an event in the collector to the message in the journal and at its receiver: inside one process (file
 * journal) and over a real nats-server (JetStream journal), while the store answers, is gone, and hangs. Aim: p99 < 5 s.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createDelivery } from '../alerts/deliver/delivery.ts'
import { eventRule, surroundings, testConfig } from '../alerts/engine/engine.testing.ts'
import { createAlertsRole, type Delivery } from '../alerts/engine/role.ts'
import { createAnnouncer } from '../collector/announce.ts'
import { directFeed, natsFeed } from '../cli/event-feed.ts'
import { connectBus } from '../ingest/bus/connect.ts'
import { openDirectBus } from '../ingest/bus/direct-publisher.ts'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import { openJetStreamJournal } from '../ingest/bus/jetstream-journal.ts'
import { startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { openNatsPublisher } from '../ingest/bus/publisher.ts'
import { ensureStreams } from '../ingest/bus/streams.ts'
import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Publisher } from '#schemas/ports.ts'

const { values } = parseArgs({ options: { events: { type: 'string', default: '60' } } })
const EVENTS = Number(values.events)
const SPACED_MS = 400
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

type StoreState = 'well' | 'gone' | 'hangs'
/** A store that holds nothing, or does not answer: no event comes from it. */
function storeThat(is: StoreState): AlertFacts {
  const answer = <T>(value: T) =>
    is === 'well'
      ? Promise.resolve(value)
      : is === 'gone'
        ? Promise.reject<T>(new Error('gone'))
        : new Promise<T>(() => undefined)
  return {
    zoneScopes: () => answer([]),
    zoneSlices: () => answer([]),
    places: () => answer([]),
    plans: () => answer([]),
    scheduler: () => answer(null),
    settledUntilMs: () => answer(null),
    signal: () => Promise.reject(new Error('none')),
    explain: () => Promise.reject(new Error('none')),
    contingency: () => Promise.reject(new Error('none')),
    lossPerHour: () => answer(null),
    standing: () => answer(new Map()),
    eventsAfter: (cursor) => answer({ events: [], cursor: cursor ?? '' }),
  }
}

interface Way {
  readonly publisher: Publisher
  readonly journal: Journal
  readonly openFeed: ReturnType<typeof directFeed>
  close(): Promise<void>
}

async function inOneProcess(directory: string): Promise<Way> {
  const bus = openDirectBus({ cluster: 'east', collector: 'c-1' })
  const lock = async () => async () => undefined
  const journal = await openFileJournal({ directory, log: quiet, lock })
  const openFeed = directFeed(() => [bus])
  return { publisher: bus.publisher, journal, openFeed, close: () => journal.close() }
}

async function overNats(): Promise<Way> {
  const server = await startNatsServer()
  const { url } = server
  const connection = await connectBus({ url, name: 'bench' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, quiet)
  const journal = await openJetStreamJournal({ connection })
  const identity = { cluster: 'east', collector: 'c-1' }
  const publisher = openNatsPublisher({ connect: { url }, ...identity, logger: quiet })
  while (!publisher.connected()) await sleep(50)
  const close = async () => {
    await publisher.close()
    await connection.close()
    await server.stop()
  }
  return { publisher, journal, openFeed: natsFeed({ natsUrl: url }, quiet), close }
}

interface Times {
  foundMs: number
  queuedMs: number
  sentMs: number
}

async function measure(way: Way, store: StoreState): Promise<Times[]> {
  const times = new Map<string, Times>()
  const receiver = createServer((request, answer) => {
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      for (const node of body.match(/node-\d+-x/g) ?? []) {
        const one = times.get(node)
        if (one !== undefined && one.sentMs === 0) one.sentMs = performance.now()
      }
      answer.writeHead(204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  // A rule for each event: messages of one rule wait for one another.
  const rules = Array.from({ length: EVENTS }, (_, n) =>
    eventRule({ name: `leak_${n}`, severity: 'page', urgent: true, match: [{ codes: [`c${n}`] }] }),
  )
  const hook = {
    name: 'hook',
    kind: 'webhook',
    target: `http://127.0.0.1:${port}/`,
    secret_env: 'HOOK',
    rate: { per_minute: 600, burst: 100 },
  }
  const config = testConfig({
    allowed_hosts: [{ host: '127.0.0.1' }],
    channels: [hook],
    routes: [{ severities: ['page'], channels: ['hook'] }],
    operations: ['hook'],
  })
  const sender = createDelivery({
    journal: way.journal,
    config: () => config,
    environment: {
      HOOK: `whsec_${Buffer.from('bench-secret-of-24-bytes-or-more').toString('base64')}`,
    },
    linkKey: new Uint8Array(32),
    runbookOf: (rule) => rule,
    logger: quiet,
  })
  const delivery: Delivery = {
    ...sender,
    apply(entries) {
      for (const { body } of entries)
        for (const { lines } of body.kind === 'alerts' ? body.notifications : [])
          for (const node of lines.en.join(' ').match(/node-\d+-x/g) ?? []) {
            const one = times.get(node)
            if (one !== undefined && one.queuedMs === 0) one.queuedMs = performance.now()
          }
      sender.apply(entries)
    },
  }
  const opened = await way.openFeed(() => null)
  const role = createAlertsRole({
    journal: way.journal,
    facts: storeThat(store),
    feed: opened.feed,
    delivery,
    rules: () => rules,
    config: () => config,
    around: surroundings(rules, config, Date.now),
    clock: Date.now,
    log: quiet,
    after(ms, callback) {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
  })
  await role.start()
  const announcer = createAnnouncer(way.publisher, { monotonicMs: () => performance.now() })
  await sleep(500)
  for (let n = 0; n < EVENTS; n += 1) {
    times.set(`node-${n}-x`, { foundMs: performance.now(), queuedMs: 0, sentMs: 0 })
    announcer.see({
      kind: 'event',
      at_ms: Date.now(),
      node: `node-${n}-x`,
      device_key: `serial:${n}`,
      source: 'redfish',
      type: 'leak',
      code: `c${n}`,
      severity: 'critical',
      edge: 'open',
      message: `water at node-${n}-x`,
    })
    await sleep(SPACED_MS * (0.5 + Math.random()))
  }
  await sleep(6_000)
  await Promise.race([role.stop(), sleep(3_000)])
  await opened.close()
  receiver.closeAllConnections()
  receiver.close()
  return [...times.values()]
}

function row(all: readonly Times[], pick: (times: Times) => number): string {
  const sorted = all
    .filter((times) => times.sentMs > 0 && times.queuedMs > 0)
    .map(pick)
    .toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return `p50 ${at(0.5).toFixed(0)} p99 ${at(0.99).toFixed(0)} max ${at(1).toFixed(0)} ms`
}

for (const name of ['one process', 'nats'] as const)
  for (const store of ['well', 'gone', 'hangs'] as const) {
    const directory = await mkdtemp(join(tmpdir(), 'plimsoll-lag-'))
    const way = name === 'nats' ? await overNats() : await inOneProcess(directory)
    const all = await measure(way, store)
    const lost = all.filter(({ sentMs }) => sentMs === 0).length
    const queued = row(all, ({ foundMs, queuedMs }) => queuedMs - foundMs)
    const sent = row(all, ({ foundMs, sentMs }) => sentMs - foundMs)
    console.log(`${name}, store ${store}: queued ${queued}; received ${sent}; not received ${lost}`)
    await way.close()
    await rm(directory, { recursive: true, force: true })
  }
process.exit()
