import { createHash } from 'node:crypto'
import type {
  Acknowledgement,
  DeliveryResult,
  Notification,
  RosterOverride,
} from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { renderLines } from '../message/lines.ts'
import { onCallAt } from './rotation.ts'

/** A page marked DRILL for each channel that a page without labels goes to; all one group. Empty without such a channel. */
export function drillNotifications(
  config: AlertsConfig,
  now: {
    readonly nowMs: number
    /** 0..1, so that two drills of one moment differ. */
    readonly random: number
    readonly overrides: Iterable<RosterOverride>
  },
): Notification[] {
  const { nowMs, random, overrides } = now
  const route = config.routes.find(
    ({ severities, rules, labels }) =>
      (severities === undefined || severities.includes('page')) &&
      rules === undefined &&
      labels === undefined,
  )
  const enabled = new Set(config.channels.flatMap(({ name, enabled }) => (enabled ? [name] : [])))
  const channels = [...new Set(route?.channels ?? [])].filter((name) => enabled.has(name))
  const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
  const seed = `drill ${nowMs} ${random}`
  const onCall = onCallAt(config.roster, overrides, { atMs: nowMs, timeZone: config.time_zone })
  const lines = renderLines(
    { reason: 'drill', severity: 'page', alerts: [], ruleWords: () => null },
    { timeZone: config.time_zone, nowMs },
  )
  return channels.map((channel) => ({
    id: `ntf_${digits(`${seed} ${channel}`)}`,
    channel,
    group: `grp_${digits(seed)}`,
    reason: 'drill' as const,
    severity: 'page' as const,
    urgent: true,
    at_ms: nowMs,
    not_before_ms: nowMs,
    fingerprints: [],
    more: 0,
    mention: route?.mention_on_call === true ? (onCall?.person ?? '') : '',
    lines,
  }))
}

/** How a drill went so far; null = not yet. */
export interface DrillReport {
  readonly channels: readonly {
    readonly channel: string
    readonly acceptedAfterMs: number | null
    readonly attempts: number
    readonly detail: string
  }[]
  /** From the first message to the acknowledgement. */
  readonly acknowledgedAfterMs: number | null
  readonly who: string
}

/** By results of deliveries and acknowledgements, as the journal has them. */
export function drillReport(
  notifications: readonly Notification[],
  results: readonly DeliveryResult[],
  acks: readonly Acknowledgement[],
): DrillReport {
  const [first] = notifications
  const ack = acks.find((one) => one.group === first?.group && one.at_ms >= first.at_ms)
  return {
    channels: notifications.map(({ id, channel, at_ms }) => {
      const own = results.filter((result) => result.id === id)
      const taken = own.find(({ outcome }) => outcome === 'accepted')
      return {
        channel,
        acceptedAfterMs: taken === undefined ? null : Math.max(0, taken.at_ms - at_ms),
        attempts: own.length,
        detail: own.at(-1)?.detail ?? '',
      }
    }),
    acknowledgedAfterMs: ack === undefined || first === undefined ? null : ack.at_ms - first.at_ms,
    who: ack?.who ?? '',
  }
}
