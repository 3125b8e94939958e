/**
 * The sender over a journal on disk and real HTTP: pages queued at random moments go to a healthy receiver while five
 * others hang, answer 500, answer 200 with an error, reset the connection, or do each at random. Prints how soon the
 * healthy one had them, and, once all are well, what was lost and how often a copy came.
 */
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { createDelivery, type Delivery } from '../alerts/deliver/delivery.ts'
import { note, queued } from '../alerts/deliver/deliver.testing.ts'

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '30' },
  },
})
const PAGES = Number(values.pages)
const SECONDS = Number(values.seconds)

/** How a receiver behaves until it is healed. */
const MANNERS = ['well', 'hangs', 'fails', 'lies', 'resets', 'mixed'] as const
type Manner = (typeof MANNERS)[number]
let isHealed = false

interface Got {
  readonly atMs: number
  readonly body: string
}
/** By manner and id. */
const got = new Map<Manner, Map<string, Got[]>>(MANNERS.map((manner) => [manner, new Map()]))

function listener(manner: Manner): RequestListener {
  return (request, answer) => {
    const id = String(request.headers['webhook-id'])
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      const all = got.get(manner) ?? new Map<string, Got[]>()
      const does = isHealed ? 'well' : manner === 'mixed' ? pick(MANNERS.slice(0, 5)) : manner
      if (does === 'well' || does === 'resets')
        all.set(id, [...(all.get(id) ?? []), { atMs: performance.now(), body }])
      if (does === 'well') answer.writeHead(204).end()
      else if (does === 'fails') answer.writeHead(500).end('broken')
      else if (does === 'lies') answer.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
      else if (does === 'resets') request.socket.resetAndDestroy()
    })
  }
}
const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]

async function main(): Promise<void> {
  const servers: Server[] = []
  const channels = []
  for (const manner of MANNERS) {
    const server = createServer(listener(manner)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
    const { port } = server.address() as AddressInfo
    const target = `http://127.0.0.1:${port}/`
    const rate = { per_minute: 600, burst: 100 }
    channels.push({ name: manner, kind: 'webhook', target, secret_env: 'HOOK', rate })
  }
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-delivery-'))
  const file = await open(join(folder, 'journal'), 'a')
  const config = AlertsConfig.parse({
    public_url: 'https://plimsoll.example',
    allowed_hosts: [{ host: '127.0.0.1' }],
    channels,
  })
  let sequence = 0
  const append = async (change: { at_ms: number; who: string; body: JournalBody }) => {
    const entry = { ...change, sequence: (sequence += 1) }
    await file.write(`${JSON.stringify(entry)}\n`)
    await file.datasync()
    delivery.sender.apply([entry])
    return entry
  }
  const log = () => {}
  const delivery: Delivery = createDelivery({
    journal: { append },
    config: () => config,
    environment: {
      HOOK: `whsec_${Buffer.from('bench-secret-of-24-bytes-or-more').toString('base64')}`,
    },
    linkKey: new Uint8Array(32),
    runbookOf: (rule) => rule,
    logger: { info: log, warn: log, error: log },
    isWell: () => true,
  })
  delivery.sender.start()
  const queuedAt = await load(append)
  await sleep(2_000)
  report(queuedAt)
  isHealed = true
  for (let waited = 0; waited < 300 && delivery.sender.outbox.items.size > 0; waited++)
    await sleep(1_000)
  verdict(queuedAt, delivery)
  await delivery.sender.stop()
  await file.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
}

/** Queues the pages at random moments; when each was asked to be journaled, by id. */
async function load(
  append: (change: { at_ms: number; who: string; body: JournalBody }) => Promise<unknown>,
): Promise<Map<string, number>> {
  const queuedAt = new Map<string, number>()
  const startMs = performance.now()
  const moments = Array.from({ length: PAGES }, () => Math.random() * SECONDS * 1000).sort(
    (a, b) => a - b,
  )
  for (const [i, moment] of moments.entries()) {
    await sleep(Math.max(0, startMs + moment - performance.now()))
    const nowMs = Date.now()
    const notes = MANNERS.map((channel) =>
      note(`page ${i} ${channel} ${nowMs}`, { channel, at_ms: nowMs, not_before_ms: nowMs }),
    )
    for (const { id } of notes) queuedAt.set(id, performance.now())
    await append({ at_ms: nowMs, who: 'bench', body: queued(notes) })
  }
  return queuedAt
}

function report(queuedAt: ReadonlyMap<string, number>): void {
  const all = [...(got.get('well') ?? [])].map(
    ([id, [first]]) => (first?.atMs ?? 0) - (queuedAt.get(id) ?? 0),
  )
  all.sort((a, b) => a - b)
  const at = (share: number) =>
    (all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0).toFixed(1)
  console.log(
    `${PAGES} pages in ${SECONDS} s to each of ${MANNERS.length} receivers, five of them ill`,
  )
  console.log(
    `asked of the journal -> at the healthy receiver: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (${all.length} of ${PAGES})`,
  )
}

function verdict(queuedAt: ReadonlyMap<string, number>, delivery: Delivery): void {
  const { waiting, dead, unwritten } = delivery.sender.status()
  const received = new Set([...got.values()].flatMap((ids) => [...ids.keys()]))
  const lost = [...queuedAt.keys()].filter((id) => !received.has(id)).length
  const copies = [...got.values()].flatMap((ids) => [...ids.values()])
  const changed = copies.filter((list) => new Set(list.map(({ body }) => body)).size > 1).length
  console.log(
    `after healing: lost ${lost}, waiting ${waiting}, dead ${dead}, unwritten ${unwritten}; ` +
      `${copies.filter((list) => list.length > 1).length} came more than once, ${changed} of them with other bytes`,
  )
}

await main()
