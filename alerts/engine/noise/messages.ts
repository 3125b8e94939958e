import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { AlertLabels, AlertSeverity, Words } from '#schemas/alerts/severity.ts'
import type { MessageGroup } from '../../message/group.ts'
import { worstFirst } from '../../message/group.ts'
import { NO_READING } from '../evaluation.ts'
import { digest32, fingerprintOf } from '../fingerprint.ts'
import type { Group } from './groups.ts'

const LISTED_MAX = 50
/** From here on a message begins with the place that its alerts share, not with one of them. */
const TOGETHER_MIN = 3

/** One message that is to be queued. */
export interface Message {
  readonly channel: string
  readonly group: string
  readonly reason: Notification['reason']
  readonly severity: AlertSeverity
  readonly urgent: boolean
  readonly alerts: readonly Alert[]
  readonly mention: string
  /** Set where the message is about many in one place. */
  readonly head: Alert | null
  /** With a digest: what its lines are about, one for each group of many. */
  readonly shown?: readonly Alert[]
  readonly toldMs?: number
}

/** Renders the lines of a message in both languages (alerts/message). */
export type RenderLines = (group: MessageGroup) => Notification['lines']

/** The notification of a message; its id is the same for the same message queued after the same entry. */
export function notificationOf(
  message: Message,
  from: {
    readonly nowMs: number
    /** Last entry of the journal before it. */
    readonly last: number
    readonly render: RenderLines
    readonly ruleWords: MessageGroup['ruleWords']
  },
): Notification {
  const { channel, group, reason, severity, urgent, mention, head, toldMs } = message
  const worst = worstFirst(message.alerts)
  const listed = worst.slice(0, LISTED_MAX)
  const lines = from.render({
    reason,
    severity,
    alerts: message.shown?.slice(0, LISTED_MAX) ?? listed,
    head,
    ruleWords: from.ruleWords,
    more: Math.max(0, worst.length - listed.length),
    ...(toldMs === undefined ? {} : { toldMs }),
  })
  return {
    id: `ntf_${digest32(group, channel, reason, String(from.nowMs), String(from.last))}`,
    channel,
    group,
    reason,
    severity,
    urgent,
    mention,
    lines,
    at_ms: from.nowMs,
    not_before_ms: from.nowMs,
    fingerprints: listed.map(({ fingerprint }) => fingerprint),
    more: worst.length - listed.length,
  }
}

const PLACES: readonly (readonly [keyof AlertLabels, Words])[] = [
  ['node', { en: 'node', zh: '节点' }],
  ['rack', { en: 'rack', zh: '机架' }],
  ['loop', { en: 'loop', zh: '冷却回路' }],
  ['hall', { en: 'hall', zh: '机房' }],
  ['cluster', { en: 'cluster', zh: '集群' }],
  ['site', { en: 'site', zh: '站点' }],
]

/** An alert that stands for many in one place, so that the first words are the place and how many; null for a few. */
export function headOf({ rule, members, labels, severity, usdPerHour }: Group): Alert | null {
  const [first] = members
  if (first === undefined || members.length < TOGETHER_MIN) return null
  const devices = new Set(members.flatMap(({ alert }) => alert.labels.device ?? []))
  const many: Words =
    devices.size >= TOGETHER_MIN
      ? { en: `${grouped(devices.size)} devices`, zh: `${grouped(devices.size)} 台设备` }
      : { en: `${grouped(members.length)} alerts`, zh: `${grouped(members.length)} 个告警` }
  const place = placeWords(labels)
  const whole = (rule.title.en.length > 60 ? rule.title.en.slice(0, 60) : rule.title.en).trim()
  const since = members.reduce((least, { alert }) => Math.min(least, alert.since_ms), Infinity)
  const sum = (pick: (alert: Alert) => number | null) =>
    members.reduce((total, { alert }) => total + (pick(alert) ?? 0), 0)
  const { suppressed: _, ...alert } = first.alert
  return {
    ...alert,
    fingerprint: fingerprintOf(`${rule.name}:together`, labels),
    labels,
    severity,
    since_ms: since,
    reading: {
      ...NO_READING,
      usd_per_hour: usdPerHour > 0 ? usdPerHour : null,
      devices: devices.size > 0 ? devices.size : null,
      what: {
        en: `${place.en}${many.en}: ${whole}`,
        zh: `${place.zh}${many.zh}：${rule.title.zh.slice(0, 60)}`,
      },
      doing: rule.action,
    },
    cost_usd: sum((one) => one.cost_usd),
  }
}

function placeWords(labels: AlertLabels): Words {
  for (const [name, words] of PLACES) {
    const value = labels[name]
    if (value === undefined) continue
    const short = value.slice(0, 24)
    return { en: `${capital(words.en)} ${short}, `, zh: `${words.zh} ${short}，` }
  }
  return { en: '', zh: '' }
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)
const grouped = (count: number) => count.toLocaleString('en-US')
