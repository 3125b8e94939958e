import { z } from 'zod'
import type { AlertSeverity } from '#schemas/alerts/severity.ts'
import { accepted, type ChannelMessage, fieldOf, type HttpChannel, judgeStatus } from './channel.ts'
import { colourOf, cut, textsOf } from './texts.ts'

/** PagerDuty's limit of a summary, characters. */
const SUMMARY_MAX = 1024
const SEVERITIES: Readonly<Record<AlertSeverity, string>> = {
  page: 'critical',
  warn: 'warning',
  ticket: 'info',
  data: 'warning',
}

/**
 * PagerDuty Events API v2. One group is one incident: the group is the dedup_key, so that a repeat adds to it and a
 * resolve closes it. 202 means that the event is queued there. The secret is the routing key of 32 characters.
 */
export const pagerduty: HttpChannel = {
  kind: 'pagerduty',
  build(message, target) {
    if (!/^[A-Za-z0-9]{32}$/.test(target.secret))
      throw new Error('the routing key of PagerDuty must be 32 letters and digits')
    return {
      url: target.url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        message.notification.reason === 'resolved'
          ? {
              routing_key: target.secret,
              event_action: 'resolve',
              dedup_key: message.notification.group,
            }
          : triggerOf(message, target.secret),
      ),
    }
  },
  judge(answer) {
    const refused = judgeStatus(answer, true)
    if (refused !== null) return refused
    const key = fieldOf(answer.body, 'dedup_key')
    return accepted(typeof key === 'string' ? key : '')
  },
  preview({ body }) {
    const { event_action, payload, links } = Shown.parse(JSON.parse(body))
    if (payload === undefined)
      return [{ kind: 'title', text: `Incident ${event_action}d`, colour: 'green' }]
    return [
      {
        kind: 'title',
        text: payload.summary,
        colour: payload.severity === 'critical' ? 'red' : 'orange',
      },
      { kind: 'fields', text: `Severity ${payload.severity} · Source ${payload.source}` },
      { kind: 'text', text: payload.custom_details.message },
      { kind: 'links', text: (links ?? []).map(({ text }) => text).join(' · ') },
    ]
  },
}

const Shown = z.object({
  event_action: z.string(),
  payload: z
    .object({
      summary: z.string(),
      source: z.string(),
      severity: z.string(),
      custom_details: z.object({ message: z.string() }),
    })
    .optional(),
  links: z.array(z.object({ text: z.string() })).optional(),
})

function triggerOf(message: ChannelMessage, key: string) {
  const { notification, alerts, links } = message
  const texts = textsOf(message)
  const labels = alerts[0]?.labels ?? {}
  const reading = alerts[0]?.reading
  const ours = texts.links.map(({ text, url }) => ({ href: url, text }))
  return {
    routing_key: key,
    event_action: 'trigger',
    dedup_key: notification.group,
    client: 'Plimsoll',
    client_url: links.chart,
    payload: {
      summary: cut(texts.title, SUMMARY_MAX),
      source: sourceOf(labels),
      severity: colourOf(message) === 'grey' ? 'warning' : SEVERITIES[notification.severity],
      timestamp: new Date(notification.at_ms).toISOString(),
      class: alerts[0]?.rule ?? notification.reason,
      component: labels.node ?? labels.rack ?? labels.loop ?? labels.hall ?? 'fleet',
      group: labels.site ?? labels.cluster ?? 'fleet',
      custom_details: {
        message: texts.lines.join('\n'),
        value: reading?.value ?? null,
        coverage: reading?.coverage ?? null,
        usd_per_hour: reading?.usd_per_hour ?? null,
        alerts: alerts.length + notification.more,
        labels,
        notification: notification.id,
      },
    },
    links: ours,
    images: [],
  }
}

const sourceOf = (labels: Readonly<Record<string, string | undefined>>) =>
  [labels.site, labels.cluster, labels.hall, labels.rack, labels.node]
    .filter((part) => part !== undefined)
    .join('/') || 'fleet'
