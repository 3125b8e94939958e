import type { RecordMeta } from './record.ts'

/** Sequences of one boot that the spool no longer has, both ends included. */
export interface SpoolGap {
  readonly boot: string
  readonly fromSeq: number
  readonly toSeq: number
  /** Span of time the lost batches spoke of, epoch ms; exact when the records were still readable. */
  readonly fromMs: number
  readonly toMs: number
  readonly reason: 'spool_full' | 'spool_damaged'
}

/** Sequences of one boot with their span of time. */
export type SequenceRange = Omit<SpoolGap, 'reason'>

export const rangeOf = ({ boot, seq, fromMs, toMs }: RecordMeta): SequenceRange => ({
  boot,
  fromSeq: seq,
  toSeq: seq,
  fromMs,
  toMs,
})

/** Joins ranges that follow each other without a hole. */
export function joinRanges(ranges: readonly SequenceRange[]): SequenceRange[] {
  const joined: SequenceRange[] = []
  for (const range of ranges) {
    const last = joined.at(-1)
    if (last?.boot === range.boot && last.toSeq + 1 === range.fromSeq)
      joined[joined.length - 1] = {
        boot: range.boot,
        fromSeq: last.fromSeq,
        toSeq: range.toSeq,
        fromMs: Math.min(last.fromMs, range.fromMs),
        toMs: Math.max(last.toMs, range.toMs),
      }
    else joined.push(range)
  }
  return joined
}

/** The part of a range after `seq`, or null when nothing is left. */
export function after(range: SequenceRange, seq: number): SequenceRange | null {
  if (range.toSeq <= seq) return null
  return range.fromSeq > seq ? range : { ...range, fromSeq: seq + 1 }
}

/** What is left of a range when others of its boot are taken out of it. */
export function without(
  range: SequenceRange,
  others: readonly SequenceRange[],
): readonly SequenceRange[] {
  let rest: readonly SequenceRange[] = [range]
  for (const { boot, fromSeq, toSeq } of others) {
    if (boot !== range.boot) continue
    rest = rest.flatMap((part) => {
      if (toSeq < part.fromSeq || fromSeq > part.toSeq) return [part]
      const before = fromSeq > part.fromSeq ? [{ ...part, toSeq: fromSeq - 1 }] : []
      const behind = after(part, toSeq)
      return behind === null ? before : [...before, behind]
    })
  }
  return rest
}

/** What lies around lost records; null where nothing readable is left on that side. */
export interface Surroundings {
  readonly before: RecordMeta | null
  readonly after: RecordMeta | null
  /** How many records are lost between the two. */
  readonly lost: number
}

/**
 * Which sequences are lost between two readable records. Sequences of a boot are appended one by one, so
 * the neighbours tell; where a boot ended inside the hole, the count of lost records shares it out.
 */
export function lostBetween({ before, after, lost }: Surroundings): SequenceRange[] {
  if (lost <= 0) return []
  const fromMs = before?.toMs ?? after?.fromMs ?? 0
  const toMs = after?.fromMs ?? before?.toMs ?? 0
  const times = { fromMs: Math.min(fromMs, toMs), toMs: Math.max(fromMs, toMs) }
  const range = (boot: string, fromSeq: number, toSeq: number) =>
    toSeq < fromSeq ? [] : [{ boot, fromSeq, toSeq, ...times }]
  if (before !== null && after?.boot === before.boot)
    return range(before.boot, before.seq + 1, after.seq - 1)
  const ofNext = after === null ? 0 : Math.min(lost, after.seq - 1)
  return [
    ...(before === null ? [] : range(before.boot, before.seq + 1, before.seq + lost - ofNext)),
    ...(after === null ? [] : range(after.boot, after.seq - ofNext, after.seq - 1)),
  ]
}
