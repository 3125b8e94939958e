import { createHash } from 'node:crypto'
import type { Notification, RosterOverride } from '#schemas/alerts/alert.ts'
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
