import { readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect, headers, nanos, type NatsConnection } from '@nats-io/transport-node'
import { SENT_AT_HEADER } from '#schemas/subjects.ts'
import { STREAM_LIMITS } from '../../cli/ingest-service.ts'
import { ensureStreams } from '../../ingest/bus/streams.ts'
import { silent } from '../../ingest/worker/ingest.testing.ts'
import { CLUSTER, HOSTILE } from './fleet.ts'
import { COLLECTORS } from './plan.ts'
import { shuffled, seededRandom } from './random.ts'

/** Users of the server, with the permissions of deploy/nats.conf. */
export const PASSWORD = 'faults'
const ADMIN = 'ingest'

/**
 * Ids are remembered this long instead of two minutes: repeated messages then reach ingest, which has to know them,
 * in a run of any length.
 */
const DUPLICATE_WINDOW_MS = 3000
/** Messages remembered to be sent again. */
const COPIES_MAX = 4000

export function brokerConfig(port: number, dataDir: string): string {
  const collectors = [...COLLECTORS, HOSTILE].map(
    (name) => `{ user: ${name}, password: ${PASSWORD}, permissions: {
      publish: [ "telemetry.v1.*.${name}", "events.v1.*.${name}", "announce.v1.*.${name}" ]
      subscribe: [ "_INBOX_${name}.>", "watermark.v1.*.${name}", "resend.v1.*.${name}", "control.v1" ] } }`,
  )
  return `listen: "127.0.0.1:${port}"
max_payload: 2MB
jetstream { store_dir: "${dataDir}", max_file_store: 100GB }
authorization { timeout: 10, users: [ { user: ${ADMIN}, password: ${PASSWORD} }, ${collectors.join(', ')} ] }
`
}

export const busUrl = (user: string, host: string, port: number) =>
  `nats://${user}:${PASSWORD}@${host}:${port}`

/** A real message as a collector sent it. */
export interface Copy {
  readonly subject: string
  readonly id: string
  readonly payload: Uint8Array
}

/** The harness's own way to the server, past every proxy. */
export interface Broker {
  /** Makes the streams that are missing, as `plimsoll migrate` does; waits until the server takes it. */
  ensure(): Promise<void>
  /** Bounds the stream at what it holds (it then refuses), or lifts the bound. */
  bound(isFull: boolean): Promise<void>
  copies(): readonly Copy[]
  /** Sends messages as they are; resolves with those the log acknowledged. */
  send(messages: readonly Copy[]): Promise<Copy[]>
  close(): Promise<void>
}

export async function openBroker(port: number): Promise<Broker> {
  const connection = await connectAs(port, ADMIN)
  const copies: Copy[] = []
  const listen = (subject: string) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        const id = message.headers?.get('Nats-Msg-Id') ?? ''
        // Without an id it is no collector's: ingest asks with empty messages which stream takes them.
        if (error !== null || id === '' || message.subject.endsWith(`.${HOSTILE}`)) return
        copies.push({ subject: message.subject, id, payload: message.data.slice() })
        if (copies.length > COPIES_MAX) copies.shift()
      },
    })
  listen('telemetry.v1.>')
  listen('events.v1.>')
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 3000 })
  return {
    async ensure() {
      await lasting(async () => {
        await ensureStreams(connection, STREAM_LIMITS, silent)
        await changeLogs(manager, { duplicate_window: nanos(DUPLICATE_WINDOW_MS) })
      })
    },
    async bound(isFull) {
      await lasting(() =>
        changeLogs(manager, (bytes) => ({
          max_bytes: isFull ? Math.max(1, bytes) : STREAM_LIMITS.maxBytes,
        })),
      )
    },
    copies: () => copies,
    send: (messages) => sendAs(connection, messages),
    close: () => connection.close(),
  }
}

/** Sends messages over a connection; those that were not acknowledged in time are left out of the answer. */
export async function sendAs(
  connection: NatsConnection,
  messages: readonly Copy[],
): Promise<Copy[]> {
  const client = jetstream(connection, { timeout: 3000 })
  const sent = messages.map(async (message) => {
    const head = headers()
    head.set(SENT_AT_HEADER, String(Date.now()))
    try {
      await client.publish(message.subject, message.payload, { msgID: message.id, headers: head })
      return [message]
    } catch {
      return []
    }
  })
  return (await Promise.all(sent)).flat()
}

export async function connectAs(port: number, user: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    user,
    pass: PASSWORD,
    name: `faults ${user}`,
    inboxPrefix: `_INBOX_${user}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A server that starts on a busy machine may let a login wait too long; twice, and the client would give up.
    ignoreAuthErrorAbort: true,
    waitOnFirstConnect: true,
  })
  return connection
}

/** The streams of messages, however many there are. */
async function changeLogs(
  manager: JetStreamManager,
  change: Readonly<Record<string, number>> | ((bytes: number) => Readonly<Record<string, number>>),
): Promise<void> {
  for await (const { config, state } of manager.streams.list()) {
    if (!config.name.includes('TELEMETRY')) continue
    const wanted = typeof change === 'function' ? change(state.bytes) : change
    await manager.streams.update(config.name, { ...config, ...wanted })
  }
}

const LASTING_MS = 60_000

/** Again until it works; a server that was just started does not answer at once. */
async function lasting(call: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + LASTING_MS
  for (;;) {
    try {
      await call()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

/** A selection of what was sent, to be sent again: the newest few, some of all, or the oldest. */
export function someCopies(copies: readonly Copy[], variant: string, seed: number): Copy[] {
  const random = seededRandom(seed)
  if (variant === 'at once') return copies.slice(-20)
  if (variant === 'after the window') return shuffled(random, copies.slice(0, 200)).slice(0, 60)
  return shuffled(random, copies.slice(-200)).slice(0, 60)
}

/**
 * Cuts the end of the newest block of every stream whose name fits: what a power cut does to writes that were not
 * synced. The server must be down. Resolves with the bytes that went.
 */
export async function cutTail(dataDir: string, names: RegExp, mostBytes: number): Promise<number> {
  const streams = join(dataDir, 'jetstream', '$G', 'streams')
  let cut = 0
  for (const name of (await readdir(streams)).filter((one) => names.test(one))) {
    const folder = join(streams, name, 'msgs')
    const newest = await newestBlock(folder)
    if (newest === null) continue
    const gone = Math.min(newest.size, mostBytes)
    await truncate(newest.path, newest.size - gone)
    cut += gone
  }
  return cut
}

/** The last block that holds something: a restarted server begins an empty one. */
async function newestBlock(folder: string): Promise<{ path: string; size: number } | null> {
  const blocks = (await readdir(folder)).filter((file) => file.endsWith('.blk'))
  for (const file of blocks.toSorted((a, b) => Number.parseInt(b) - Number.parseInt(a))) {
    const path = join(folder, file)
    const { size } = await stat(path)
    if (size > 0) return { path, size }
  }
  return null
}

/** Removes everything a server that is down has stored. */
export const wipe = (dataDir: string) =>
  rm(join(dataDir, 'jetstream'), { recursive: true, force: true })

/** The subject that a collector's samples go out on. */
export const subjectOf = (collector: string) => `telemetry.v1.${CLUSTER}.${collector}`
