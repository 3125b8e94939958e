import type { NatsConnection } from '@nats-io/transport-node'
import {
  type ResendRequest,
  resendSubject,
  type Watermark,
  watermarkSubject,
} from '#schemas/subjects.ts'

/** How ingest speaks to collectors. Fire and forget: what is lost is said again. */
export interface WatermarkSender {
  /** Everything of this boot up to and including seq is in the store. Repeated until a later one. */
  publish(cluster: string, collector: string, watermark: Watermark): void
  /** Sequences that ingest misses; ask again while they do not come. */
  requestResend(cluster: string, collector: string, request: ResendRequest): void
  close(): Promise<void>
}

export interface NatsWatermarkOptions {
  /** The caller's; not closed here. */
  readonly connection: NatsConnection
  /** How often every known watermark is said again, default 5 s. */
  readonly repeatMs?: number
}

/** Boots remembered per collector: the running one, and a few whose spool still drains. */
const BOOTS_PER_COLLECTOR = 8
/** Collectors remembered; the one heard of least recently is forgotten. */
const COLLECTORS_MAX = 100_000
const REPEAT_MS = 5000

/** Watermarks and resend requests over core NATS, JSON, on each collector's own subjects. */
export function openNatsWatermarks(options: NatsWatermarkOptions): WatermarkSender {
  const { connection, repeatMs = REPEAT_MS } = options
  const known = new Map<string, Map<string, number>>()
  const send = (subject: string, message: Watermark | ResendRequest) => {
    // While disconnected the client would queue these without bound; the repetition makes up for it.
    if (isUp && !connection.isClosed()) connection.publish(subject, JSON.stringify(message))
  }
  let isUp = true
  void followConnection(connection, (up) => (isUp = up))
  const repeat = setInterval(() => {
    for (const [subject, boots] of known)
      for (const [boot, seq] of boots) send(subject, { boot, seq })
  }, repeatMs)
  repeat.unref()
  return {
    publish(cluster, collector, { boot, seq }) {
      const subject = watermarkSubject(cluster, collector)
      const boots = known.get(subject) ?? new Map<string, number>()
      const highest = Math.max(seq, boots.get(boot) ?? 0)
      boots.delete(boot)
      boots.set(boot, highest)
      forgetOldest(boots, BOOTS_PER_COLLECTOR)
      known.delete(subject)
      known.set(subject, boots)
      forgetOldest(known, COLLECTORS_MAX)
      send(subject, { boot, seq: highest })
    },
    requestResend(cluster, collector, request) {
      send(resendSubject(cluster, collector), request)
    },
    async close() {
      clearInterval(repeat)
    },
  }
}

/** Tells whether the connection is up, whenever that changes, until it is closed. */
export async function followConnection(
  connection: NatsConnection,
  changed: (isUp: boolean) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect' || status.type === 'close') changed(false)
    if (status.type === 'reconnect') changed(true)
  }
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) return
    map.delete(oldest)
  }
}
