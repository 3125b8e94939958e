import { z } from 'zod'
import { RosterOverride } from './alerts/alert.ts'
import { EscalationStep, PersonName, Rotation } from './alerts/roster-config.ts'
import { AlertingWarning } from './api-channels.ts'

/** What /api/v1/roster answers: who is on call, and who comes next. */

const epochMs = z.int().min(0).max(8.64e15)

/** Kinds of receivers that can name a person. */
export const MENTIONS = ['pagerduty', 'slack', 'feishu', 'dingtalk', 'wecom', 'mail'] as const

export const RosterShift = z.strictObject({
  person: z.string().max(128),
  by: z.enum(['rotation', 'override']),
  from_ms: epochMs,
  /** Null = without an end. */
  to_ms: epochMs.nullable(),
})
export type RosterShift = z.infer<typeof RosterShift>

export const OverrideItem = RosterOverride.extend({ who: z.string().max(256) })
export type OverrideItem = z.infer<typeof OverrideItem>

/** GET /api/v1/roster */
export const RosterAnswer = z.strictObject({
  at_ms: epochMs,
  /** Handovers are by its clock. */
  time_zone: z.string().max(64),
  file: z.string().max(1024).nullable(),
  /** Line of `roster` in the alerting file; null = it is in no file. */
  line: z.int().min(1).nullable(),
  /** From now on for four weeks; the first one is on call now, if it began. */
  shifts: z.array(RosterShift).max(200),
  /** Whom escalation asks when who is on call does not answer. */
  next: z.string().max(128).nullable(),
  people: z
    .array(
      z.strictObject({
        name: PersonName,
        /** Receivers that can name this person. */
        mentions: z.array(z.enum(MENTIONS)).max(MENTIONS.length),
      }),
    )
    .max(256),
  rotation: Rotation.nullable(),
  escalation: z.array(EscalationStep).max(8),
  /** Those that go on or are to come first, then ended ones of the last 7 days. */
  overrides: z.array(OverrideItem).max(1_000),
  warnings: z.array(AlertingWarning).max(64),
  simulated: z.boolean(),
})
export type RosterAnswer = z.infer<typeof RosterAnswer>

/** POST /api/v1/roster/overrides. DELETE /api/v1/roster/overrides/{id} ends one now. */
export const OverrideRequest = z.strictObject({
  person: PersonName,
  /** Absent = now. */
  from_ms: epochMs.optional(),
  to_ms: epochMs,
})
export type OverrideRequest = z.infer<typeof OverrideRequest>
