import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import type { AlertSeverity, Words } from '#schemas/alerts/severity.ts'
import { DEFAULT_ZONE_LEVELS } from '#schemas/zones.ts'

/** What a rule says of itself, for what an alert does not know better. */
export interface RuleWords {
  readonly title: Words
  readonly action: Words
  /** What is true once it is over; `{percent}` is the value then. */
  readonly resolved?: Words | undefined
  /** The utilization that cost is counted against, 0..1, where the rule has one. */
  readonly against?: number
  /** `Restored by` and minutes `under the line` make sense of a zone only. */
  readonly isZone?: boolean
}

/** Words of a rule as messages use them; cost of a zone is counted against the target. */
export const ruleWordsOf = ({ title, action, resolved, lane }: Rule): RuleWords => ({
  title,
  action,
  resolved,
  ...(lane === 'zone' ? { isZone: true, against: DEFAULT_ZONE_LEVELS.ticket } : {}),
})

/** Alerts that become one message. */
export interface MessageGroup {
  readonly reason: Notification['reason']
  readonly severity: AlertSeverity
  /** Those named, in any order: the worst is told first. Empty only for `test` and `drill`. */
  readonly alerts: readonly Alert[]
  /** One that stands for all of them, `Rack r7, 72 devices: …`: it gives the first line, cost and action; none is added up. */
  readonly head?: Alert | null
  /** Alerts of the group beyond those in `alerts`. */
  readonly more?: number
  /** What the rule of an alert says; null when the pack no longer has it. */
  readonly ruleWords: (rule: string) => RuleWords | null
  /** With `escalation`: since when nobody acknowledged, epoch ms. */
  readonly toldMs?: number
}

/** When and where a message is read. */
export interface MessageTime {
  /** IANA name of the site's zone. */
  readonly timeZone: string
  readonly nowMs: number
}

export type Language = 'en' | 'zh'
export type Lines = Notification['lines']

const RANK: Readonly<Record<AlertSeverity, number>> = { page: 0, warn: 1, data: 2, ticket: 3 }

/** Worst first: severity, then dollars an hour, then devices, then the oldest. */
export function worstFirst(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] ||
      (b.reading.usd_per_hour ?? -1) - (a.reading.usd_per_hour ?? -1) ||
      (b.reading.devices ?? 0) - (a.reading.devices ?? 0) ||
      a.since_ms - b.since_ms ||
      (a.fingerprint < b.fingerprint ? -1 : 1),
  )
}
