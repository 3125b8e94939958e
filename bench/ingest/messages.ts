import { randomBytes } from 'node:crypto'
import { bitSet, type Batch } from '#schemas/batch.ts'
import type { OutgoingMessage } from '#schemas/ports.ts'
import { eventsSubject, messageId, telemetrySubject } from '#schemas/subjects.ts'
import { encodeBatch } from '#schemas/wire.ts'
import { type BatchKind, createBatcher } from '../../collector/batcher.ts'
import type { TimeSource } from '../../collector/clock.ts'
import type { FleetPart } from './fleet.ts'

/** A message that a collector would send, and when. */
export interface PreparedMessage extends OutgoingMessage {
  /** When the collector would have finished it, epoch ms. */
  readonly atMs: number
  readonly t0Ms: number
  /** End of its last cell, epoch ms: a message at 1 s holds two. */
  readonly endMs: number
  /** Device rows in it, and values in them that are not null. */
  readonly rows: number
  readonly values: number
}

export interface MessageMaker {
  /** Messages for these instants, an interval apart or more; what is open at their end is closed. */
  make(ticksMs: readonly number[], stepMs: number): PreparedMessage[]
}

const MINUTE_MS = 60_000
/** What the slowest timer of the batcher waits, ms: after it, nothing is open any more. */
const CLOSED_MS = 2500

/**
 * Messages of one collector, made by the collector's own batcher on a clock of its own: nodes are read one after the
 * other over the interval, as the schedule spreads them, and each says once a minute how its reading went.
 */
export function createMessageMaker(part: FleetPart, cluster: string): MessageMaker {
  const { collector, nodes } = part
  const boot = randomBytes(16).toString('hex')
  const time = turnedTime()
  const made: PreparedMessage[] = []
  const batcher = createBatcher({
    identity: { cluster, collector, boot, simulated: true },
    time,
    clock: { now: () => Math.floor(time.wallMs()), check: () => null },
    onBatch: (batch, kind) => made.push(prepare(batch, kind, time.wallMs())),
  })
  const toldMs = new Map<string, number>()
  return {
    make(ticksMs, stepMs) {
      for (const tickMs of ticksMs) {
        nodes.forEach((node, position) => {
          time.turnTo(tickMs + (stepMs * position) / nodes.length)
          batcher.add(node.read(tickMs, stepMs))
          if (time.wallMs() - (toldMs.get(node.name) ?? 0) < MINUTE_MS) return
          toldMs.set(node.name, time.wallMs())
          batcher.addRecord(node.target(Math.floor(time.wallMs()), stepMs))
        })
      }
      time.turnTo((ticksMs.at(-1) ?? 0) + stepMs + CLOSED_MS)
      batcher.flush()
      return made.splice(0)
    },
  }
}

/** Time that messages of samples speak for, epoch ms, half-open: what one lap of their repetition covers. */
export function spanOf(messages: readonly PreparedMessage[]): { fromMs: number; toMs: number } {
  const samples = messages.filter(({ rows }) => rows > 0)
  return {
    fromMs: Math.min(...samples.map(({ t0Ms }) => t0Ms)),
    toMs: Math.max(...samples.map(({ endMs }) => endMs)),
  }
}

function prepare(batch: Batch, kind: BatchKind, atMs: number): PreparedMessage {
  const { cluster, collector, boot, seq, t0Ms, ticks, stepMs } = batch
  const subject = kind === 'telemetry' ? telemetrySubject : eventsSubject
  return {
    subject: subject(cluster, collector),
    id: messageId(collector, boot, seq),
    payload: encodeBatch(batch),
    boot,
    atMs,
    seq,
    t0Ms,
    endMs: t0Ms + ticks * stepMs,
    rows: setBits(batch.present, ticks * batch.devices.length),
    values: batch.columns.reduce(
      (sum, { valid, values }) => sum + setBits(valid, values.length),
      0,
    ),
  }
}

function setBits(bitmap: Uint8Array, length: number): number {
  let count = 0
  for (let i = 0; i < length; i++) if (bitSet(bitmap, i)) count++
  return count
}

/** Time that is set by hand; timers that are passed over run in order. */
function turnedTime(): TimeSource & { turnTo(ms: number): void } {
  let nowMs = 0
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, run: callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    turnTo(ms) {
      for (;;) {
        const [due] = [...timers].filter(({ atMs }) => atMs <= ms).sort((a, b) => a.atMs - b.atMs)
        if (due === undefined) break
        timers.delete(due)
        nowMs = Math.max(nowMs, due.atMs)
        due.run()
      }
      nowMs = Math.max(nowMs, ms)
    },
  }
}
