import { z } from 'zod'
import { EventRecord } from './records.ts'

/** Events that a collector announces in a second; the table has the others. */
export const ANNOUNCED_PER_SECOND = 200
/** A longer message is not looked at. */
export const ANNOUNCEMENT_BYTES_MAX = 256 << 10
const EVENTS_MAX = 64

const Announcement = z.strictObject({ events: z.array(EventRecord).min(1).max(EVENTS_MAX) })
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Messages of bounded size that say these events. */
export function encodeAnnouncements(events: readonly EventRecord[]): Uint8Array[] {
  if (events.length === 0) return []
  const bytes = encoder.encode(JSON.stringify({ events }))
  if (events.length <= EVENTS_MAX && bytes.length <= ANNOUNCEMENT_BYTES_MAX) return [bytes]
  // One event is a few texts of at most 1024 characters.
  if (events.length === 1) return []
  const half = Math.ceil(events.length / 2)
  return [...encodeAnnouncements(events.slice(0, half)), ...encodeAnnouncements(events.slice(half))]
}

/** The events of a message; null for one that does not keep to the form. */
export function decodeAnnouncement(bytes: Uint8Array): readonly EventRecord[] | null {
  if (bytes.length > ANNOUNCEMENT_BYTES_MAX) return null
  try {
    return Announcement.parse(JSON.parse(decoder.decode(bytes))).events
  } catch {
    return null
  }
}

/** So many in a second, and no more: says how many of `count` may pass now. */
export function perSecond(limit: number, monotonicMs: () => number): (count: number) => number {
  let left = limit
  let atMs = monotonicMs()
  return (count) => {
    const nowMs = monotonicMs()
    left = Math.min(limit, left + (Math.max(0, nowMs - atMs) * limit) / 1000)
    atMs = nowMs
    const passing = Math.min(count, Math.floor(left))
    left -= passing
    return passing
  }
}
