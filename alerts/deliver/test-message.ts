import { createHash } from 'node:crypto'
import type { Notification } from '#schemas/alerts/alert.ts'
import { renderLines } from '../message/lines.ts'

/** The message of a channel's test button. It is tried once, whatever comes of it. */
export function testNotification(
  channel: string,
  given: { readonly nowMs: number; readonly random: number; readonly timeZone: string },
): Notification {
  const { nowMs, random, timeZone } = given
  const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
  const lines = renderLines(
    { reason: 'test', severity: 'ticket', alerts: [], ruleWords: () => null },
    { timeZone, nowMs },
  )
  return {
    id: `ntf_${digits(`test ${channel} ${nowMs} ${random}`)}`,
    channel,
    group: `grp_${digits(`test ${channel}`)}`,
    reason: 'test',
    severity: 'ticket',
    urgent: false,
    at_ms: nowMs,
    not_before_ms: nowMs,
    fingerprints: [],
    more: 0,
    mention: '',
    lines,
  }
}
