/**
 * Names on the bus. A collector may publish exactly its own telemetry, events and announce subjects and subscribe
 * its own watermark and resend subjects.
 */

/** What a cluster or collector may be called: a NATS token, a file name and a label at once. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
/** A boot: 128 random bits in hex. */
export const BOOT_PATTERN = /^[0-9a-f]{32}$/

export const STREAM_NAME = 'PLIMSOLL_TELEMETRY_V1'
export const INTENT_STREAM_NAME = 'PLIMSOLL_INTENT_V1'
export const CONTROL_STREAM_NAME = 'PLIMSOLL_CONTROL_V1'
export const LEASE_STREAM_NAME = 'PLIMSOLL_LEASE_V1'
export const JOURNAL_STREAM_NAME = 'PLIMSOLL_JOURNAL_V1'

export const telemetrySubject = (cluster: string, collector: string) =>
  `telemetry.v1.${cluster}.${collector}`
export const eventsSubject = (cluster: string, collector: string) =>
  `events.v1.${cluster}.${collector}`
/** Events at the moment they are found: heard by who listens now, kept by nobody. Those of eventsSubject are stored. */
export const announceSubject = (cluster: string, collector: string) =>
  `announce.v1.${cluster}.${collector}`
export const ANNOUNCE_SUBJECTS = 'announce.v1.*.*'
export const watermarkSubject = (cluster: string, collector: string) =>
  `watermark.v1.${cluster}.${collector}`
export const resendSubject = (cluster: string, collector: string) =>
  `resend.v1.${cluster}.${collector}`
/** Orders as they are stored: the last message counts. */
export const CONTROL_STATE_SUBJECT = 'controlstate.v1'
/** Orders as they are said to every collector, which may subscribe it. */
export const CONTROL_SUBJECT = 'control.v1'
/** What people change, one message an entry. */
export const JOURNAL_SUBJECT = 'journal.v1'

/** More streams than this help nobody: one carries the traffic of tens of thousands of devices. */
export const SHARDS_MAX = 64

/** One shard of a layout: `shards` streams, numbered from 0. One shard is the plain stream of old. */
export interface ShardPlace {
  readonly shard: number
  readonly shards: number
}
export const ONE_SHARD: ShardPlace = { shard: 0, shards: 1 }

/**
 * The stream of a shard. The number of shards is part of every name, so that a server that maps for
 * another number, or not at all, fills no wrong stream: collectors get no acknowledgement and keep their data.
 */
export const shardStreamName = ({ shard, shards }: ShardPlace) =>
  shards === 1 ? STREAM_NAME : `${STREAM_NAME}_${shards}_${shard}`
/** Whether a stream of this name holds telemetry, in any layout. */
export const isTelemetryStream = (name: string) =>
  name === STREAM_NAME || /^PLIMSOLL_TELEMETRY_V1_\d+_\d+$/.test(name)
/** What the server's mapping puts before the subject a collector publishes; empty for one shard. */
export const shardPrefix = ({ shard, shards }: ShardPlace) =>
  shards === 1 ? '' : `ingest.${shards}.${shard}.`
export const intentSubject = ({ shard, shards }: ShardPlace) =>
  shards === 1 ? `intent.v1.${shard}` : `intent.v1.${shards}-${shard}`
export const leaseSubject = (name: string) => `lease.v1.${name}`

/**
 * The shard of a collector: what nats-server computes for `partition(n, 2)` of a mapping (FNV-1a of 32 bits
 * over the token, modulo n; server/subject_transform.go, in 2.9 server/accounts.go).
 */
export function shardOf(collector: string, shards: number): number {
  let hash = 0x811c9dc5
  // Names are ASCII, see ID_PATTERN.
  for (let at = 0; at < collector.length; at += 1)
    hash = Math.imul(hash ^ collector.charCodeAt(at), 0x01000193) >>> 0
  return hash % shards
}

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
