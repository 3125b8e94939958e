import { setTimeout } from 'node:timers/promises'
import { jetstream, type JetStreamClient } from '@nats-io/jetstream'
import {
  headers,
  type Msg,
  type NatsConnection,
  PermissionViolationError,
} from '@nats-io/transport-node'
import { z } from 'zod'
import { encodeAnnouncements } from '#schemas/announcement.ts'
import { type ControlState, decodeControl } from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { OutgoingMessage, Publisher } from '#schemas/ports.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import {
  announceSubject,
  BOOT_PATTERN,
  CONTROL_SUBJECT,
  ID_PATTERN,
  type ResendRequest,
  resendSubject,
  SENT_AT_HEADER,
  type Watermark,
  watermarkSubject,
} from '#schemas/subjects.ts'
import { type BusConnectOptions, connectBus } from './connect.ts'
import { publishMessage } from './publish.ts'
import { followConnection } from './watermarks.ts'

export interface NatsPublisherOptions {
  readonly connect: Omit<BusConnectOptions, 'name' | 'inboxPrefix'>
  readonly cluster: string
  readonly collector: string
  readonly logger: Logger
  readonly now?: Clock
}

/** A publisher that owns its connection. */
export interface NatsPublisher extends Publisher {
  /** Messages from ingest that could not be understood. */
  refusedMessages(): number
  close(): Promise<void>
}

/** Messages on their way at once; more wait for their turn. */
const IN_FLIGHT_MAX = 64
const ACK_TIMEOUT_MS = 5000
const RETRY_MS = 5000
/** Messages from ingest are tiny; a longer one is not looked at. */
const INCOMING_BYTES_MAX = 1024
/** 256 orders with long node lists. */
const CONTROL_BYTES_MAX = 1 << 20

const seq = z.int().min(1)
const WatermarkMessage = z.strictObject({
  boot: z.string().regex(BOOT_PATTERN),
  seq: z.int().min(0),
})
const ResendMessage = z
  .strictObject({ boot: z.string().regex(BOOT_PATTERN), fromSeq: seq, toSeq: seq })
  .refine(({ fromSeq, toSeq }) => fromSeq <= toSeq)

/**
 * A collector's way to the bus. Returns at once and connects in the background, for ever: a collector
 * starts and spools while the bus is away. It publishes on its own subjects, subscribes its own watermark
 * and resend subjects and inbox `_INBOX_<collector>`, and uses nothing of the JetStream API, so the
 * server's permissions can be exactly that. Throws E_CONFIG_INVALID for a name that is no NATS token.
 */
export function openNatsPublisher(options: NatsPublisherOptions): NatsPublisher {
  const { cluster, collector, logger, now = Date.now } = options
  for (const name of [cluster, collector])
    if (!ID_PATTERN.test(name))
      throw new PlimsollError('E_CONFIG_INVALID', `${name} is no name for a cluster or collector`)
  const watermarks = new Set<(watermark: Watermark) => void>()
  const resends = new Set<(request: ResendRequest) => void>()
  const controls = new Set<(state: ControlState) => void>()
  const slots = slotQueue(IN_FLIGHT_MAX)
  const closing = new AbortController()
  let refused = 0
  let isUp = false
  let mayAnnounce = true
  let link: { connection: NatsConnection; client: JetStreamClient } | null = null

  const hand = <T>(schema: z.ZodType<T>, handlers: Set<(message: T) => void>) => ({
    callback: (error: Error | null, message: Msg) => {
      const parsed = error === null ? parseIncoming(schema, message.data) : null
      if (parsed === null) refused += 1
      else for (const handler of handlers) handler(parsed)
    },
  })
  const hearControl = (error: Error | null, message: Msg) => {
    if (error !== null) {
      // Permissions of an older release: everything else goes on without orders.
      logger.warn(`this user may not subscribe ${CONTROL_SUBJECT}: pauses do not reach it`, {
        reason: error.message,
      })
      return
    }
    const isSmall = message.data.length <= CONTROL_BYTES_MAX
    const state = isSmall ? decodeControl(message.data) : null
    if (state === null) refused += 1
    else for (const handler of controls) handler(state)
  }
  const attach = (connection: NatsConnection) => {
    connection.subscribe(watermarkSubject(cluster, collector), hand(WatermarkMessage, watermarks))
    connection.subscribe(resendSubject(cluster, collector), hand(ResendMessage, resends))
    connection.subscribe(CONTROL_SUBJECT, { callback: hearControl })
    link = { connection, client: jetstream(connection, { timeout: ACK_TIMEOUT_MS }) }
    isUp = true
    logger.info('connected to the bus', { server: connection.getServer() })
    void followConnection(connection, (up) => {
      isUp = up
      mayAnnounce = true
      if (closing.signal.aborted) return
      if (up) logger.info('connected to the bus again', { server: connection.getServer() })
      else logger.warn('the bus is away: batches wait in the spool')
    })
    void logErrors(connection, (error) => {
      if (isAnnouncing(error)) {
        // Permissions of an older release: events are told of when they are in the table.
        mayAnnounce = false
        logger.warn(`this user may not publish ${announceSubject(cluster, collector)}`, {
          reason: 'alerts of its events come some seconds later',
        })
      } else logger.error('the NATS server refused something', { reason: error.message })
    })
  }
  const connecting = keepConnecting(options, closing.signal).then(
    (connection) => connection !== null && attach(connection),
  )
  return {
    async publish(message: OutgoingMessage) {
      await slots.take()
      try {
        if (link === null || !isUp) throw new PlimsollError('E_BUS_AWAY', 'not connected to NATS')
        await publishMessage(link.client, message, now())
      } finally {
        slots.give()
      }
    },
    announce(events) {
      if (link === null || !isUp || !mayAnnounce) return
      const sent = headers()
      sent.set(SENT_AT_HEADER, String(now()))
      const subject = announceSubject(cluster, collector)
      for (const payload of encodeAnnouncements(events))
        link.connection.publish(subject, payload, { headers: sent })
    },
    onWatermark(handler) {
      watermarks.add(handler)
      return () => watermarks.delete(handler)
    },
    onResend(handler) {
      resends.add(handler)
      return () => resends.delete(handler)
    },
    onControl(handler) {
      controls.add(handler)
      return () => controls.delete(handler)
    },
    connected: () => isUp,
    refusedMessages: () => refused,
    async close() {
      closing.abort()
      isUp = false
      await connecting
      await link?.connection.close()
    },
  }
}

/** A connection, however long it takes; null when closed before. Each new reason is logged once. */
async function keepConnecting(
  options: NatsPublisherOptions,
  closed: AbortSignal,
): Promise<NatsConnection | null> {
  const { collector, logger } = options
  let lastReason = ''
  while (!closed.aborted) {
    try {
      const identity = { name: `collector ${collector}`, inboxPrefix: `_INBOX_${collector}` }
      const connection = await connectBus({ ...options.connect, ...identity })
      if (!closed.aborted) return connection
      await connection.close()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== lastReason) logger.warn('no bus yet: batches wait in the spool', { reason })
      lastReason = reason
      await setTimeout(RETRY_MS, null, { signal: closed }).catch(() => null)
    }
  }
  return null
}

/** Refused permissions and the like, each once: a publisher sees them only as missing acknowledgements. */
async function logErrors(connection: NatsConnection, tell: (error: Error) => void): Promise<void> {
  const seen = new Set<string>()
  for await (const status of connection.status()) {
    if (status.type !== 'error' || seen.size > 20 || seen.has(status.error.message)) continue
    seen.add(status.error.message)
    tell(status.error)
  }
}

const isAnnouncing = (error: Error) =>
  error instanceof PermissionViolationError && error.subject.startsWith('announce.')

function parseIncoming<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | null {
  if (bytes.length > INCOMING_BYTES_MAX) return null
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch {
    return null
  }
}

/** Lets `limit` through at once; the others wait in order. */
function slotQueue(limit: number) {
  const waiting: (() => void)[] = []
  let taken = 0
  return {
    async take(): Promise<void> {
      if (taken < limit) taken += 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
    },
    give(): void {
      const next = waiting.shift()
      if (next === undefined) taken -= 1
      else next()
    },
  }
}
