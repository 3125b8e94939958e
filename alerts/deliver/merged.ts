import { createHash } from 'node:crypto'
import type { Notification } from '#schemas/alerts/alert.ts'
import { ALERT_SEVERITIES } from '#schemas/alerts/severity.ts'
import type { OutboxItem } from './outbox.ts'

/** Messages that are named in one that stands for many. */
const NAMED = 6

/** One message for several that did not fit into what a channel takes in a minute, worst first. */
export function mergedItem(items: readonly OutboxItem[]): OutboxItem | null {
  const [worst] = items
  if (worst === undefined || items.length === 1) return worst ?? null
  const notes = items.map(({ notification }) => notification)
  const ids = notes.map(({ id }) => id).sort()
  const severity = ALERT_SEVERITIES.find((one) => notes.some((note) => note.severity === one))
  const notification: Notification = {
    ...worst.notification,
    id: `ntf_${createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 32)}`,
    reason: 'digest',
    severity: severity ?? worst.notification.severity,
    at_ms: Math.max(...notes.map(({ at_ms }) => at_ms)),
    fingerprints: worst.notification.fingerprints,
    more: notes.reduce((sum, note) => sum + note.more + note.fingerprints.length, 0),
    lines: {
      en: linesOf(notes, 'en', `[DIGEST] ${notes.length} messages at once, worst first`),
      zh: linesOf(notes, 'zh', `[汇总] 同时有 ${notes.length} 条消息，最重在前`),
    },
  }
  return { ...worst, notification, alerts: items.flatMap(({ alerts }) => alerts).slice(0, 50) }
}

function linesOf(notes: readonly Notification[], language: 'en' | 'zh', first: string): string[] {
  const rest = notes.length - NAMED
  const more = language === 'en' ? `and ${rest} more` : `另有 ${rest} 条`
  return [
    first,
    ...notes.slice(0, NAMED).map(({ lines }) => lines[language][0] ?? ''),
    ...(rest > 0 ? [more] : []),
  ]
}
