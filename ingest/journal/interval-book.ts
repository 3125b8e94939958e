import { INTERVAL_KINDS, type IntervalKind } from '#schemas/ledger.ts'
import { OPEN_MS } from '../settle/capacity.ts'
import { changedSpan, isEmpty, type Span } from './spans.ts'

/** One row of `intervals`. */
export interface StoredInterval extends Span {
  readonly kind: IntervalKind
  readonly deviceId: bigint
  readonly reason: string
  readonly detail: string
  /** The row with the highest version of a (kind, device, from) counts. */
  readonly version: number
}

/** What one entry makes of the intervals of its devices. */
export interface IntervalBook {
  /** Intervals of a device that count for something, by time. */
  live(kind: IntervalKind, deviceId: bigint): readonly StoredInterval[]
  /**
   * Puts an interval in the place of the one with its start. Without effect when it says nothing new, or when a later
   * entry has spoken of it already.
   */
  put(interval: Omit<StoredInterval, 'version'>): void
  /** Rows to store, in their last form. */
  writes(): readonly StoredInterval[]
  /** What they change against what was stored before, by kind. */
  changes(): readonly (readonly [reason: `${IntervalKind} corrected`, spans: readonly Span[]])[]
}

/** The entry of the journal that wrote an interval, 0 = none did. */
export function sequenceOf({ detail }: Pick<StoredInterval, 'detail'>): number {
  if (!detail.startsWith('{"sequence":')) return 0
  return Number(/^\{"sequence":(\d{1,15})[,}]/.exec(detail)?.[1] ?? 0)
}

/** The detail of an interval of the journal: JSON that begins with the entry's sequence. */
export const detailOf = (sequence: number, more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ sequence, ...more })

/** Works on stored intervals of the devices of one entry, which has this sequence and was made at `atMs`. */
export function createIntervalBook(
  stored: readonly StoredInterval[],
  entry: { readonly sequence: number; readonly atMs: number },
): IntervalBook {
  const keyOf = ({ kind, deviceId, fromMs }: Omit<StoredInterval, 'version'>) =>
    `${kind}:${deviceId}:${fromMs}`
  const before = new Map(stored.map((one) => [keyOf(one), one]))
  const now = new Map(before)
  const byDevice = new Map<string, Set<string>>()
  const note = (interval: Omit<StoredInterval, 'version'>) => {
    const device = `${interval.kind}:${interval.deviceId}`
    byDevice.set(device, (byDevice.get(device) ?? new Set()).add(keyOf(interval)))
  }
  for (const one of stored) note(one)
  const writes = () =>
    [...now].filter(([key, one]) => before.get(key) !== one).map(([, one]) => one)

  return {
    live(kind, deviceId) {
      const keys = [...(byDevice.get(`${kind}:${deviceId}`) ?? [])]
      return keys
        .flatMap((key) => now.get(key) ?? [])
        .filter((one) => !isEmpty(one))
        .toSorted((a, b) => a.fromMs - b.fromMs)
    },
    put(interval) {
      const key = keyOf(interval)
      const known = now.get(key)
      if (known === undefined && isEmpty(interval)) return
      if (known !== undefined && (sequenceOf(known) > entry.sequence || isSame(known, interval)))
        return
      note(interval)
      const version = Math.max(entry.atMs, (known?.version ?? 0) + 1)
      now.set(key, { ...interval, version })
    },
    writes,
    changes: () =>
      INTERVAL_KINDS.map((kind) => {
        const isOwn = (one: StoredInterval) => one.kind === kind
        // A stored row of this very entry is what a crash left of it: what it replaced is not known any more.
        const left = stored.filter((one) => isOwn(one) && sequenceOf(one) === entry.sequence)
        const spans = [
          ...left.map(({ fromMs }) => ({ fromMs, toMs: OPEN_MS })),
          ...writes()
            .filter(isOwn)
            .flatMap((one) => changedSpan(before.get(keyOf(one)) ?? null, one, true) ?? []),
        ]
        return [`${kind} corrected` as const, spans] as const
      }),
  }
}

/** The same words; who said them, and in which entry, does not matter. */
function isSame(known: StoredInterval, next: Omit<StoredInterval, 'version'>): boolean {
  return (
    known.toMs === next.toMs &&
    known.reason === next.reason &&
    withoutEntry(known.detail) === withoutEntry(next.detail)
  )
}

const withoutEntry = (detail: string) => detail.replace(/^\{"sequence":\d+,?/, '{')
