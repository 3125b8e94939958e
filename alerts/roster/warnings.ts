import type { AlertsConfig, Route } from '#schemas/alerts/config.ts'
import type { AlertSeverity, Words } from '#schemas/alerts/severity.ts'
import { mailChannelOf } from '#schemas/report/delivery-config.ts'

/** What a good file still leaves open; people are told once per change. */
export interface ConfigWarning {
  readonly code:
    | 'no_page_route'
    | 'no_ringing'
    | 'nobody_on_call'
    | 'unused_channel'
    | 'no_heartbeat'
  readonly words: Words
}

/** Holes through which a page could fall unheard. */
export function configWarnings(config: AlertsConfig): ConfigWarning[] {
  const enabled = config.channels.filter((channel) => channel.enabled)
  if (enabled.length === 0) return []
  const names = new Set(enabled.map(({ name }) => name))
  const ringing = new Set(enabled.filter(({ rings }) => rings).map(({ name }) => name))
  const ofPages = config.routes
    .filter((route) => couldBe(route, 'page'))
    .flatMap(({ channels }) => channels)
  const escalated = config.escalation.flatMap(({ channels }) => channels)
  const warnings: ConfigWarning[] = []
  const add = (code: ConfigWarning['code'], en: string, zh: string) =>
    warnings.push({ code, words: { en, zh } })
  if (!ofPages.some((name) => names.has(name)))
    add(
      'no_page_route',
      'No route leads a page to an enabled channel: at night nobody is told.',
      '没有路由把紧急告警送到已启用的渠道：夜间无人会收到。',
    )
  if (![...ofPages, ...escalated].some((name) => ringing.has(name)))
    add(
      'no_ringing',
      'No channel that pages go to rings: a chat message wakes nobody. Mark the one that does with rings: true.',
      '紧急告警的渠道都不会响铃：聊天消息叫不醒人。请为会响铃的渠道设置 rings: true。',
    )
  if (config.roster.rotation === undefined && config.routes.some((route) => route.mention_on_call))
    add(
      'nobody_on_call',
      'Routes or escalation name who is on call, but the roster has no rotation.',
      '路由或升级步骤要提及值班人，但值班表没有轮值。',
    )
  const used = new Set([
    ...config.routes.flatMap(({ channels }) => channels),
    ...config.owners.flatMap(({ channels }) => channels),
    ...enabled.flatMap(({ failover }) => failover ?? []),
    ...config.operations,
    ...config.reports.owner,
    ...config.reports.recipients.flatMap(({ channel }) => channel ?? []),
    ...(config.reports.recipients.some(({ mail }) => mail !== undefined)
      ? [mailChannelOf(config.channels, config.reports)?.name ?? '']
      : []),
    ...escalated,
  ])
  for (const { name } of enabled)
    if (!used.has(name))
      add(
        'unused_channel',
        `Nothing leads to the channel ${name}.`,
        `没有任何路由通往渠道 ${name}。`,
      )
  if (config.heartbeat === undefined)
    add(
      'no_heartbeat',
      'Nobody outside watches whether alerting itself lives: set heartbeat.',
      '没有外部看守检查告警本身是否存活：请设置 heartbeat。',
    )
  return warnings
}

const couldBe = ({ severities }: Route, severity: AlertSeverity) =>
  severities === undefined || severities.includes(severity)
