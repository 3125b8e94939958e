import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'

/** The frozen boundary of one insert: written before it, repeated after a crash under the same token. */
export const IntentBody = z.strictObject({
  shard: z.int().min(0),
  /** Epoch of the log that positions belong to. */
  epoch: z.string().min(1).max(256),
  /** Positions of the insert, both ends included. */
  first: z.int().min(0),
  last: z.int().min(0),
  /** Positions inside that were not inserted (late duplicates, poison). */
  leftOut: z.array(z.int().min(0)).max(100_000),
})
export type IntentBody = z.infer<typeof IntentBody>

/** An intent as stored. Each write of a shard gets a higher revision. */
export interface Intent extends IntentBody {
  readonly revision: number
}

/**
 * The last intent of one shard. Compare-and-set: of two workers on a shard the second one's write is
 * refused, so it can never insert.
 */
export interface IntentStore {
  last(): Promise<Intent | null>
  /**
   * Stores the next intent and returns it with its revision. `previous` is what the caller believes to be
   * the last one. Throws E_INTENT_TAKEN when it is not: another worker is at it, the caller must stop.
   * Any other rejection leaves open whether it was stored; writing it again with the same previous is safe.
   */
  write(intent: IntentBody, previous: Intent | null): Promise<Intent>
}

/** What is stored: the intent and who wrote it, so that a repeated write knows its own. */
const StoredIntent = IntentBody.extend({ writer: z.string().max(64) })
type StoredIntent = z.infer<typeof StoredIntent>

/** The bytes of an intent. */
export function encodeIntent(intent: IntentBody, writer: string): Uint8Array {
  const { shard, epoch, first, last, leftOut } = intent
  return Buffer.from(JSON.stringify({ shard, epoch, first, last, leftOut, writer }))
}

/** The intent in these bytes; throws E_INTERNAL when they are none, because guessing could double data. */
export function decodeIntent(bytes: Uint8Array): StoredIntent {
  try {
    return StoredIntent.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (error) {
    throw new PlimsollError('E_INTERNAL', 'a stored intent cannot be understood', { cause: error })
  }
}

export const intentTaken = (shard: number) =>
  new PlimsollError(
    'E_INTENT_TAKEN',
    `another ingest process works on shard ${shard}; this one stops, so that nothing is stored twice`,
  )
