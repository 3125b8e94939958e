import { z } from 'zod'
import { type Acknowledgement, Notification } from '#schemas/alerts/alert.ts'
import type { AlertsNow } from './view.ts'
import { beganMs } from './changes.ts'

/**
 * What we read of a V3 webhook (one event a request). `incident_key` is the dedup_key of the event that opened it: our
 * group. Source: PagerDuty's developer pages, "v3 Overview".
 */
export const PagerDutyWebhook = z.object({
  event: z.object({
    event_type: z.string().max(128),
    occurred_at: z.iso.datetime({ offset: true }),
    agent: z.object({ type: z.string().nullish(), summary: z.string().nullish() }).nullish(),
    data: z.object({ incident_key: z.string().nullish() }).nullish(),
  }),
})
export type PagerDutyWebhook = z.infer<typeof PagerDutyWebhook>

/** Clocks may differ by so much: an answer is never older than its message. */
const SKEW_MS = 60_000

/**
 * The acknowledgement that an event of PagerDuty is; null = it changes nothing here: it is about another service, said
 * before, older than what is known, or our own word come back. The same event again gives the same entry or none, so that
 * retries and recorded requests do no harm.
 */
export function ackOfEvent(
  { event }: PagerDutyWebhook,
  from: { readonly now: AlertsNow; readonly nowMs: number; readonly holdsMs: number },
): Acknowledgement | null {
  const { event_type: type, agent } = event
  const group = Notification.shape.group.safeParse(event.data?.incident_key ?? '')
  if (!group.success) return null
  const firstMs = beganMs(from.now, group.data)
  if (firstMs === null) return null
  const saidMs = Math.min(Date.parse(event.occurred_at), from.nowMs)
  const at_ms = saidMs < firstMs && saidMs >= firstMs - SKEW_MS ? firstMs : saidMs
  const before = from.now.state.acks.get(group.data)
  if (at_ms < firstMs || (before !== undefined && before.at_ms >= at_ms)) return null
  const who = `${(agent?.summary ?? 'somebody').slice(0, 200)} (PagerDuty)`
  const common = { group: group.data, at_ms, who }
  switch (type) {
    case 'incident.acknowledged':
      return { ...common, until_ms: at_ms + from.holdsMs, comment: '' }
    case 'incident.resolved':
      // Closed by our own resolve event, it has no person behind it. By a person: seen to, and the alert lasts as long as it does.
      if (agent?.type !== 'user_reference') return null
      return { ...common, until_ms: at_ms + from.holdsMs, comment: 'resolved in PagerDuty' }
    case 'incident.unacknowledged':
      return before === undefined || before.until_ms <= at_ms
        ? null
        : { ...common, until_ms: at_ms, comment: 'taken back in PagerDuty' }
    default:
      return null
  }
}
