import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { JOURNAL_STREAM_NAME, JOURNAL_SUBJECT } from '#schemas/subjects.ts'
import { silent } from '../worker/ingest.testing.ts'
import { connectBus } from './connect.ts'
import { openJetStreamJournal } from './jetstream-journal.ts'
import { change, describeJournal } from './journal-suite.testing.ts'
import {
  freeBusPort,
  type NatsServer,
  startNatsServer,
  startNatsServerFrom,
} from './nats-server.testing.ts'
import { ensureStreams, journalStream } from './streams.ts'

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

async function emptyStream(): Promise<void> {
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(JOURNAL_STREAM_NAME).catch(() => false)
  await manager.streams.add(journalStream())
}

describeJournal('JetStream', async () => {
  await emptyStream()
  const again = () => openJetStreamJournal({ connection })
  return { journal: await again(), reopen: again, close: async () => undefined }
})

it('nobody can take an entry out of the stream, and ensureStreams makes it so', async () => {
  const limits = { maxAgeMs: 3_600_000, maxBytes: 2 ** 30 }
  await ensureStreams(connection, limits, silent)
  const journal = await openJetStreamJournal({ connection })
  const { sequence } = await journal.append(change(1))
  const manager = await jetstreamManager(connection)
  await expect(manager.streams.purge(JOURNAL_STREAM_NAME)).rejects.toThrow()
  await expect(manager.streams.deleteMessage(JOURNAL_STREAM_NAME, sequence)).rejects.toThrow()
  const { config } = await manager.streams.info(JOURNAL_STREAM_NAME)
  expect(config).toMatchObject({ max_age: 0, max_bytes: -1, max_msgs: -1, discard: 'new' })
})

it('an entry that another version wrote stops the reader and is named', async () => {
  await emptyStream()
  const journal = await openJetStreamJournal({ connection })
  await journal.append(change(1))
  await jetstream(connection).publish(
    JOURNAL_SUBJECT,
    '{"at_ms":1,"who":"x","body":{"kind":"new"}}',
  )
  expect(await journal.readFrom(1, 1)).toHaveLength(1)
  await expect(journal.readFrom(1, 2)).rejects.toThrow(/entry 2 of stream PLIMSOLL_JOURNAL_V1/)
})

it('an id that was stored before is the same entry, also when it names an older end', async () => {
  await emptyStream()
  const client = jetstream(connection)
  const options = { msgID: 'same', expect: { lastSequence: 0 } }
  const first = await client.publish(JOURNAL_SUBJECT, 'a', options)
  // What a retry after a lost acknowledgement sends: the server must look at the id before the sequence.
  const second = await client.publish(JOURNAL_SUBJECT, 'a', options)
  expect([first.seq, second.seq, second.duplicate]).toEqual([1, 1, true])
})

it('survives kill -9 of the server in the middle of appends, without a hole and without a copy', async () => {
  const own = await startNatsServer()
  const bus = await connectBus({ url: own.url, name: 'test' })
  try {
    await ensureStreams(bus, { maxAgeMs: 3_600_000, maxBytes: 2 ** 30 }, silent)
    const journal = await openJetStreamJournal({ connection: bus, timeoutMs: 1_000 })
    const acknowledged: number[] = []
    const over = new AbortController()
    const writing = (async () => {
      for (let n = 1; !over.signal.aborted; n += 1) {
        const entry = await journal.append(change(n)).catch(() => null)
        if (entry !== null) acknowledged.push(n)
      }
    })()
    for (let kill = 0; kill < 3; kill += 1) {
      const before = acknowledged.length
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + 20)
      await own.restart()
    }
    over.abort()
    await writing
    const stored = await journal.readFrom(1, 100_000)
    expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1))
    const names = stored.map(({ who }) => who)
    expect(new Set(names).size).toBe(names.length)
    expect(acknowledged.every((n) => names.includes(`p-${n}`))).toBe(true)
  } finally {
    await bus.close()
    await own.stop()
  }
}, 60_000)

it('the rights that deploy/nats.conf gives query are enough, and a collector has none of them', async () => {
  const port = await freeBusPort()
  const users = `authorization { users: [
    { user: ingest, password: i }
    { user: query, password: q, permissions: {
        publish: [ "journal.v1", "$JS.API.STREAM.MSG.GET.PLIMSOLL_JOURNAL_V1", "$JS.API.STREAM.INFO.PLIMSOLL_JOURNAL_V1" ]
        subscribe: [ "_INBOX.>" ] } }
    { user: collector-a, password: c, permissions: {
        publish: [ "telemetry.v1.*.collector-a" ], subscribe: [ "_INBOX.>" ] } }
  ] }`
  const own = await startNatsServerFrom(
    (directory) =>
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/data" }\n${users}\n`,
    port,
  )
  const as = (login: string) =>
    connectBus({ url: own.url.replace('nats://', `nats://${login}@`), name: 'test' })
  const [ingest, query, collector] = [
    await as('ingest:i'),
    await as('query:q'),
    await as('collector-a:c'),
  ]
  try {
    await ensureStreams(ingest, { maxAgeMs: 3_600_000, maxBytes: 2 ** 30 }, silent)
    const journal = await openJetStreamJournal({ connection: query })
    await journal.append(change(1), { expectedLast: 0 })
    expect(await journal.last()).toBe(1)
    expect(await journal.readFrom(1, 5)).toHaveLength(1)
    const other = await openJetStreamJournal({ connection: collector, timeoutMs: 300 })
    await expect(other.append(change(2))).rejects.toMatchObject({ code: 'E_JOURNAL_AWAY' })
    expect(await journal.last()).toBe(1)
  } finally {
    for (const one of [ingest, query, collector]) await one.close()
    await own.stop()
  }
}, 30_000)
