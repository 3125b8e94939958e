import { z } from 'zod'
import { DELIVERY_OUTCOMES, DeliveryResult, Notification } from './alerts/alert.ts'
import { CHANNEL_KINDS, CHANNEL_LANGUAGES, ChannelName } from './alerts/channel-config.ts'
import { AlertSeverity, Words } from './alerts/severity.ts'

/** What /api/v1/alerts/channels and /api/v1/alerts/deliveries answer. No secret is in it: only where one is read from. */

const epochMs = z.int().min(0).max(8.64e15)
const count = z.int().min(0)
const DELIVERIES_MAX = 200

/** Where an address or a secret is read from; its value stays there. */
export const SecretPlace = z.strictObject({
  from: z.enum(['environment', 'file']),
  name: z.string().max(1024),
})
export type SecretPlace = z.infer<typeof SecretPlace>

/** What leads to a channel. */
export const ChannelReach = z.strictObject({
  /** Severities that a route can bring here, worst first. */
  severities: z.array(AlertSeverity).max(4),
  /** Its steps of escalation, seconds after the first message. */
  escalation: z.array(z.int()).max(8),
  /** Digests, drops nobody can act on, what is about alerting itself. */
  operations: z.boolean(),
  /** Tenants, as patterns, whose notices go here. */
  owners: z.array(z.string().max(128)).max(512),
  /** Channels whose pages it takes over. */
  takes_over: z.array(ChannelName).max(64),
})
export type ChannelReach = z.infer<typeof ChannelReach>

export const ChannelItem = z.strictObject({
  name: ChannelName,
  kind: z.enum(CHANNEL_KINDS),
  enabled: z.boolean(),
  rings: z.boolean(),
  language: z.enum(CHANNEL_LANGUAGES),
  /** Host it leads to; null = its address is a secret. */
  host: z.string().max(512).nullable(),
  target: SecretPlace.nullable(),
  secret: SecretPlace.nullable(),
  failover: ChannelName.nullable(),
  reach: ChannelReach,
  /** Messages a minute and at once, and how many it was offered within the last minute. */
  rate: z.strictObject({ per_minute: count, burst: count, used: count }),
  last_accepted_ms: epochMs.nullable(),
  /** The newest attempt that was not accepted. */
  last_failure: z.strictObject({ at_ms: epochMs, detail: z.string().max(512) }).nullable(),
  /** Attempts of the last 24 hours. */
  accepted_24h: count,
  failed_24h: count,
  waiting: count,
  dead: count,
  /** The receiver said that this address is gone: only a test still goes there. */
  is_gone: z.boolean(),
  /** Line of the alerting file; null = it is in no file. */
  line: z.int().min(1).nullable(),
})
export type ChannelItem = z.infer<typeof ChannelItem>

/** A message that nobody took. */
export const DeadLetter = z.strictObject({
  id: Notification.shape.id,
  channel: z.string().max(64),
  reason: Notification.shape.reason,
  severity: AlertSeverity,
  line: Words,
  /** When it was to be sent. */
  at_ms: epochMs,
  dead_ms: epochMs,
  attempts: count,
  detail: z.string().max(512),
})
export type DeadLetter = z.infer<typeof DeadLetter>

/** What a good alerting file still leaves open. */
export const AlertingWarning = z.strictObject({ code: z.string().max(64), words: Words })
export type AlertingWarning = z.infer<typeof AlertingWarning>

/** GET /api/v1/alerts/channels */
export const ChannelsAnswer = z.strictObject({
  at_ms: epochMs,
  /** The alerting file; null = there is none. */
  file: z.string().max(1024).nullable(),
  /** Newest evaluation: while nobody evaluates, nothing is sent. */
  last_pass_ms: epochMs.nullable(),
  channels: z.array(ChannelItem).max(64),
  warnings: z.array(AlertingWarning).max(64),
  /** Newest first, also of channels that are no more. */
  dead: z.array(DeadLetter).max(DELIVERIES_MAX),
  dead_total: count,
  simulated: z.boolean(),
})
export type ChannelsAnswer = z.infer<typeof ChannelsAnswer>

/** GET /api/v1/alerts/deliveries: attempts, newest first. */
export const DeliveriesQuery = z.strictObject({
  channel: z.string().min(1).max(64).optional(),
  outcome: z.enum(DELIVERY_OUTCOMES).optional(),
  id: Notification.shape.id.optional(),
  cursor: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  limit: z.coerce.number().int().min(1).max(DELIVERIES_MAX).default(50),
})
export type DeliveriesQuery = z.infer<typeof DeliveriesQuery>

export const DeliveryItem = DeliveryResult.extend({
  /** The message; null where it is so old that only the attempt is known. */
  message: z
    .strictObject({
      /** The channel it was for: another one when this attempt took it over. */
      channel: z.string().max(64),
      reason: Notification.shape.reason,
      severity: AlertSeverity,
      line: Words,
      at_ms: epochMs,
      /** An alert it tells of. */
      fingerprint: z.string().max(64).nullable(),
    })
    .nullable(),
})
export type DeliveryItem = z.infer<typeof DeliveryItem>

export const DeliveriesAnswer = z.strictObject({
  at_ms: epochMs,
  deliveries: z.array(DeliveryItem).max(DELIVERIES_MAX),
  /** Null = there are no older ones. */
  next_cursor: z.int().min(1).nullable(),
  simulated: z.boolean(),
})
export type DeliveriesAnswer = z.infer<typeof DeliveriesAnswer>

/** POST /api/v1/alerts/channels/{name}/test: the message is queued; its attempt is in /alerts/deliveries?id= soon after. */
export const ChannelTestAnswer = z.strictObject({
  sequence: z.int().min(1),
  id: Notification.shape.id,
  at_ms: epochMs,
})
export type ChannelTestAnswer = z.infer<typeof ChannelTestAnswer>

/** POST /api/v1/alerts/replay: dead letters that are tried again. */
export const ReplayRequest = z.strictObject({
  ids: z.array(Notification.shape.id).min(1).max(DELIVERIES_MAX),
})
export type ReplayRequest = z.infer<typeof ReplayRequest>

export const ReplayAnswer = z.strictObject({ sequence: z.int().min(1), replayed: count })
export type ReplayAnswer = z.infer<typeof ReplayAnswer>
