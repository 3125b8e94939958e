import { messageId } from '#schemas/subjects.ts'
import type { DecodeReason, WireBatch, WireResult } from '#schemas/wire.ts'
import type { Sender } from './delivery.ts'
import type { LogMessage } from '../bus/log.ts'

/** Why a message can never be stored: a fixed list, so that it can label a counter. */
export type PoisonReason =
  | DecodeReason
  | 'bad_subject'
  | 'subject_mismatch'
  | 'id_mismatch'
  | 'time_future'
  | 'time_past'

/** A message that passed every check that concerns it alone. */
export interface Accepted {
  readonly message: LogMessage
  readonly batch: WireBatch
  /** Added to every time of the batch, ms: not 0 only when the collector's clock was off by more than 30 s. */
  readonly shiftMs: number
}
export interface Poison {
  readonly message: LogMessage
  readonly reason: PoisonReason
  /**
   * Whose sequence it is, when its id says so and sending it again cannot help: the watermark passes over
   * it, because the quarantine has it. Null also for damage in transit: a hole that is asked for again.
   */
  readonly sequence: { readonly sender: Sender; readonly seq: number } | null
}
export type ReadResult =
  | { readonly ok: true; readonly accepted: Accepted }
  | { readonly ok: false; readonly poison: Poison }

export interface TimeLimits {
  /** Oldest sample taken, ms before its message was received: as long as a spool may keep it. */
  readonly maxAgeMs: number
  /** Newest sample taken, ms after its message was received. */
  readonly maxAheadMs: number
}

export const DEFAULT_TIME_LIMITS: TimeLimits = { maxAgeMs: 30 * 86_400_000, maxAheadMs: 60_000 }

/** Skew up to this is left alone (DEFINITIONS section 1). */
export const SKEW_LIMIT_MS = 30_000

const ID = /^([^:]+):([0-9a-f]{32}):([1-9]\d*)$/
const SUBJECT = /^(?:telemetry|events)\.v1\.([^.]+)\.([^.]+)$/

/**
 * Decodes one message and checks it against its subject, its id and the clock of the log. Depends on
 * nothing but its arguments, so that a replay comes to the same verdict.
 */
export function readMessage(
  message: LogMessage,
  decode: (bytes: Uint8Array) => WireResult,
  limits: TimeLimits,
): ReadResult {
  const [, cluster, collector] = SUBJECT.exec(message.subject) ?? []
  const refuse = (reason: PoisonReason): ReadResult => ({
    ok: false,
    poison: { message, reason, sequence: sequenceOf(message, { cluster, collector }, reason) },
  })
  if (cluster === undefined || collector === undefined) return refuse('bad_subject')
  const decoded = decode(message.payload)
  if (!decoded.ok) return refuse(decoded.reason)
  const { batch } = decoded
  if (batch.cluster !== cluster || batch.collector !== collector) return refuse('subject_mismatch')
  if (message.id !== messageId(collector, batch.boot, batch.seq)) return refuse('id_mismatch')
  const shiftMs = clockShift(message, batch.stepMs)
  if (batch.ticks > 0) {
    const firstMs = batch.t0Ms + shiftMs
    const lastMs = firstMs + (batch.ticks - 1) * batch.stepMs
    if (lastMs > message.receivedAtMs + limits.maxAheadMs) return refuse('time_future')
    if (firstMs < message.receivedAtMs - limits.maxAgeMs) return refuse('time_past')
  }
  return { ok: true, accepted: { message, batch, shiftMs } }
}

/** From the id alone, for a message whose bytes cannot be trusted; only its own collector could publish it. */
function sequenceOf(
  { id }: LogMessage,
  { cluster, collector }: { cluster: string | undefined; collector: string | undefined },
  reason: PoisonReason,
): Poison['sequence'] {
  const [, named, boot, digits] = ID.exec(id) ?? []
  const seq = Number(digits)
  if (reason === 'bad_crc' || reason === 'subject_mismatch' || reason === 'id_mismatch') return null
  if (cluster === undefined || boot === undefined || named !== collector) return null
  if (collector === undefined || !Number.isSafeInteger(seq)) return null
  return { sender: { cluster, collector, boot }, seq }
}

/**
 * Skew = receipt by the log minus the publisher's clock at that attempt; late is not skewed. The
 * correction is a whole number of steps, so that samples stay on their grid.
 */
function clockShift(message: LogMessage, stepMs: number): number {
  if (message.sentAtMs === null) return 0
  const skewMs = message.receivedAtMs - message.sentAtMs
  if (Math.abs(skewMs) <= SKEW_LIMIT_MS) return 0
  const grid = stepMs === 0 ? 1000 : stepMs
  return Math.round(skewMs / grid) * grid
}
