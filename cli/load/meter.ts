import type { OutgoingMessage, Publisher } from '#schemas/ports.ts'

/** Times of many events in constant memory: each is known within 5 %. */
export interface Latencies {
  add(ms: number): void
  count(): number
  /** The time that this share of events (0..1) did not exceed, ms; null without events. */
  quantile(share: number): number | null
}

const FIRST_MS = 0.05
const GROWTH = 1.05
/** Up to 120 s; longer ones count as the last class. */
const CLASSES = Math.ceil(Math.log(120_000 / FIRST_MS) / Math.log(GROWTH))

export function createLatencies(): Latencies {
  const counts = new Float64Array(CLASSES + 1)
  let total = 0
  return {
    add(ms) {
      const place = Math.ceil(Math.log(Math.max(ms, FIRST_MS) / FIRST_MS) / Math.log(GROWTH))
      const index = Math.min(CLASSES, Math.max(0, place))
      counts[index] = (counts[index] ?? 0) + 1
      total++
    },
    count: () => total,
    quantile(share) {
      if (total === 0) return null
      const wanted = Math.max(1, Math.ceil(total * share))
      let passed = 0
      const index = counts.findIndex((count) => (passed += count) >= wanted)
      return FIRST_MS * GROWTH ** index
    },
  }
}

/** Which sequences of one boot the bus has acknowledged, however often they were sent. */
export interface Acknowledged {
  add(seq: number): void
  count(): number
}

/** Sequences out of order that are remembered; beyond it a hole is taken for a loss and passed over. */
const OUT_OF_ORDER = 4096

export function createAcknowledged(): Acknowledged {
  const ahead = new Set<number>()
  let through = 0
  let total = 0
  return {
    add(seq) {
      if (seq <= through || ahead.has(seq)) return
      ahead.add(seq)
      total++
      if (ahead.size > OUT_OF_ORDER) through = Math.min(...ahead) - 1
      while (ahead.delete(through + 1)) through++
    },
    count: () => total,
  }
}

/** What all collectors sent over the bus. */
export interface Sent {
  messages: number
  bytes: number
  refused: number
  readonly latencies: Latencies
}

export const newSent = (): Sent => ({
  messages: 0,
  bytes: 0,
  refused: 0,
  latencies: createLatencies(),
})

/** The same publisher, timed: from handing over to the bus's acknowledgement. */
export function metered(
  publisher: Publisher,
  sent: Sent,
  acknowledged: Acknowledged,
  now: () => number,
): Publisher {
  return {
    ...publisher,
    async publish(message: OutgoingMessage) {
      const startMs = now()
      try {
        await publisher.publish(message)
      } catch (error) {
        sent.refused++
        throw error
      }
      sent.latencies.add(now() - startMs)
      sent.messages++
      sent.bytes += message.payload.length
      acknowledged.add(message.seq)
    },
  }
}
