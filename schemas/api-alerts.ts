import { z } from 'zod'
import {
  Acknowledgement,
  Alert,
  ALERT_STATES,
  DELIVERY_OUTCOMES,
  Notification,
  Silence,
  Suppression,
} from './alerts/alert.ts'
import { Threshold } from './alerts/rule.ts'
import { AlertSeverity, TOPOLOGY_LEVELS, Words } from './alerts/severity.ts'

/**
 * What /api/v1/alerts and /api/v1/silences answer. Alerts are told as the journal has them, with what people see besides;
 * moments are epoch ms as there.
 */

const epochMs = z.int().min(0).max(8.64e15)
const count = z.int().min(0)

/** Alerts of one answer at most; the worst first. */
export const ALERTS_MAX = 500
/** Entries of an alert's timeline at most; the newest are kept. */
export const TIMELINE_MAX = 1_000

/** An alert as people get it. */
export const AlertItem = Alert.extend({
  /** The conversation its messages are in: what an acknowledgement names. Null = nobody was told yet. */
  group: Notification.shape.group.nullable(),
  /** First line of its message, as it would be sent at `at_ms` of the answer. */
  line: Words,
  /** The rule's title; its name where the pack no longer has it. */
  title: Words,
  /** What to do: the alert's own words, else the rule's. */
  action: Words,
  /** Page under /api/docs/runbooks/; null = none. */
  runbook: z.string().max(64).nullable(),
  urgent: z.boolean(),
  /** The acknowledgement that holds. */
  ack: Acknowledgement.nullable(),
  /** What suppresses it, in words; null = people are told. */
  suppressed_by: Words.nullable(),
  /** Observing only: how often its rule would have paged in the last 7 days. */
  would_have_paged: count.nullable(),
})
export type AlertItem = z.infer<typeof AlertItem>

/** Open alerts that people are told of: firing or held, neither observing nor suppressed. */
export const OpenCounts = z.strictObject({ page: count, warn: count, ticket: count, data: count })
export type OpenCounts = z.infer<typeof OpenCounts>

/** What watches: without it no alert means nothing. */
export const EvaluatorState = z.strictObject({
  /** End of the newest evaluation; null = none is known. */
  last_pass_ms: epochMs.nullable(),
  rules: count,
  /** Series that those rules can speak of. */
  series: count,
  /** Rules that could not be evaluated. */
  errors: count,
})
export type EvaluatorState = z.infer<typeof EvaluatorState>

/** GET /api/v1/alerts */
export const AlertsQuery = z.strictObject({
  state: z.enum(ALERT_STATES).optional(),
  severity: AlertSeverity.optional(),
  rule: z.string().min(1).max(64).optional(),
  group: Notification.shape.group.optional(),
  /** 0 = counts only. */
  limit: z.coerce.number().int().min(0).max(ALERTS_MAX).default(ALERTS_MAX),
})
export type AlertsQuery = z.infer<typeof AlertsQuery>

export const AlertsAnswer = z.strictObject({
  at_ms: epochMs,
  evaluator: EvaluatorState,
  open: OpenCounts,
  /** Worst first; resolved ones only where they are asked for. */
  alerts: z.array(AlertItem).max(ALERTS_MAX),
  /** Alerts beyond those. */
  more: count,
  simulated: z.boolean(),
})
export type AlertsAnswer = z.infer<typeof AlertsAnswer>

/** GET /api/v1/alerts/history: what fired within [from, to), newest first. */
export const AlertHistoryQuery = z.strictObject({
  from: z.coerce.number().int().min(0).max(8.64e15),
  to: z.coerce.number().int().min(0).max(8.64e15),
  severity: AlertSeverity.optional(),
  rule: z.string().min(1).max(64).optional(),
})
export type AlertHistoryQuery = z.infer<typeof AlertHistoryQuery>

export const AlertHistoryAnswer = z.strictObject({
  from_ms: epochMs,
  to_ms: epochMs,
  /** The journal is read back to here: before it nothing is known. */
  known_from_ms: epochMs,
  alerts: z.array(AlertItem).max(ALERTS_MAX),
  more: count,
  simulated: z.boolean(),
})
export type AlertHistoryAnswer = z.infer<typeof AlertHistoryAnswer>

/** One thing that happened to an alert. */
export const TimelineEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('state'),
    at_ms: epochMs,
    from: z.enum(['inactive', ...ALERT_STATES]),
    to: z.enum(ALERT_STATES),
    severity: AlertSeverity,
    mode: Alert.shape.mode,
    suppressed: Suppression.nullable(),
    because: Words.nullable(),
  }),
  z.strictObject({
    kind: z.literal('told'),
    at_ms: epochMs,
    id: Notification.shape.id,
    channel: z.string().max(64),
    /** The person it mentions; empty = nobody by name. */
    mention: z.string().max(128),
    reason: Notification.shape.reason,
    severity: AlertSeverity,
    line: Words,
    /** `waiting` = not tried yet. */
    outcome: z.enum(['waiting', ...DELIVERY_OUTCOMES]),
    attempts: count,
    /** When the outcome was known. */
    outcome_ms: epochMs.nullable(),
    /** What the receiver said. */
    detail: z.string().max(512),
  }),
  z.strictObject({
    kind: z.literal('ack'),
    at_ms: epochMs,
    who: z.string().max(256),
    until_ms: epochMs,
    comment: z.string().max(1024),
  }),
  z.strictObject({
    kind: z.literal('silence'),
    at_ms: epochMs,
    who: z.string().max(256),
    to_ms: epochMs,
    comment: z.string().max(1024),
  }),
])
export type TimelineEntry = z.infer<typeof TimelineEntry>

/** A rule as it is in force, and how it fares. */
export const AlertRuleItem = z.strictObject({
  name: z.string().max(64),
  title: Words,
  action: Words,
  lane: z.enum(['event', 'value', 'zone']),
  level: z.enum(TOPOLOGY_LEVELS),
  /** What it can become, worst first. */
  severities: z.array(AlertSeverity).min(1).max(4),
  urgent: z.boolean(),
  enabled: z.boolean(),
  trust: Alert.shape.mode,
  /** Shipped, or of the site's own file. */
  origin: z.enum(['pack', 'site']),
  /** Vendors it is meant for; empty = all. */
  vendors: z.array(z.string().max(64)).max(32),
  /** Series it can speak of, by vendor; the empty name = without one. Null = not counted yet. */
  covered: z.record(z.string(), count).nullable(),
  last_match_ms: epochMs.nullable(),
  last_evaluated_ms: epochMs.nullable(),
  /** How long the newest evaluation took: reading its figures, which rules share, and deciding. Null = not told. */
  seconds: z.number().min(0).nullable(),
  /** Why it could not be evaluated; null = it was. */
  error: z.string().max(512).nullable(),
  /** Open alerts of it. */
  open: count,
  would_have_paged: count.nullable(),
  runbook: z.string().max(64).nullable(),
  /** Value rules: unit and lines of what is compared. */
  unit: z.string().max(32).nullable(),
  compare: z.enum(['above', 'below']).nullable(),
  thresholds: z.array(Threshold).max(4),
})
export type AlertRuleItem = z.infer<typeof AlertRuleItem>

/** GET /api/v1/alerts/{fingerprint} */
export const AlertDetail = z.strictObject({
  at_ms: epochMs,
  alert: AlertItem,
  /** Null = the pack no longer has it. */
  rule: AlertRuleItem.nullable(),
  /** Oldest first. */
  timeline: z.array(TimelineEntry).max(TIMELINE_MAX),
  /** Older entries than those. */
  more: count,
  /** The value at each reading in the journal, oldest first. */
  values: z
    .array(z.strictObject({ at_ms: epochMs, value: z.number().nullable() }))
    .max(TIMELINE_MAX),
  simulated: z.boolean(),
})
export type AlertDetail = z.infer<typeof AlertDetail>

/** GET /api/v1/alerts/rules */
export const AlertRulesAnswer = z.strictObject({
  at_ms: epochMs,
  evaluator: EvaluatorState,
  rules: z.array(AlertRuleItem).max(1_000),
  simulated: z.boolean(),
})
export type AlertRulesAnswer = z.infer<typeof AlertRulesAnswer>

/** POST /api/v1/alerts/ack. Who it is, the server knows. */
export const AckRequest = z.strictObject({
  group: Notification.shape.group,
  /** Absent = as long as the alerting file says. */
  until_ms: epochMs.optional(),
  comment: z.string().max(1024).default(''),
})
export type AckRequest = z.input<typeof AckRequest>

/** A silence and what it does now. */
export const SilenceItem = Silence.extend({
  /** Open alerts that it keeps quiet now. */
  quiet: count,
})
export type SilenceItem = z.infer<typeof SilenceItem>

/** GET /api/v1/silences: those that go on or are to come first, then ended ones of the last 7 days. */
export const SilencesAnswer = z.strictObject({
  at_ms: epochMs,
  silences: z.array(SilenceItem).max(2_000),
})
export type SilencesAnswer = z.infer<typeof SilencesAnswer>

/** POST /api/v1/silences. DELETE /api/v1/silences/{id} ends one now and answers it. */
export const SilenceRequest = Silence.pick({
  matchers: true,
  to_ms: true,
  kind: true,
  comment: true,
}).extend({
  /** Absent = now. */
  from_ms: epochMs.optional(),
})
export type SilenceRequest = z.input<typeof SilenceRequest>
