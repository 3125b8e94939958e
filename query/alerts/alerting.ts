import type { Alert, Notification, RosterOverride } from '#schemas/alerts/alert.ts'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import type { Words } from '#schemas/alerts/severity.ts'
import type { AlertingWarning } from '#schemas/api-channels.ts'
import type { RosterShift } from '#schemas/api-roster.ts'

/** A rule as it is in force and where it came from. */
export interface RuleInForce {
  readonly rule: Rule
  readonly origin: 'pack' | 'site'
  /** `pack/<file>`, or the site's own file. */
  readonly file: string
}

/** The alerting file as it is in force. */
export interface AlertingFile {
  readonly config: AlertsConfig
  /** Null = there is none. */
  readonly path: string | null
  /** Line of what is at a path in it; null where it is in no file. */
  readonly lineOf: (...path: readonly (string | number)[]) => number | null
  /** Holes through which a page could fall unheard. */
  readonly warnings: readonly AlertingWarning[]
}

/** What a link in a message lets its holder do. */
export interface LinkGrant {
  readonly action: 'ack' | 'silence'
  readonly group: string
  /** Epoch ms. */
  readonly expires: number
}

/** What the API knows of the alerting role, whose modules it may not import; asked anew each time. */
export interface Alerting {
  readonly rules: () => ReadonlyMap<string, RuleInForce>
  readonly file: () => AlertingFile
  /** How long an acknowledgement holds that names no end, ms. */
  readonly acknowledgedForMs: () => number
  /** Conversations an alert of this rule can be in, the likeliest first. */
  readonly groupsOf: (rule: Rule, labels: Alert['labels']) => readonly string[]
  /** First line of the alert's message as it would be sent now. */
  readonly lineOf: (alert: Alert, rule: Rule | null, nowMs: number) => Words
  readonly isLinkGood: (grant: LinkGrant, token: string, nowMs: number) => boolean
  /** Messages of a drill; empty where no channel takes pages. */
  readonly drill: (nowMs: number, overrides: Iterable<RosterOverride>) => readonly Notification[]
  /** The message of a channel's test button. */
  readonly test: (channel: string, nowMs: number) => Notification
  /**
   * Secrets that webhooks of PagerDuty to a channel are signed with; null = this channel takes none. Rejects in words for
   * a person, never with a secret, when they cannot be read.
   */
  readonly inboundSecrets: (channel: string) => Promise<readonly string[] | null>
  /** Who is on call from `nowMs` on for four weeks, and who is asked next. */
  readonly onCall: (
    nowMs: number,
    overrides: Iterable<RosterOverride>,
  ) => { readonly shifts: readonly RosterShift[]; readonly next: string | null }
  /** End of the newest evaluation, epoch ms; null = this process cannot know. Never rejects. */
  readonly lastPassMs: () => Promise<number | null>
  /** How long the newest evaluation of each rule took, s; empty where this process cannot know. */
  readonly ruleSeconds: () => ReadonlyMap<string, number>
}

/** Where nothing is known of alerting: no rules, and no link is good. */
export const NO_ALERTING: Alerting = {
  rules: () => new Map(),
  file: () => ({
    config: AlertsConfig.parse({}),
    path: null,
    lineOf: () => null,
    warnings: [],
  }),
  acknowledgedForMs: () => 4 * 3_600_000,
  groupsOf: () => [],
  lineOf: ({ rule, reading }) => reading.what ?? { en: rule, zh: rule },
  isLinkGood: () => false,
  drill: () => [],
  test: (channel) => {
    throw new RangeError(`nothing is known of alerting: no test of ${channel}`)
  },
  inboundSecrets: () => Promise.resolve(null),
  onCall: () => ({ shifts: [], next: null }),
  lastPassMs: () => Promise.resolve(null),
  ruleSeconds: () => new Map(),
}
