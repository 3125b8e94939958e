import type { IntentBody } from '../bus/intents.ts'

/** What separates the log's own epoch from the number of the life that ingest gives it. */
const LIFE_MARK = '#'

/**
 * The epoch as intents, tokens and rows name it: the log's own, and a number that grows with every start and whenever
 * the log was found to have lost its tail.
 */
export const epochName = (logEpoch: string, life: number) =>
  life === 0 ? logEpoch : `${logEpoch}${LIFE_MARK}${life}`

function parseEpoch(name: string): { readonly logEpoch: string; readonly life: number } {
  const mark = name.lastIndexOf(LIFE_MARK)
  const life = mark === -1 ? Number.NaN : Number(name.slice(mark + 1))
  return Number.isSafeInteger(life)
    ? { logEpoch: name.slice(0, mark), life }
    : { logEpoch: name, life: 0 }
}

/** Deduplication token of one table's share of an insert. */
export const insertToken = ({ shard, epoch, first, last }: IntentBody, table: string) =>
  `${shard}:${epoch}:${first}-${last}:${table}`

/** What a log says of itself. */
export interface LogState {
  readonly epoch: string
  readonly first: number
  readonly last: number
}

/** What the store says of the last intent. */
export interface Landed {
  /** `batches`, which is written last, has its range. */
  readonly hasLanded: boolean
  /** The message that the log now holds at its end is not one that is stored. */
  readonly isOtherMessage: boolean
}

/** What to do with the last intent, given what the log and the store say now. */
export type Resume =
  /** Nothing was ever inserted from here. */
  | { readonly kind: 'fresh'; readonly life: number; readonly nextPosition: number }
  /** All of the last insert is known to be stored. */
  | { readonly kind: 'landed'; readonly life: number; readonly nextPosition: number }
  /** Repeat the range (what is left of it), then go on behind it. */
  | {
      readonly kind: 'replay'
      readonly life: number
      readonly intent: IntentBody
      readonly expired: number
    }
  /** Another log, or one that lost its tail: positions mean other messages now. */
  | {
      readonly kind: 'new-life'
      readonly life: number
      readonly nextPosition: number
      readonly reason: 'log_recreated' | 'log_lost_its_tail'
    }

/**
 * Decides how to start. A spool that is read in place has dropped what landed, so its range may be gone
 * without a loss. Pure, so that every way a log can change is a test.
 */
export function resume(intent: IntentBody | null, log: LogState, store: Landed): Resume {
  if (intent === null) return { kind: 'fresh', life: 0, nextPosition: log.first }
  const { logEpoch, life } = parseEpoch(intent.epoch)
  if (logEpoch !== log.epoch)
    return { kind: 'new-life', life: 0, nextPosition: log.first, reason: 'log_recreated' }
  if (log.last < intent.last || (store.hasLanded && store.isOtherMessage)) {
    const next = { life: life + 1, nextPosition: log.first }
    return { kind: 'new-life', ...next, reason: 'log_lost_its_tail' }
  }
  if (store.hasLanded) return { kind: 'landed', life, nextPosition: intent.last + 1 }
  const expired = Math.max(0, Math.min(log.first, intent.last + 1) - intent.first)
  return { kind: 'replay', life, intent, expired }
}
