import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { connectBus } from '../ingest/bus/connect.ts'
import {
  freeBusPort,
  type NatsServer,
  startNatsServerFrom,
} from '../ingest/bus/nats-server.testing.ts'
import { ensureStreams } from '../ingest/bus/streams.ts'
import type { RoleHealth } from '#schemas/role.ts'
import { beatRole, openBeat, passMsOf, ruleSecondsOf } from './alerts-beat.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
let server: NatsServer
let port = 0

beforeAll(async () => {
  port = await freeBusPort()
  // The query user as deploy/nats.conf has it: it may read the last word, and not say one.
  server = await startNatsServerFrom(
    (directory) => `
      listen: "127.0.0.1:${port}"
      jetstream { store_dir: "${directory}/data", max_file_store: 6GB }
      no_auth_user: ingest
      authorization { users: [
        { user: ingest, password: a }
        { user: query, password: b, permissions: {
          publish: [ "$JS.API.STREAM.MSG.GET.PLIMSOLL_LEASE_V1" ], subscribe: [ "_INBOX.>" ] } }
      ] }`,
    port,
  )
  const connection = await connectBus({ url: server.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 2 ** 30 }, quiet)
  await connection.close()
})
afterAll(() => server.stop())

it('tells query in another process when rules were evaluated last, and nothing before that', async () => {
  const health: RoleHealth = { state: 'ok', detail: '', metrics: {} }
  expect(passMsOf({ health: () => health })).toBeNull()
  const reader = await openBeat({ natsUrl: `nats://query:b@127.0.0.1:${port}` })
  expect(reader.lastPassMs()).toBeNull()
  const evaluated: RoleHealth = {
    ...health,
    metrics: { last_evaluation_age_seconds: 2 },
    families: [
      {
        name: 'alert_rule_evaluation_seconds',
        samples: [{ labels: { rule: 'mass_idle' }, value: 0.2 }],
      },
    ],
  }
  expect(ruleSecondsOf({ health: () => health })).toEqual(new Map())
  const beat = beatRole({ health: () => evaluated }, { natsUrl: server.url })
  await beat.start()
  const startMs = Date.now()
  await vi.waitFor(() => expect(reader.lastPassMs()).not.toBeNull(), { timeout: 20_000 })
  expect(Math.abs((reader.lastPassMs() ?? 0) - (startMs + 3_000))).toBeLessThan(10_000)
  expect(reader.ruleSeconds()).toEqual(new Map([['mass_idle', 0.2]]))
  await beat.stop()
  await reader.close()
}, 30_000)
