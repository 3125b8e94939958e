import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import { eventsSubject, messageId, telemetrySubject } from '#schemas/subjects.ts'
import type { DirectSpool, DirectSpoolRecord, Log, LogMessage } from './log.ts'

export interface DirectLogOptions {
  readonly spool: DirectSpool
  readonly cluster: string
  readonly collector: string
  readonly now?: Clock
}

/**
 * A log that is the collector's spool, read in place: standalone needs no server. Its positions and epoch
 * are the spool's. Receipt and sending are one moment here: when the spool took the message.
 */
export function openDirectLog(options: DirectLogOptions): Log {
  const { spool, cluster, collector, now = Date.now } = options
  const subjects = {
    telemetry: telemetrySubject(cluster, collector),
    events: eventsSubject(cluster, collector),
  }
  const closing = new AbortController()
  const toMessage = (record: DirectSpoolRecord): LogMessage => ({
    position: record.position,
    subject: subjects[record.kind],
    id: messageId(collector, record.boot, record.seq),
    payload: record.payload,
    receivedAtMs: record.appendedAtMs,
    sentAtMs: record.appendedAtMs,
  })
  return {
    epoch: () => `spool:${spool.id}`,
    first: async () => spool.first(),
    last: async () => spool.last(),
    async append({ subject, boot, seq, payload }) {
      const kind = subject === subjects.events ? 'events' : 'telemetry'
      if (subject !== subjects[kind])
        throw new PlimsollError('E_FORBIDDEN', `${collector} may not publish on ${subject}`)
      const known = await recordOf(spool, boot, seq)
      // The collector appends to its spool itself and knows a batch's times; here only the moment is known.
      return known ?? spool.append({ boot, seq, kind, fromMs: now(), toMs: now(), payload })
    },
    async read(fromPosition, maxMessages, waitMs) {
      const lastBefore = spool.last()
      const records = await spool.readFrom(fromPosition, maxMessages)
      if (records.length > 0 || waitMs <= 0 || closing.signal.aborted) return records.map(toMessage)
      // Positions skip ahead after a crash: that the last one is behind us is no sign that there is a record.
      if (spool.last() === lastBefore) await appended(spool, fromPosition, waitMs, closing.signal)
      return (await spool.readFrom(fromPosition, maxMessages)).map(toMessage)
    },
    async close() {
      closing.abort()
    },
  }
}

/** Position of exactly this message, or null when the spool does not hold it. */
async function recordOf(spool: DirectSpool, boot: string, seq: number): Promise<number | null> {
  const position = spool.positionOf(boot, seq)
  if (position === null) return null
  const [record] = await spool.readFrom(position, 1)
  return record?.boot === boot && record.seq === seq ? record.position : null
}

/** Resolves with the next append at or after a position, when time is up, or when the log is closed. */
function appended(
  spool: DirectSpool,
  position: number,
  waitMs: number,
  closed: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      leave()
      closed.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, waitMs)
    const leave = spool.onAppend(() => spool.last() >= position && done())
    closed.addEventListener('abort', done)
  })
}
