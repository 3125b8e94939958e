import type { InventoryDevice } from '#schemas/journal.ts'
import { OPEN_MS } from '../settle/capacity.ts'
import { detailOf, type IntervalBook, sequenceOf, type StoredInterval } from './interval-book.ts'
import { overlaps, spanOf } from './spans.ts'

export interface EntryHead {
  readonly sequence: number
  readonly atMs: number
  readonly who: string
}

/** `reason` of intervals that an inventory gave. */
const BY_INVENTORY = 'inventory'
const BY_DISCOVERY = 'discovered'

/**
 * Writes what an inventory says of one device into the book. Capacity is [accepted, retired): it replaces whatever it
 * overlaps, except that a device which was discovered before the accepted date keeps that time as discovered. What it
 * does not touch, such as a life that ended before, stays: last month's capacity is last month's.
 */
export function bookDevice(
  book: IntervalBook,
  deviceId: bigint,
  listed: InventoryDevice,
  entry: EntryHead,
): void {
  const { accepted_ms, retired_ms } = listed
  bookDelivered(book, deviceId, listed, entry)
  if (accepted_ms !== null) bookAccepted(book, deviceId, spanOf(accepted_ms, retired_ms), entry)
  else if (retired_ms !== null)
    endAll(book, deviceId, { kind: 'capacity', atMs: retired_ms, entry })
  else if (listed.delivered_ms !== null) {
    // Somebody says that it is not accepted: what discovery took it for ends now.
    const isMeant = ({ reason }: StoredInterval) => reason === BY_DISCOVERY
    endAll(book, deviceId, { kind: 'capacity', atMs: entry.atMs, entry, isMeant })
  }
}

function bookAccepted(
  book: IntervalBook,
  deviceId: bigint,
  span: ReturnType<typeof spanOf>,
  entry: EntryHead,
): void {
  const detail = detailOf(entry.sequence, { who: entry.who })
  const others = book
    .live('capacity', deviceId)
    .filter((one) => one.fromMs !== span.fromMs && overlaps(one, span))
  if (others.some((one) => sequenceOf(one) > entry.sequence)) return
  for (const one of others) {
    if (one.reason === BY_DISCOVERY && one.fromMs < span.fromMs)
      book.put({ ...one, toMs: span.fromMs, detail })
    else book.put({ ...one, toMs: one.fromMs, reason: BY_INVENTORY, detail })
  }
  book.put({ kind: 'capacity', deviceId, ...span, reason: BY_INVENTORY, detail })
}

/** Delivered and not accepted: a line of its own, until it is accepted or given back. */
function bookDelivered(
  book: IntervalBook,
  deviceId: bigint,
  { delivered_ms, accepted_ms, retired_ms }: InventoryDevice,
  entry: EntryHead,
): void {
  const endMs = Math.min(accepted_ms ?? OPEN_MS, retired_ms ?? OPEN_MS)
  if (delivered_ms === null) {
    if (endMs < OPEN_MS) endAll(book, deviceId, { kind: 'delivered', atMs: endMs, entry })
    return
  }
  const span = spanOf(delivered_ms, endMs)
  const detail = detailOf(entry.sequence, { who: entry.who })
  for (const one of book.live('delivered', deviceId))
    if (one.fromMs !== span.fromMs && overlaps(one, span))
      book.put({ ...one, toMs: one.fromMs, detail })
  book.put({ kind: 'delivered', deviceId, ...span, reason: BY_INVENTORY, detail })
}

interface End {
  readonly kind: 'capacity' | 'delivered'
  readonly atMs: number
  readonly entry: EntryHead
  readonly isMeant?: (interval: StoredInterval) => boolean
}

function endAll(book: IntervalBook, deviceId: bigint, end: End): void {
  const { kind, atMs, entry, isMeant = () => true } = end
  for (const one of book.live(kind, deviceId)) {
    if (one.toMs <= atMs || !isMeant(one)) continue
    const detail = detailOf(entry.sequence, { who: entry.who })
    book.put({ ...one, toMs: Math.max(one.fromMs, atMs), detail })
  }
}
