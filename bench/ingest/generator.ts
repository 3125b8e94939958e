import { setTimeout as pause } from 'node:timers/promises'
import type { LoadShape } from '../../cli/load/layout.ts'
import { type NatsPublisher, openNatsPublisher } from '../../ingest/bus/publisher.ts'
import type { OutgoingMessage } from '#schemas/ports.ts'
import { messageId } from '#schemas/subjects.ts'
import { createFleet } from './fleet.ts'
import { type Made, NOTHING_MADE, type Order, type Word } from './generator-words.ts'
import { createMessageMaker, type MessageMaker, type PreparedMessage, spanOf } from './messages.ts'
import { patchedMessage } from './patch.ts'

/**
 * The collectors of a fleet as one process below the benchmark: its CPU is nobody's. It makes messages ahead of time
 * with the collector's own batcher and codec, and publishes them with the collector's own publisher.
 */

/** Publishing attempts of one message before the benchmark gives up. */
const ATTEMPTS = 20
const RETRY_MS = 200
const CONNECT_LOOKS = 200
const REPORT_MS = 500
/** A replay that is behind waits for nothing; one that is ahead waits at least so long, ms. */
const TURN_MS = 2

interface Member {
  readonly collector: string
  readonly maker: MessageMaker
  readonly publisher: NatsPublisher
  kept: PreparedMessage[]
  /** Sequence of the last message that was sent. */
  seq: number
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
let members: Member[] = []
let stepMs = 1000

process.on('message', (order: Order) => {
  carryOut(order).then(tell, (error: unknown) =>
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))

function tell(word: Word): void {
  process.send?.(word)
}

async function carryOut(order: Order): Promise<Word> {
  if (order.kind === 'open') {
    stepMs = order.stepMs
    members = openMembers(order.shape, order.natsUrl)
    for (let look = 0; members.some(({ publisher }) => !publisher.connected()); look++) {
      if (look >= CONNECT_LOOKS) throw new Error('the bus does not let the generator in')
      await pause(25)
    }
    return { kind: 'opened' }
  }
  if (order.kind === 'prepare') {
    for (const member of members) {
      member.kept = member.maker.make(order.ticksMs, stepMs)
    }
    return { kind: 'prepared', made: members.flatMap(({ kept }) => kept).reduce(add, NOTHING_MADE) }
  }
  if (order.kind === 'send') {
    for (const member of members)
      member.kept = member.kept.map((each) => shifted(each, order.shiftMs))
    const startMs = performance.now()
    await Promise.all(members.map((member) => sendKept(member)))
    for (const member of members) {
      member.seq = member.kept.at(-1)?.seq ?? member.seq
      member.kept = []
    }
    return { kind: 'sent', seconds: (performance.now() - startMs) / 1000 }
  }
  return { kind: 'replayed', sent: await replay(order) }
}

function openMembers(shape: LoadShape, natsUrl: string): Member[] {
  return createFleet(shape).map((part) => ({
    collector: part.collector,
    maker: createMessageMaker(part, shape.cluster),
    publisher: openNatsPublisher({
      connect: { url: natsUrl },
      cluster: shape.cluster,
      collector: part.collector,
      logger: silent,
    }),
    kept: [],
    seq: 0,
  }))
}

const add = (sum: Made, { rows, values, payload }: PreparedMessage): Made => ({
  messages: sum.messages + 1,
  rows: sum.rows + rows,
  values: sum.values + values,
  bytes: sum.bytes + payload.length,
})

/** The same message with later samples; records that ride along keep their times. */
function shifted(message: PreparedMessage, shiftMs: number): PreparedMessage {
  if (shiftMs === 0 || message.rows === 0) return message
  const t0Ms = message.t0Ms + shiftMs
  const endMs = message.endMs + shiftMs
  return { ...message, t0Ms, endMs, payload: patchedMessage(message.payload, message.seq, t0Ms) }
}

/** As a collector sends: in order of sequence, as many at once as its publisher lets. */
async function sendKept({ kept, publisher }: Member): Promise<void> {
  await Promise.all(kept.map((message) => publishSurely(publisher, message)))
}

async function publishSurely(publisher: NatsPublisher, message: OutgoingMessage): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await publisher.publish(message)
      return
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error
      await pause(RETRY_MS)
    }
  }
}

/**
 * Sends what is kept at its own pace, shifted to now, and once more from its start when it is through. Records that
 * ride along keep their times.
 */
async function replay(order: Extract<Order, { kind: 'replay' }>): Promise<Made> {
  const span = spanOf(members.flatMap(({ kept }) => kept))
  const lapMs = span.toMs - span.fromMs
  const state = { sent: NOTHING_MADE, lateMs: 0, failure: null as Error | null }
  const report = setInterval(() => {
    tell({ kind: 'replaying', sent: state.sent, lateMs: Math.round(state.lateMs) })
    state.lateMs = 0
  }, REPORT_MS)
  const waiting = new Set<Promise<void>>()
  const turn = async (member: Member) => {
    // Only whole samples: messages of records alone carry times that cannot be shifted.
    const messages = member.kept
      .filter(({ t0Ms, rows }) => rows > 0 && t0Ms > 0)
      .toSorted((a, b) => a.atMs - b.atMs)
    for (let lap = 0; ; lap++) {
      const shiftMs = order.fromMs - span.fromMs + lap * lapMs
      for (const message of messages) {
        const t0Ms = message.t0Ms + shiftMs
        if (message.endMs + shiftMs > order.toMs) return
        const dueMs = message.atMs + shiftMs
        while (Date.now() < dueMs) await pause(Math.max(TURN_MS, dueMs - Date.now()))
        if (state.failure !== null) throw state.failure
        state.lateMs = Math.max(state.lateMs, Date.now() - dueMs)
        const seq = ++member.seq
        const sending = publishSurely(member.publisher, {
          subject: message.subject,
          id: messageId(member.collector, message.boot, seq),
          seq,
          boot: message.boot,
          payload: patchedMessage(message.payload, seq, t0Ms),
        })
          .then(() => void (state.sent = add(state.sent, message)))
          .catch((error: unknown) => {
            state.failure = error instanceof Error ? error : new Error(String(error))
          })
          .finally(() => waiting.delete(sending))
        waiting.add(sending)
      }
    }
  }
  try {
    await Promise.all(members.map(turn))
    await Promise.all(waiting)
    if (state.failure !== null) throw state.failure
    return state.sent
  } finally {
    clearInterval(report)
  }
}
