/**
 * A sender over the file journal is killed (-9) again and again at random moments, under load, while its receivers answer,
 * fail, redirect, hang or reset at random. At the end every queued message must have been received, each copy under one id
 * with the same bytes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { JournalEntry } from '#schemas/journal.ts'
import { createDelivery } from '../alerts/deliver/delivery.ts'
import { note, queued } from '../alerts/deliver/deliver.testing.ts'
import { type FileJournal, openFileJournal } from '../ingest/bus/file-journal.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    /** Set in the process that is killed. */
    child: { type: 'boolean', default: false },
    last: { type: 'boolean', default: false },
    directory: { type: 'string', default: '' },
    ports: { type: 'string', default: '' },
  },
})

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const openJournal = (directory: string) =>
  openFileJournal({ directory, log: quiet, lock: () => Promise.resolve(() => Promise.resolve()) })

async function everyEntry(journal: FileJournal): Promise<JournalEntry[]> {
  const all: JournalEntry[] = []
  for (;;) {
    const some = await journal.readFrom(all.length + 1, 1_000)
    if (some.length === 0) return all
    all.push(...some)
  }
}

/** Queues messages and delivers them until it is killed; with `--last` delivers what is left and ends. */
async function child(): Promise<void> {
  const journal = await openJournal(values.directory)
  const channels = values.ports.split(',').map((port, i) => ({
    name: `hook-${i}`,
    kind: 'webhook',
    target: `http://127.0.0.1:${port}/`,
    secret_env: 'HOOK',
    rate: { per_minute: 600, burst: 100 },
    failover: `hook-${(i + 1) % 3}`,
  }))
  const config = AlertsConfig.parse({
    public_url: 'https://plimsoll.example',
    allowed_hosts: [{ host: '127.0.0.1' }],
    channels,
  })
  const delivery = createDelivery({
    journal,
    config: () => config,
    environment: {
      HOOK: `whsec_${Buffer.from('bench-secret-of-24-bytes-or-more').toString('base64')}`,
    },
    linkKey: new Uint8Array(32),
    runbookOf: (rule) => rule,
    logger: quiet,
  })
  delivery.apply(await everyEntry(journal))
  delivery.start()
  console.log('ready')
  const rounds = values.last ? 3 : Infinity
  for (let round = 0; round < rounds; round++) {
    const nowMs = Date.now()
    const notes = config.channels.map(({ name }, i) =>
      note(`${process.pid} ${round} ${name} ${nowMs}`, {
        channel: name,
        severity: i === 0 ? 'page' : 'warn',
        urgent: i === 0,
        at_ms: nowMs,
        not_before_ms: nowMs,
      }),
    )
    delivery.apply([await journal.append({ at_ms: nowMs, who: 'bench', body: queued(notes) })])
    await sleep(values.last ? 31_000 : 100)
  }
  for (let waited = 0; waited < 120 && delivery.sender.outbox.items.size > 0; waited++)
    await sleep(1_000)
  const { waiting, dead } = delivery.status()
  console.log(`left: ${waiting} waiting, ${dead} dead`)
  await delivery.stop()
  await journal.close()
}

let isHealed = false
const received = new Map<string, string[]>()

/** What it does is drawn for each request; after a reset it has the message all the same. */
const receiver: RequestListener = (request, answer) => {
  const id = String(request.headers['webhook-id'])
  let body = ''
  request.on('data', (part) => (body += String(part)))
  request.on('end', () => {
    const drawn = isHealed ? 0 : Math.random()
    if (drawn < 0.4 || drawn > 0.9) received.set(id, [...(received.get(id) ?? []), body])
    if (drawn < 0.4) answer.writeHead(204).end()
    else if (drawn < 0.6) answer.writeHead(500).end()
    else if (drawn < 0.7) answer.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    else if (drawn > 0.9) request.socket.resetAndDestroy()
  })
}

async function main(): Promise<void> {
  const kills = Number(values.kills)
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-kills-'))
  const servers = await Promise.all(
    [0, 1, 2].map(async () => {
      const server = createServer(receiver).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port).join(',')
  const start = async (more: readonly string[]) => {
    const script = fileURLToPath(new URL('run.ts', import.meta.url))
    const args = [
      script,
      'alert-kills',
      '--child',
      '--directory',
      directory,
      '--ports',
      ports,
      ...more,
    ]
    const made = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = await once(made.stdout, 'data')
    return { made, said: String(said) }
  }
  for (let kill = 0; kill < kills; kill++) {
    const { made } = await start([])
    await sleep(50 + Math.random() * 700)
    made.kill('SIGKILL')
    await once(made, 'exit')
  }
  isHealed = true
  const { made } = await start(['--last'])
  made.stdout.on('data', (text) => process.stdout.write(String(text)))
  await once(made, 'exit')
  await verdict(kills, directory)
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(directory, { recursive: true, force: true })
}

async function verdict(kills: number, directory: string): Promise<void> {
  const journal = await openJournal(directory)
  const entries = await everyEntry(journal)
  await journal.close()
  const ids = entries.flatMap(({ body }) =>
    body.kind === 'alerts' ? body.notifications.map(({ id }) => id) : [],
  )
  const lost = ids.filter((id) => !received.has(id)).length
  const unknown = [...received.keys()].filter((id) => !ids.includes(id)).length
  const copies = [...received.values()]
  const changed = copies.filter((bodies) => new Set(bodies).size > 1).length
  console.log(
    `${kills} kills, ${entries.length} entries: ${ids.length} messages queued, ${lost} lost, ` +
      `${copies.filter((bodies) => bodies.length > 1).length} came more than once (${changed} with other bytes), ${unknown} under unknown ids`,
  )
}

await (values.child ? child() : main())
