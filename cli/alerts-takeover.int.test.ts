import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { connectBus } from '../ingest/bus/connect.ts'
import { openJetStreamJournal } from '../ingest/bus/jetstream-journal.ts'
import { type NatsServer, startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { openNatsPublisher } from '../ingest/bus/publisher.ts'
import { ensureStreams } from '../ingest/bus/streams.ts'
import { CALENDAR, reportFor, ZONE } from '../report/deliver/deliver.testing.ts'
import { readMail } from '../report/deliver/mail.testing.ts'
import { dueAt } from '../report/deliver/schedule.ts'
import { packModel } from '../report/issued.ts'
import { ReportsConfig } from '#schemas/report/delivery-config.ts'
import type { EventRecord } from '#schemas/records.ts'
import { type Plimsoll, startPlimsoll, tempFolder } from './process.testing.ts'

/**
 * Two `plimsoll alerts` over a real nats-server. There is no store at all: what is announced pages all the same, and
 * a report that was issued is sent.
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

/** Mails as the relay has them, also those that it never says it took. */
const mails: { readonly to: string; readonly id: string; readonly isTaken: boolean }[] = []
/** Whose mails the relay leaves without an answer. */
let unanswered = ''
const relay = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, callback) {
    let raw = ''
    stream.setEncoding('latin1')
    stream.on('data', (part: string) => (raw += part))
    stream.on('end', () => {
      const to = session.envelope.rcptTo.map(({ address }) => address).join(' ')
      const isTaken = to !== unanswered
      mails.push({ to, id: readMail(raw).header('message-id'), isTaken })
      if (isTaken) callback(null, 'OK queued')
    })
  },
})
relay.on('error', () => undefined)

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
  relay.listen(0, '127.0.0.1')
  await once(relay.server, 'listening')
  const smtp = relay.server.address()
  const smtpPort = typeof smtp === 'object' ? (smtp?.port ?? 0) : 0
  folder = await tempFolder()
  await writeFile(
    join(folder.path, 'alerts.yaml'),
    `public_url: https://plimsoll.example
allowed_hosts: [{ host: 127.0.0.1 }]
channels:
  - { name: hook, kind: webhook, target: 'http://127.0.0.1:${port}/', secret_env: HOOK, rings: true }
  - { name: relay, kind: smtp, target: 'smtp://127.0.0.1:${smtpPort}', mail: { from: p@site.example, to: [a@site.example], starttls: 'off' } }
routes:
  - { severities: [page, warn, ticket, data], channels: [hook] }
operations: [hook]
reports:
  recipients: [{ channel: hook }, { mail: boss@site.example }, { mail: cfo@site.example }]
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
  await new Promise<void>((resolve) => relay.close(resolve))
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
    '--timezone',
    ZONE,
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

it('of two that may send reports one sends; killed before a relay answered, the spare sends what nobody took, and that only', async () => {
  const { due } = dueAt(Date.now(), ReportsConfig.parse({}), CALENDAR)
  const week = due[0]?.period.id ?? ''
  const model = reportFor(week, 1)
  const { definition, utilization, coverage } = model
  const told = { week, revision: 1, definition, utilization, coverage, because: 'test' }
  const [from_ms, to_ms] = [Date.parse(model.from), Date.parse(model.to)]
  const report = { ...told, from_ms, to_ms, ...packModel(model) }
  const connection = await connectBus({ url: nats.url, name: 'test' })
  const journal = await openJetStreamJournal({ connection })
  const deliveries = async () =>
    (await journal.readFrom(1, 1000)).flatMap(({ body }) =>
      body.kind === 'report_deliveries' ? body.results : [],
    )
  unanswered = 'cfo@site.example'
  await journal.append({ at_ms: Date.now(), who: 'test', body: { kind: 'reports', report } })
  const both = [start('c'), start('d')]
  await expect
    .poll(async () => (await deliveries()).length, { timeout: 40_000, interval: 200 })
    .toBe(2)
  await expect.poll(() => mails.length, { timeout: 10_000 }).toBe(2)
  const sender = both.find((one) => one.log().includes('a report was sent'))
  const spare = both.find((one) => one !== sender)
  expect(spare?.log()).toContain('held_by_another=reports')
  expect(spare?.log()).not.toContain('a report was sent')

  await sender?.kill()
  unanswered = ''
  await expect
    .poll(async () => (await deliveries()).length, { timeout: TAKEOVER_MS, interval: 200 })
    .toBe(3)
  await setTimeout(500)
  const taken = mails.filter(({ isTaken }) => isTaken)
  expect(taken.map(({ to }) => to)).toEqual(['boss@site.example', 'cfo@site.example'])
  const toCfo = mails.filter(({ to }) => to === 'cfo@site.example').map(({ id }) => id)
  expect(toCfo).toHaveLength(2)
  expect(new Set(toCfo).size).toBe(1)
  expect(about(`"week":"${week}"`)).toHaveLength(1)
  const results = (await deliveries()).map(({ recipient, outcome }) => `${recipient} ${outcome}`)
  expect(results.toSorted()).toEqual(
    ['chat:hook', 'mail:boss@site.example', 'mail:cfo@site.example'].map(
      (one) => `${one} accepted`,
    ),
  )
  await connection.close()
}, 90_000)
