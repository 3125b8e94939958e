import { z } from 'zod'
import type { Alert } from '#schemas/alerts/alert.ts'
import { ALERT_SEVERITIES, type AlertSeverity } from '#schemas/alerts/severity.ts'
import { accepted, type ChannelMessage, type HttpChannel, judgeStatus } from './channel.ts'
import { textsOf } from './texts.ts'

/**
 * How long an alert holds there after it was last sent. Ours are sent again each minute while they fire (deliver/
 * keep-alive.ts), so that one lost minute resolves nothing, and what nobody tends any more goes away by itself.
 */
export const HOLDS_MS = 5 * 60_000

const SEVERITIES: Readonly<Record<AlertSeverity, string>> = {
  page: 'critical',
  warn: 'warning',
  ticket: 'info',
  data: 'warning',
}

/** One alert of POST /api/v2/alerts. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
}

/** Alertmanager API v2. An alert is its label set; it resolves by an `endsAt` that has passed. */
export const alertmanager: HttpChannel = {
  kind: 'alertmanager',
  build: (message, target, nowMs) => requestOf(target, postedOf(message, nowMs)),
  judge: (answer) => judgeStatus(answer, answer.status === 400) ?? accepted(),
  preview({ body }) {
    return Shown.parse(JSON.parse(body)).map(({ labels, annotations, endsAt }) => ({
      kind: 'text' as const,
      text: `${labels.alertname ?? ''} {${Object.entries(labels)
        .map(([name, value]) => `${name}="${value}"`)
        .join(', ')}} ${annotations.summary ?? ''} (until ${endsAt})`,
    }))
  },
}

const Shown = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    endsAt: z.string(),
  }),
)

/** The request that posts alerts. A secret `user:password` is basic authentication, any other a bearer token. */
export function requestOf(
  target: { readonly url: string; readonly secret: string },
  posted: readonly PostedAlert[],
) {
  const { secret } = target
  const login = secret.includes(':')
    ? `Basic ${Buffer.from(secret).toString('base64')}`
    : `Bearer ${secret}`
  return {
    url: `${target.url.replace(/\/+$/, '')}/api/v2/alerts`,
    headers: {
      'content-type': 'application/json',
      ...(secret === '' ? {} : { authorization: login }),
    },
    body: JSON.stringify(posted),
  }
}

function postedOf(message: ChannelMessage, nowMs: number): PostedAlert[] {
  const { notification, alerts } = message
  if (alerts.length === 0) return [withoutAlert(message, nowMs)]
  const isOver = notification.reason === 'resolved'
  return alerts.flatMap((alert) => {
    const endMs =
      isOver || alert.state === 'resolved'
        ? (alert.resolved_ms ?? notification.at_ms)
        : nowMs + HOLDS_MS
    const posted = postedAlert(alert, message, endMs)
    if (notification.reason !== 'worse') return [posted]
    // The severity is a label there: what it was before is another alert, which ends now.
    const milder = ALERT_SEVERITIES.slice(ALERT_SEVERITIES.indexOf(alert.severity) + 1)
    return [
      posted,
      ...milder.map((severity) => postedAlert({ ...alert, severity }, message, notification.at_ms)),
    ]
  })
}

/** An alert as Alertmanager takes it, holding until `endMs`. */
export function postedAlert(
  alert: Alert,
  { links, ...message }: ChannelMessage,
  endMs: number,
): PostedAlert {
  const { reading } = alert
  const texts = textsOf({ ...message, links })
  const figures = {
    value: reading.value,
    coverage: reading.coverage,
    usd_per_hour: reading.usd_per_hour,
    devices: reading.devices,
  }
  return {
    labels: labelsOf(alert),
    annotations: {
      summary: texts.title,
      description: texts.lines.join('\n'),
      ...Object.fromEntries(
        Object.entries(figures).flatMap(([name, figure]) =>
          figure === null ? [] : [[name, String(figure)]],
        ),
      ),
      ...(links.runbook === null ? {} : { runbook_url: links.runbook }),
    },
    startsAt: new Date(alert.fired_ms ?? alert.since_ms).toISOString(),
    endsAt: new Date(endMs).toISOString(),
    generatorURL: links.chart,
  }
}

const labelsOf = (alert: Alert): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(alert.labels).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  ),
  alertname: alert.rule,
  severity: SEVERITIES[alert.severity],
  ...(alert.severity === 'data' ? { kind: 'data' } : {}),
})

/** A test or a drill: it ends by itself. */
function withoutAlert(message: ChannelMessage, nowMs: number): PostedAlert {
  const { notification, links } = message
  const texts = textsOf(message)
  return {
    labels: {
      alertname: `plimsoll_${notification.reason}`,
      severity: SEVERITIES[notification.severity],
      notification: notification.id,
    },
    annotations: { summary: texts.title, description: texts.lines.join('\n') },
    startsAt: new Date(notification.at_ms).toISOString(),
    endsAt: new Date(nowMs + HOLDS_MS).toISOString(),
    generatorURL: links.chart,
  }
}
