import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { connectBus } from '../ingest/bus/connect.ts'
import { type NatsServer, startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { openNatsPublisher } from '../ingest/bus/publisher.ts'
import { ensureStreams } from '../ingest/bus/streams.ts'
import type { EventRecord } from '#schemas/records.ts'
import { type Plimsoll, startPlimsoll, tempFolder } from './process.testing.ts'

/**
 * Two `plimsoll alerts` over a real nats-server. There is no store at all: what is announced pages all the same.
 */

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const HOOK = `whsec_${Buffer.from('takeover-secret-of-24-bytes-or-more').toString('base64')}`
/** What issue 7 asks of a takeover, ms. */
const TAKEOVER_MS = 15_000

let nats: NatsServer
let receiver: Server
let folder: Awaited<ReturnType<typeof tempFolder>>
let publisher: ReturnType<typeof openNatsPublisher>
let isIll = false
const received: { readonly id: string; readonly body: string }[] = []
const refused = new Set<string>()
const running: Plimsoll[] = []

beforeAll(async () => {
  nats = await startNatsServer()
  const connection = await connectBus({ url: nats.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, silent)
  await connection.close()
  receiver = createServer((request, answer) => {
    const id = String(request.headers['webhook-id'])
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      if (isIll) refused.add(id)
      else received.push({ id, body })
      answer.writeHead(isIll ? 500 : 204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  folder = await tempFolder()
  await writeFile(
    join(folder.path, 'alerts.yaml'),
    `public_url: https://plimsoll.example
allowed_hosts: [{ host: 127.0.0.1 }]
channels:
  - { name: hook, kind: webhook, target: 'http://127.0.0.1:${port}/', secret_env: HOOK, rings: true }
routes:
  - { severities: [page, warn, ticket, data], channels: [hook] }
operations: [hook]
`,
  )
  const connect = { url: nats.url }
  publisher = openNatsPublisher({ connect, cluster: 'east', collector: 'c-1', logger: silent })
}, 30_000)
afterEach(async () => {
  for (const one of running.splice(0)) await one.kill()
})
afterAll(async () => {
  await publisher.close()
  receiver.closeAllConnections()
  receiver.close()
  await nats.stop()
  await folder.remove()
})

function start(name: string): Plimsoll {
  const given = [
    '--nats',
    nats.url,
    '--clickhouse',
    'http://127.0.0.1:9',
    '--metrics-listen',
    '127.0.0.1:0',
  ]
  const args = ['alerts', ...given, '--alerts', join(folder.path, 'alerts.yaml')]
  const one = startPlimsoll([...args, '--data', join(folder.path, name)], { env: { HOOK } })
  running.push(one)
  return one
}

/** Of three rules: of one rule there is a message in 5 minutes. */
const event = (node: string, type: 'leak' | 'flow' | 'reservoir'): EventRecord => ({
  kind: 'event',
  at_ms: Date.now(),
  node,
  device_key: null,
  source: 'redfish',
  type,
  code: '',
  severity: 'critical',
  edge: 'open',
  message: 'water',
})
const about = (node: string) => received.filter(({ body }) => body.includes(node))
const idsOf = (messages: typeof received) => new Set(messages.map(({ id }) => id))

it('a spare takes over within 15 s of a kill -9 and says what was not said, under the same id', async () => {
  const first = start('a')
  await first.says(/alerts/, 40_000)
  const early = event('cdu-early', 'leak')
  await expect
    .poll(() => (publisher.announce?.([early]), about('cdu-early').length), {
      timeout: 40_000,
      interval: 500,
    })
    .toBeGreaterThan(0)
  const spare = start('b')
  await spare.says(/waits as a spare/, 40_000)

  isIll = true
  const untold = event('cdu-untold', 'flow')
  publisher.announce?.([untold])
  await expect.poll(() => refused.size, { timeout: 15_000 }).toBeGreaterThan(0)
  const killedMs = performance.now()
  await first.kill()
  isIll = false
  await spare.says(/took over/, TAKEOVER_MS)
  expect(performance.now() - killedMs).toBeLessThan(TAKEOVER_MS)

  await expect.poll(() => about('cdu-untold').length, { timeout: 30_000 }).toBeGreaterThan(0)
  // As the table says them once more.
  publisher.announce?.([early, untold])
  publisher.announce?.([event('cdu-late', 'reservoir')])
  await expect.poll(() => about('cdu-late').length, { timeout: 10_000 }).toBeGreaterThan(0)
  await setTimeout(1_000)
  for (const node of ['cdu-early', 'cdu-untold', 'cdu-late'])
    expect(idsOf(about(node)).size, node).toBe(1)
  expect([...refused]).toEqual([...idsOf(about('cdu-untold'))])
}, 150_000)
