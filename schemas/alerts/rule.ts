import { z } from 'zod'
import { FAULT_CLASSES } from '#schemas/faults.ts'
import { ALERT_LABELS, AlertSeverity, TOPOLOGY_LEVELS, Words } from './severity.ts'

/**
 * One rule of the pack or of a site's own file, as YAML has it. Three lanes: `event` on arrival, `value` every 15 s over
 * settled figures, `zone` on closed five-minute slices. Durations are whole seconds.
 */

const ruleName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)
const seconds = z
  .int()
  .min(0)
  .max(31 * 86_400)

const common = {
  name: ruleName,
  title: Words,
  /** What to do, in the order of doing; the message's `Do:` line when the alert knows nothing better. */
  action: Words,
  /**
   * What is true once it is over, in a few words: the first line of its resolve message, before the time. `{percent}` is
   * the value then, of signals that are shares. Without it such a message says that the alert ended, not that all is well.
   */
  resolved: Words.optional(),
  /** Page under docs/runbooks/; default: the rule's name with `-` for `_`. */
  runbook: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .optional(),
  /** Where in the topology its alerts stand: wider ones inhibit narrower ones inside them. */
  level: z.enum(TOPOLOGY_LEVELS),
  /** Vendors the rule is meant for; empty = all. A vendor of the fleet that it is meant for and covers nothing of is told. */
  vendors: z.array(z.string().min(1).max(64)).max(32).default([]),
  /** Statistical rules begin by observing: they say what they would have paged until a backtest is accepted. */
  trust: z.enum(['paging', 'observing']).default('paging'),
  /** Never waits for a group, never counts against the page budget, never ends in a digest. */
  urgent: z.boolean().default(false),
  /**
   * What its alerts explain of narrower ones with the same place: `all`, `absence` = only missing data, `none`.
   * Default: `all` for events, `absence` for the level pipeline, else `none`.
   */
  explains: z.enum(['all', 'absence', 'none']).optional(),
  /** Labels that make one message of many alerts; default: the rule alone. */
  group_by: z.array(z.enum(ALERT_LABELS)).max(6).default([]),
  enabled: z.boolean().default(true),
}

/** Which events open an alert: all given fields must match; a list matches any of its members. */
export const EventMatch = z.strictObject({
  types: z.array(z.string().min(1).max(64)).max(64).optional(),
  codes: z.array(z.string().min(1).max(64)).max(128).optional(),
  not_codes: z.array(z.string().min(1).max(64)).max(128).optional(),
  classes: z.array(z.enum(FAULT_CLASSES)).max(16).optional(),
  severities: z
    .array(z.enum(['info', 'warning', 'critical', 'fatal']))
    .max(4)
    .optional(),
  sources: z.array(z.string().min(1).max(64)).max(32).optional(),
})
export type EventMatch = z.infer<typeof EventMatch>

export const EventRule = z.strictObject({
  ...common,
  lane: z.literal('event'),
  match: z.array(EventMatch).min(1).max(16),
  severity: AlertSeverity,
  /**
   * Page instead, when the fault stopped a job of at least `job_devices`, or at least `devices` devices with the same
   * value of `within` have it inside `seconds`.
   */
  escalate: z
    .strictObject({
      job_devices: z.int().min(1).optional(),
      devices: z.int().min(2).optional(),
      within: z.enum(['rack', 'node', 'hall', 'loop']).optional(),
      seconds: seconds.optional(),
    })
    .optional(),
  /** A `point` event, or one whose closing never comes, ends after so long without another. */
  ends_after: seconds.default(3600),
})
export type EventRule = z.infer<typeof EventRule>

/** Where a severity begins and ends: fires at `set` and beyond for `for`, ends when back at `reset` for `reset_for`. */
export const Threshold = z.strictObject({
  severity: AlertSeverity,
  set: z.number(),
  reset: z.number(),
  for: seconds.default(0),
  reset_for: seconds.default(0),
  /** Instead of an unbroken `for`: true in `n` of the last `m` evaluations that had data. */
  n: z.int().min(1).max(60).optional(),
  m: z.int().min(1).max(60).optional(),
})
export type Threshold = z.infer<typeof Threshold>

export const ValueRule = z.strictObject({
  ...common,
  lane: z.literal('value'),
  /** A name of schemas/alerts/signals.ts. */
  signal: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
  compare: z.enum(['above', 'below']),
  /** Mildest first. The most severe that holds is the alert's severity. */
  thresholds: z.array(Threshold).min(1).max(4),
  /**
   * What an unknown value is: `hold` = an open alert is held, none opens; `alert` = no data is an alert of its own
   * (severity `data`); `ignore` = the series is left as it was.
   */
  no_data: z.enum(['hold', 'alert', 'ignore']).default('hold'),
  /** Seconds between evaluations, from 15. */
  every: seconds.default(15),
  /** Least time an alert fires, against flapping. */
  keep: seconds.default(0),
  /** Rows that weigh less than this many devices open nothing. */
  min_devices: z.int().min(0).default(0),
})
export type ValueRule = z.infer<typeof ValueRule>

/** The zones of a zone set (schemas/alerts/zone-set.ts) as alerts: DEFINITIONS section 9 is the condition. */
export const ZoneRule = z.strictObject({ ...common, lane: z.literal('zone') })
export type ZoneRule = z.infer<typeof ZoneRule>

export const Rule = z.discriminatedUnion('lane', [EventRule, ValueRule, ZoneRule])
export type Rule = z.infer<typeof Rule>

/** One YAML file of rules. */
export const RuleFile = z.strictObject({ rules: z.array(Rule).max(500) })
export type RuleFile = z.infer<typeof RuleFile>
