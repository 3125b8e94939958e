import { ANNOUNCED_PER_SECOND, perSecond } from '#schemas/announcement.ts'
import type { Publisher } from '#schemas/ports.ts'
import type { BatchRecord, EventRecord } from '#schemas/records.ts'
import type { TimeSource } from './clock.ts'

export interface Announcer {
  /** Takes what is an event; those of one read go together. */
  see(record: BatchRecord): void
  /** Events beyond the bound, which only the table has. */
  dropped(): number
}

/** Says events at the moment they are found, beside the batch that holds them. Waits for nothing and stops nothing. */
export function createAnnouncer(
  publisher: Pick<Publisher, 'announce'>,
  time: Pick<TimeSource, 'monotonicMs'>,
): Announcer {
  const pass = perSecond(ANNOUNCED_PER_SECOND, () => time.monotonicMs())
  let found: EventRecord[] = []
  let dropped = 0
  const send = () => {
    const events = found
    found = []
    try {
      publisher.announce?.(events)
    } catch {
      dropped += events.length
    }
  }
  return {
    see(record) {
      if (record.kind !== 'event' || publisher.announce === undefined) return
      if (pass(1) === 0) {
        dropped += 1
        return
      }
      found.push(record)
      if (found.length === 1) queueMicrotask(send)
    },
    dropped: () => dropped,
  }
}
