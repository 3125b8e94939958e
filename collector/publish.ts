import type { OutgoingMessage, Publisher } from '#schemas/ports.ts'
import { eventsSubject, messageId, telemetrySubject } from '#schemas/subjects.ts'
import type { BatchIdentity } from './batch-build.ts'
import type { TimeSource } from './clock.ts'
import type { SpoolRecord } from './spool/record.ts'

/** A publisher that neither resolves nor rejects is taken for a refusal, ms. */
const PUBLISH_TIMEOUT_MS = 30_000

/** Where and how spooled records are sent. */
export interface PublishDeps {
  readonly identity: BatchIdentity
  readonly publisher: Publisher
  readonly time: TimeSource
}

/** Publishes one spooled record. Rejects when the bus refuses or does not answer: send it again later. */
export async function publishRecord(
  { identity, publisher, time }: PublishDeps,
  record: SpoolRecord,
): Promise<void> {
  const late = Promise.withResolvers<never>()
  const cancel = time.setTimer(PUBLISH_TIMEOUT_MS, () =>
    late.reject(new Error(`no answer from the bus within ${PUBLISH_TIMEOUT_MS / 1000} s`)),
  )
  try {
    await Promise.race([publisher.publish(messageOf(identity, record)), late.promise])
  } finally {
    cancel()
  }
}

function messageOf(
  { cluster, collector }: BatchIdentity,
  { kind, boot, seq, payload }: SpoolRecord,
): OutgoingMessage {
  const subject = kind === 'events' ? eventsSubject : telemetrySubject
  return {
    subject: subject(cluster, collector),
    id: messageId(collector, boot, seq),
    seq,
    boot,
    payload,
  }
}
