import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Alert } from '#schemas/alerts/alert.ts'
import type { ReportCard } from '#schemas/report/post.ts'
import {
  accepted,
  type ChannelMessage,
  type ChannelTarget,
  type HttpAnswer,
  type HttpChannel,
  type HttpRequest,
  judgeStatus,
  retryAfterMs,
  retry,
} from './channel.ts'
import { bytesOf, textsOf } from './texts.ts'

/** Receivers of Standard Webhooks may refuse bodies from 20 kB on (specification 1.0.0). */
const BODY_MAX_BYTES = 19_000

/**
 * Generic webhook, signed as Standard Webhooks 1.0.0 has it: `webhook-id` is the same at each attempt, the signature
 * covers `<id>.<seconds>.<raw body>`, one entry for each secret while keys are exchanged.
 */
export const webhook: HttpChannel = {
  kind: 'webhook',
  build: (message, target, nowMs) =>
    requestOf({ id: message.notification.id, body: bodyOf(message) }, target, nowMs),
  buildReport: (card, target, nowMs) =>
    requestOf({ id: card.id, body: reportBody(card) }, target, nowMs),
  judge(answer: HttpAnswer) {
    const refused = judgeStatus(answer, false)
    if (refused === null) return accepted()
    if (refused.kind === 'retry' && [502, 504].includes(answer.status))
      return retry(refused.detail, retryAfterMs(answer, Date.now()) ?? 30_000)
    return refused
  },
  preview({ body }) {
    const { data } = Shown.parse(JSON.parse(body))
    const lines = data.lines.en.length > 0 ? data.lines.en : data.lines.zh
    return [
      { kind: 'title', text: lines[0] ?? '' },
      ...lines.slice(1).map((text) => ({ kind: 'text' as const, text })),
      { kind: 'links', text: Object.values(data.links).filter(Boolean).join(' · ') },
    ]
  },
}

const Shown = z.object({
  data: z.object({
    lines: z.object({ en: z.array(z.string()), zh: z.array(z.string()) }),
    links: z.record(z.string(), z.string().nullable()),
  }),
})

function requestOf(
  { id, body }: { readonly id: string; readonly body: string },
  target: ChannelTarget,
  nowMs: number,
): HttpRequest {
  const seconds = Math.floor(nowMs / 1000)
  return {
    url: target.url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signature({ id, seconds, body }, target.secret),
    },
    body,
  }
}

/** The same bytes at each attempt, far below the limit: verdict and causes are a few lines. */
function reportBody({ id, week, revision, title, lines, language, link }: ReportCard): string {
  return JSON.stringify({
    type: 'report.issued',
    data: {
      id,
      week,
      revision,
      title: language === 'zh' ? title.zh : title.en,
      lines: {
        en: language === 'zh' ? [] : [title.en, ...lines.en],
        zh: language === 'en' ? [] : [title.zh, ...lines.zh],
      },
      links: { report: link },
    },
  })
}

/**
 * `v1,<base64>` of each secret, separated by spaces. Throws when none has the form `whsec_` and base64 of 24 to 64 bytes.
 */
export function signature(
  signed: { readonly id: string; readonly seconds: number; readonly body: string },
  secrets: string,
): string {
  const keys = secrets.split(/\s+/).filter((secret) => secret !== '')
  if (keys.length === 0) throw new Error('the secret of the webhook is empty')
  return keys
    .slice(0, 4)
    .map((secret) => {
      const hmac = createHmac('sha256', keyOf(secret))
      return `v1,${hmac.update(`${signed.id}.${signed.seconds}.${signed.body}`).digest('base64')}`
    })
    .join(' ')
}

function keyOf(secret: string): Buffer {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret) ?? []
  const key = Buffer.from(encoded, 'base64')
  if (key.length >= 24 && key.length <= 64) return key
  throw new Error('the secret of the webhook must be whsec_ and base64 of 24 to 64 bytes')
}

/** The same bytes at each attempt: nothing of now is in them. */
function bodyOf(message: ChannelMessage): string {
  const { notification, language, links } = message
  const { en, zh } = notification.lines
  const make = (alerts: readonly Alert[]) =>
    JSON.stringify({
      type: `alert.${notification.reason}`,
      timestamp: new Date(notification.at_ms).toISOString(),
      data: {
        id: notification.id,
        group: notification.group,
        severity: notification.severity,
        urgent: notification.urgent,
        title: textsOf(message).title,
        lines: { en: language === 'zh' ? [] : en, zh: language === 'en' ? [] : zh },
        links,
        alerts: alerts.map(alertOf),
        alerts_more: notification.more + message.alerts.length - alerts.length,
      },
    })
  let shown = message.alerts
  let body = make(shown)
  while (bytesOf(body) > BODY_MAX_BYTES && shown.length > 0) {
    shown = shown.slice(0, Math.floor(shown.length / 2))
    body = make(shown)
  }
  return body
}

const alertOf = (alert: Alert) => ({
  fingerprint: alert.fingerprint,
  rule: alert.rule,
  labels: alert.labels,
  state: alert.state,
  severity: alert.severity,
  since: new Date(alert.since_ms).toISOString(),
  resolved: alert.resolved_ms === null ? null : new Date(alert.resolved_ms).toISOString(),
  value: alert.reading.value,
  low: alert.reading.low,
  high: alert.reading.high,
  coverage: alert.reading.coverage,
  usd_per_hour: alert.reading.usd_per_hour,
  cost_usd: alert.cost_usd,
  devices: alert.reading.devices,
})
