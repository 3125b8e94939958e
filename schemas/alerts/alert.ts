import { z } from 'zod'
import { AlertLabels, AlertSeverity, Words } from './severity.ts'

const epochMs = z.int().min(0).max(8.64e15)
const figure = z.number().nullable()

/** SHA-256 of rule and sorted labels, hex, cut to 32 digits: never of values. */
export const Fingerprint = z.string().regex(/^[0-9a-f]{32}$/)

/** What an alert says besides its state; the newest evaluation's. */
export const AlertReading = z.strictObject({
  value: figure,
  /** Bounds of `value`, where it has some. */
  low: figure.default(null),
  high: figure.default(null),
  /** Share of the scope that the value speaks for, 0..1. */
  coverage: figure.default(null),
  /** Loss against the target while this holds, US dollars an hour; null = unknown or none. */
  usd_per_hour: figure.default(null),
  /** Devices concerned. */
  devices: z.int().min(0).nullable().default(null),
  /** First line without severity and times: `Fleet busy 58.4 %, under the 60 % line`. */
  what: Words.nullable().default(null),
  why: Words.nullable().default(null),
  doing: Words.nullable().default(null),
  /** `49,611 of 50,000 reporting` and the like. */
  known: Words.nullable().default(null),
})
export type AlertReading = z.infer<typeof AlertReading>

/** Why nobody is told of an alert that goes on: a wider one explains it, or people wanted quiet. */
export const Suppression = z.strictObject({
  kind: z.enum(['inhibited', 'silence', 'maintenance', 'restart']),
  /** Fingerprint of the alert that explains it, or id of the silence. */
  by: z.string().min(1).max(64),
})
export type Suppression = z.infer<typeof Suppression>

export const ALERT_STATES = ['pending', 'firing', 'held', 'resolved'] as const
/** An alert as it stands; the unit of state that is rebuilt from the journal. */
export const Alert = z.strictObject({
  fingerprint: Fingerprint,
  rule: z.string().max(64),
  labels: AlertLabels,
  state: z.enum(ALERT_STATES),
  severity: AlertSeverity,
  /** `observing` = it would have been told; nobody is. */
  mode: z.enum(['paging', 'observing']),
  /** Since when the condition holds, by the time of the data. */
  since_ms: epochMs,
  fired_ms: epochMs.nullable(),
  resolved_ms: epochMs.nullable(),
  /** Kept while it lasts; absent = people are told. */
  suppressed: Suppression.optional(),
  /** What ended it, or why it is held. */
  because: Words.nullable().default(null),
  reading: AlertReading,
  /** Dollars so far while firing; unknown hours are not in it. */
  cost_usd: z.number().min(0).default(0),
})
export type Alert = z.infer<typeof Alert>

/** A change of state, of severity while firing, of suppression; or the newest reading of an alert that goes on (from = state). */
export const AlertTransition = z.strictObject({
  at_ms: epochMs,
  from: z.enum(['inactive', ...ALERT_STATES]),
  alert: Alert,
})
export type AlertTransition = z.infer<typeof AlertTransition>

export const NOTIFICATION_REASONS = [
  'firing',
  'more',
  'worse',
  'held',
  'resolved',
  'repeat',
  'escalation',
  'digest',
  'drill',
  'test',
] as const
/** One message to one channel: queued in the same journal entry as the transition that caused it. */
export const Notification = z.strictObject({
  /** Idempotency key, the same over retries, restarts and failover: `ntf_` and 32 hex digits. */
  id: z.string().regex(/^ntf_[0-9a-f]{32}$/),
  channel: z.string().min(1).max(64),
  /** Alerts of one group are one conversation: PagerDuty's dedup_key, the thread of a chat. */
  group: z.string().regex(/^grp_[0-9a-f]{32}$/),
  reason: z.enum(NOTIFICATION_REASONS),
  severity: AlertSeverity,
  urgent: z.boolean(),
  at_ms: epochMs,
  /** Epoch ms before which it is not sent: group wait, quiet hours. */
  not_before_ms: epochMs,
  fingerprints: z.array(Fingerprint).max(50),
  /** Alerts of the group beyond those listed. */
  more: z.int().min(0).default(0),
  /** The person it is for, where the channel mentions somebody. */
  mention: z.string().max(128).default(''),
  /** Lines as they are read, in both languages, worst first line at most 110 characters; links are added by the channel. */
  lines: z.strictObject({
    en: z.array(z.string().max(1024)).min(1).max(8),
    zh: z.array(z.string().max(1024)).min(1).max(8),
  }),
})
export type Notification = z.infer<typeof Notification>

/** Begins the detail of a result after which an address is tried no more. */
export const GONE = 'gone: '

export const DELIVERY_OUTCOMES = ['accepted', 'failed', 'dead', 'replayed'] as const
/** How one attempt to deliver a notification went. `accepted` and `dead` end it; `replayed` begins it again. */
export const DeliveryResult = z.strictObject({
  id: Notification.shape.id,
  channel: z.string().min(1).max(64),
  at_ms: epochMs,
  attempt: z.int().min(0),
  outcome: z.enum(DELIVERY_OUTCOMES),
  /** HTTP status, SMTP code; null when nobody answered. */
  status: z.int().nullable(),
  /** One sentence for a person, secrets removed. */
  detail: z.string().max(512),
  /** When it is tried again; null = never by itself. */
  next_ms: epochMs.nullable(),
  /** The message or ticket as the receiver calls it, where it says so. */
  receipt: z.string().max(256).default(''),
})
export type DeliveryResult = z.infer<typeof DeliveryResult>

export const Acknowledgement = z.strictObject({
  /** Group of the notification that was answered. */
  group: Notification.shape.group,
  at_ms: epochMs,
  /** Stops repeats and escalation until then. */
  until_ms: epochMs,
  who: z.string().max(256),
  comment: z.string().max(1024).default(''),
})
export type Acknowledgement = z.infer<typeof Acknowledgement>

export const Matcher = z.strictObject({
  label: z.string().min(1).max(64),
  value: z.string().max(256),
  is_regex: z.boolean().default(false),
  is_equal: z.boolean().default(true),
})
export type Matcher = z.infer<typeof Matcher>

/** Alerts that match all matchers are told to nobody meanwhile; they go on and are counted. */
export const Silence = z.strictObject({
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  matchers: z.array(Matcher).min(1).max(16),
  from_ms: epochMs,
  /** Mandatory: a silence without an end is forgotten. */
  to_ms: epochMs,
  /** `maintenance` is also booked as planned, so that it cannot be used to polish numbers. */
  kind: z.enum(['silence', 'maintenance', 'restart']),
  who: z.string().max(256),
  comment: z.string().min(1).max(1024),
})
export type Silence = z.infer<typeof Silence>

/** On-call for somebody else, or instead of the rotation. */
export const RosterOverride = z.strictObject({
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  person: z.string().min(1).max(128),
  from_ms: epochMs,
  to_ms: epochMs,
})
export type RosterOverride = z.infer<typeof RosterOverride>
