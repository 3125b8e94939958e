import { z } from 'zod'
import { ChannelName } from './channel-config.ts'

/** Who is on call, as the alerting file has it. Overrides by people are journal entries (RosterOverride). */

export const PersonName = z.string().trim().min(1).max(128)

/** A person and how each kind of receiver names them; what is absent is not mentioned there. */
export const Person = z.strictObject({
  name: PersonName,
  /** Slack member id, `U…`. */
  slack: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,20}$/)
    .optional(),
  /** Feishu open_id, `ou_…`. */
  feishu: z
    .string()
    .regex(/^ou_[0-9a-f]{8,64}$/)
    .optional(),
  /** Mobile number that the DingTalk account is known by. */
  dingtalk: z
    .string()
    .regex(/^\+?[0-9-]{5,20}$/)
    .optional(),
  /** WeCom user id. */
  wecom: z
    .string()
    .regex(/^[A-Za-z0-9_.@-]{1,64}$/)
    .optional(),
  mail: z
    .string()
    .regex(/^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,190}$/)
    .optional(),
  /** Where this person's own PagerDuty routing key is, instead of the channel's. */
  pagerduty_key_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)
    .optional(),
  pagerduty_key_file: z.string().min(1).max(1024).optional(),
})
export type Person = z.infer<typeof Person>

/** `HH:MM` of a day. */
export const TimeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'must be a time of day such as "09:00"' })

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export const Rotation = z.strictObject({
  /** In turn, each for `weeks`. */
  people: z.array(PersonName).min(1).max(64),
  /** A date, YYYY-MM-DD, in the first person's first week. */
  starts: z.iso.date(),
  weeks: z.int().min(1).max(8).default(1),
  handover_day: z.enum(WEEKDAYS).default('mon'),
  /** By the site's clock. */
  handover_time: TimeOfDay.default('09:00'),
})
export type Rotation = z.infer<typeof Rotation>

/** A page that nobody acknowledged goes on to these, after so many seconds since it was told first. */
export const EscalationStep = z.strictObject({
  after: z.int().min(60).max(86_400),
  channels: z.array(ChannelName).min(1).max(8),
  /** `on_call` = again who is on call, `next` = who follows in the rotation, or a name of the roster. */
  person: z.string().min(1).max(128).default('on_call'),
})
export type EscalationStep = z.infer<typeof EscalationStep>

export const Roster = z.strictObject({
  people: z.array(Person).max(256).default([]),
  rotation: Rotation.optional(),
})
export type Roster = z.infer<typeof Roster>
