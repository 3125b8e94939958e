/**
 * Names on the bus. A collector may publish exactly its own telemetry and events subjects and subscribe
 * its own watermark and resend subjects.
 */

/** What a cluster or collector may be called: a NATS token, a file name and a label at once. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
/** A boot: 128 random bits in hex. */
export const BOOT_PATTERN = /^[0-9a-f]{32}$/

export const STREAM_NAME = 'PLIMSOLL_TELEMETRY_V1'
export const INTENT_STREAM_NAME = 'PLIMSOLL_INTENT_V1'
export const CONTROL_STREAM_NAME = 'PLIMSOLL_CONTROL_V1'
export const JOURNAL_STREAM_NAME = 'PLIMSOLL_JOURNAL_V1'

export const telemetrySubject = (cluster: string, collector: string) =>
  `telemetry.v1.${cluster}.${collector}`
export const eventsSubject = (cluster: string, collector: string) =>
  `events.v1.${cluster}.${collector}`
export const watermarkSubject = (cluster: string, collector: string) =>
  `watermark.v1.${cluster}.${collector}`
export const resendSubject = (cluster: string, collector: string) =>
  `resend.v1.${cluster}.${collector}`
/** Orders as they are stored: the last message counts. */
export const CONTROL_STATE_SUBJECT = 'controlstate.v1'
/** Orders as they are said to every collector, which may subscribe it. */
export const CONTROL_SUBJECT = 'control.v1'
export const intentSubject = (shard: number) => `intent.v1.${shard}`

/** `<collector>:<boot>:<seq>`: unguessable, because a known id lets one collector erase another's message. */
export const messageId = (collector: string, boot: string, seq: number) =>
  `${collector}:${boot}:${seq}`

/** Header that carries the publisher's wall clock at each attempt, epoch ms. */
export const SENT_AT_HEADER = 'Plimsoll-Sent-At'

/** What ingest tells a collector: everything of this boot up to and including seq is in the store. */
export interface Watermark {
  readonly boot: string
  readonly seq: number
}

/** What ingest asks of a collector: send these sequences of this boot again, both ends included. */
export interface ResendRequest {
  readonly boot: string
  readonly fromSeq: number
  readonly toSeq: number
}
