import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectBus } from '../ingest/bus/connect.ts'
import { type NatsServer, startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { ensureStreams, intentStream } from '../ingest/bus/streams.ts'
import { askBus } from './doctor-bus.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

let server: NatsServer
beforeAll(async () => {
  server = await startNatsServer()
})
afterAll(() => server.stop())

it('the stream of telemetry is missing before migrate, and there when it is cut into shards', async () => {
  const before = await askBus({ url: server.url }, 10_000)
  expect(before.facts.stream).toBe('missing')
  const connection = await connectBus({ url: server.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 2 ** 31, shards: 2 }, quiet)
  await connection.close()
  const after = await askBus({ url: server.url }, 10_000)
  expect(after.facts).toMatchObject({ state: 'ok', stream: 'present' })
})

it('a number of copies that nobody named is left to the server: migrating again changes none', () => {
  expect(Object.keys(intentStream())).not.toContain('num_replicas')
  expect(intentStream(3).num_replicas).toBe(3)
})
