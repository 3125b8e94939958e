import { type ChannelConfig, DEFAULT_RATES } from '#schemas/alerts/channel-config.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { ALERT_SEVERITIES, type AlertSeverity, type Words } from '#schemas/alerts/severity.ts'
import type { Notification } from '#schemas/alerts/alert.ts'
import type { OutboxItem } from '#schemas/alerts/state.ts'
import type {
  ChannelItem,
  ChannelReach,
  DeadLetter,
  DeliveriesAnswer,
  DeliveriesQuery,
  DeliveryItem,
  SecretPlace,
} from '#schemas/api-channels.ts'
import type { AlertingFile } from './alerting.ts'
import type { AlertLog, LoggedAttempt } from './log.ts'
import type { AlertsNow } from './view.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const DEAD_SHOWN = 200

/** Every channel of the alerting file and how it fares. */
export function channelItems(
  { config, lineOf }: AlertingFile,
  { state, log }: AlertsNow,
  nowMs: number,
): ChannelItem[] {
  const outbox = [...state.outbox.values()]
  const lately = log.attempts.filter(({ result }) => result.at_ms > nowMs - DAY_MS)
  return config.channels.map((channel, index) => {
    const { name, kind, enabled, rings } = channel
    const track = log.channels.get(name)
    const own = lately.filter(({ result }) => result.channel === name)
    const waiting = outbox.filter(({ notification }) => notification.channel === name)
    const failed = track?.failed ?? null
    return {
      name,
      kind,
      enabled,
      rings,
      language: channel.language ?? config.language,
      host: channel.target === undefined ? null : (URL.parse(channel.target)?.host ?? null),
      target: placeOf(channel.target_env, channel.target_file),
      secret: placeOf(channel.secret_env, channel.secret_file),
      failover: channel.failover ?? null,
      reach: reachOf(config, name),
      rate: rateOf(channel, own, nowMs),
      last_accepted_ms: track?.acceptedMs ?? null,
      last_failure: failed === null ? null : { at_ms: failed.at_ms, detail: failed.detail },
      accepted_24h: own.filter(({ result }) => result.outcome === 'accepted').length,
      failed_24h: own.filter(({ result }) => isFailure(result.outcome)).length,
      waiting: waiting.filter((item) => item.state === 'waiting').length,
      dead: waiting.filter((item) => item.state === 'dead').length,
      is_gone: track?.isGone ?? false,
      line: lineOf('channels', index),
    }
  })
}

const isFailure = (outcome: string) => outcome === 'failed' || outcome === 'dead'

function placeOf(env: string | undefined, file: string | undefined): SecretPlace | null {
  if (env !== undefined) return { from: 'environment', name: env }
  return file === undefined ? null : { from: 'file', name: file }
}

function rateOf(
  { kind, rate }: ChannelConfig,
  own: readonly LoggedAttempt[],
  nowMs: number,
): ChannelItem['rate'] {
  const { per_minute, burst } = rate ?? DEFAULT_RATES[kind]
  const used = own.filter(
    ({ result }) => result.outcome !== 'replayed' && result.at_ms > nowMs - MINUTE_MS,
  )
  return { per_minute, burst, used: used.length }
}

/** What leads to a channel: the first route that matches decides, so later ones get what is left. */
export function reachOf(config: AlertsConfig, name: string): ChannelReach {
  const open = new Set<AlertSeverity>(ALERT_SEVERITIES)
  const severities = new Set<AlertSeverity>()
  for (const route of config.routes) {
    const matched = (route.severities ?? ALERT_SEVERITIES).filter((one) => open.has(one))
    if (route.channels.includes(name)) for (const one of matched) severities.add(one)
    if (route.rules === undefined && route.labels === undefined)
      for (const one of matched) open.delete(one)
  }
  return {
    severities: ALERT_SEVERITIES.filter((one) => severities.has(one)),
    escalation: config.escalation.flatMap(({ channels, after }) =>
      channels.includes(name) ? after : [],
    ),
    operations: config.operations.includes(name),
    owners: config.owners.flatMap(({ tenant, channels }) =>
      channels.includes(name) ? tenant : [],
    ),
    takes_over: config.channels.flatMap((one) => (one.failover === name ? one.name : [])),
  }
}

const lineOfNote = ({ lines }: Notification): Words => ({
  en: lines.en[0] ?? '',
  zh: lines.zh[0] ?? '',
})

/** Messages that nobody took, newest first. */
export function deadLetters({ state, log }: AlertsNow): { dead: DeadLetter[]; total: number } {
  const all = [...state.outbox.values()].filter((item) => item.state === 'dead')
  const dead = all.map((item) => letterOf(item, log))
  dead.sort((a, b) => b.dead_ms - a.dead_ms)
  return { dead: dead.slice(0, DEAD_SHOWN), total: dead.length }
}

function letterOf({ notification, last }: OutboxItem, log: AlertLog): DeadLetter {
  const { id, channel, reason, severity, at_ms } = notification
  return {
    id,
    channel,
    reason,
    severity,
    line: lineOfNote(notification),
    at_ms,
    dead_ms: last?.at_ms ?? at_ms,
    attempts: log.notes.get(id)?.entry.attempts ?? last?.attempt ?? 0,
    detail: last?.detail ?? '',
  }
}

/** Attempts of a question, newest first, and where to go on. */
export function deliveriesOf(
  { log }: Pick<AlertsNow, 'log'>,
  { channel, outcome, id, cursor, limit }: DeliveriesQuery,
): Pick<DeliveriesAnswer, 'deliveries' | 'next_cursor'> {
  const found: LoggedAttempt[] = []
  for (let at = log.attempts.length - 1; at >= 0 && found.length <= limit; at -= 1) {
    const one = log.attempts[at]
    if (one === undefined || (cursor !== undefined && one.number >= cursor)) continue
    const { result } = one
    if (channel !== undefined && result.channel !== channel) continue
    if (outcome !== undefined && result.outcome !== outcome) continue
    if (id === undefined || result.id === id) found.push(one)
  }
  const shown = found.slice(0, limit)
  return {
    deliveries: shown.map(({ result }) => ({ ...result, message: messageOf(log, result.id) })),
    next_cursor: found.length > limit ? (shown.at(-1)?.number ?? null) : null,
  }
}

function messageOf(log: AlertLog, id: string): DeliveryItem['message'] {
  const note = log.notes.get(id)?.notification
  if (note === undefined) return null
  const { channel, reason, severity, at_ms, fingerprints } = note
  const fingerprint = fingerprints[0] ?? null
  return { channel, reason, severity, line: lineOfNote(note), at_ms, fingerprint }
}
