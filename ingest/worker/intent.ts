import { z } from 'zod'

const position = z.int().min(0)

/**
 * The frozen boundary of the next insert, written before it. A replay reads the same messages, leaves the
 * same ones out and uses the same tokens, so that what had landed is not stored again.
 */
export const Intent = z.strictObject({
  v: z.literal(1),
  /** The log's own name for its present life. */
  logEpoch: z.string().max(128),
  /** Lives counted by ingest: rises when a log under the same name has lost its tail. */
  life: z.int().min(0),
  first: position,
  last: position,
  /** Id of the message at `last`: another one there means that the log lost its tail and grew again. */
  lastId: z.string(),
  /** Positions of duplicates within the range, as closed ranges. */
  leftOut: z.array(z.tuple([position, position])),
  /** Wall clock at which the range was frozen, epoch ms. */
  atMs: z.int().min(0),
})
export type Intent = z.infer<typeof Intent>

/** Names the life of a log in tokens and rows. */
export const epochName = (intent: Pick<Intent, 'logEpoch' | 'life'>) =>
  intent.life === 0 ? intent.logEpoch : `${intent.logEpoch}+${intent.life}`

/** Deduplication token of one table's share of an insert. */
export const insertToken = (shard: number, intent: Intent, table: string) =>
  `${shard}:${epochName(intent)}:${intent.first}-${intent.last}:${table}`

/** Sorted positions as closed ranges. */
export function positionRanges(positions: readonly number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const position of positions) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] + 1 === position) last[1] = position
    else ranges.push([position, position])
  }
  return ranges
}

export const isInRanges = (ranges: readonly (readonly [number, number])[], position: number) =>
  ranges.some(([from, to]) => from <= position && position <= to)

/** What to do with the last intent, given what the log says of itself now. */
export type Resume =
  /** Nothing was ever inserted from here. */
  | { readonly kind: 'fresh'; readonly life: number; readonly nextPosition: number }
  /** All of the last insert is known to be stored. */
  | { readonly kind: 'landed'; readonly life: number; readonly nextPosition: number }
  /** Repeat the range (what is left of it), then go on behind it. */
  | { readonly kind: 'replay'; readonly intent: Intent; readonly expired: number }
  /** Another log, or one that lost its tail: positions mean other messages now. */
  | {
      readonly kind: 'new-life'
      readonly life: number
      readonly nextPosition: number
      readonly reason: 'log_recreated' | 'log_lost_its_tail'
    }

/** What a log says of itself. */
export interface LogState {
  readonly epoch: string
  readonly first: number
  readonly last: number
  /** Id of the message at the end of the last intent; null when it is not there any more. */
  readonly idAtIntent: string | null
}

/**
 * Decides how to start. `hasLanded` = `batches`, which is written last, has the range of this intent: a
 * spool that is read in place has dropped it then. Pure, so that every way a log can change is a test.
 */
export function resume(intent: Intent | null, log: LogState, hasLanded: boolean): Resume {
  if (intent === null) return { kind: 'fresh', life: 0, nextPosition: log.first }
  if (intent.logEpoch !== log.epoch)
    return { kind: 'new-life', life: 0, nextPosition: log.first, reason: 'log_recreated' }
  const isOther = log.idAtIntent !== null && log.idAtIntent !== intent.lastId
  if (log.last < intent.last || isOther) {
    const life = intent.life + 1
    return { kind: 'new-life', life, nextPosition: log.first, reason: 'log_lost_its_tail' }
  }
  if (hasLanded) return { kind: 'landed', life: intent.life, nextPosition: intent.last + 1 }
  const expired = Math.max(0, Math.min(log.first, intent.last + 1) - intent.first)
  return { kind: 'replay', intent, expired }
}
