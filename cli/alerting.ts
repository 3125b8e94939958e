import { conversationsOf } from '../alerts/engine/noise/groups.ts'
import { isTokenGood } from '../alerts/deliver/links.ts'
import { OWN_RULES } from '../alerts/engine/own-rules.ts'
import { renderLines } from '../alerts/message/lines.ts'
import { drillNotifications } from '../alerts/roster/drill.ts'
import type { Alerting, RuleInForce } from '../query/alerts/alerting.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { loadAlertsConfig } from './alerts-config.ts'
import { openBeat, passMsOf } from './alerts-beat.ts'
import { configPaths, linkKey, readRules, rulePaths, watched } from './alerts-files.ts'
import type { Settings } from './settings.ts'

export interface AlertingOptions {
  readonly settings: Pick<Settings, 'alertsFile' | 'rulesPath' | 'dataDir' | 'timeZone'> &
    Partial<Pick<Settings, 'natsUrl' | 'natsCreds'>>
  /** Instead of the alerting file: the demo's. */
  readonly alertsConfig?: () => AlertsConfig
  readonly log: Logger
  /** Roles of this process: where it evaluates itself, its own word counts. */
  readonly roles: readonly Role[]
}

/** What the API needs of alerting, read from the same files as the evaluator reads. Close it. */
export async function openAlerting(options: AlertingOptions): Promise<{
  readonly alerting: Alerting
  readonly config: () => AlertsConfig
  readonly close: () => Promise<void>
}> {
  const { settings, log, roles, alertsConfig: given } = options
  const { alertsFile, rulesPath, dataDir, timeZone } = settings
  const config = await watched(
    configPaths(alertsFile),
    async () => given?.() ?? (await loadAlertsConfig(alertsFile, timeZone)),
    log,
  )
  const loaded = await watched(rulePaths(rulesPath), () => readRules(rulesPath), log)
  const key = await linkKey(dataDir)
  const own = roles.find(({ name }) => name === 'alerts')
  const { natsUrl, natsCreds } = settings
  const beat = natsUrl === undefined ? null : await openBeat({ natsUrl, natsCreds })
  const alerting: Alerting = {
    rules: () => inForce(loaded.current().rules),
    acknowledgedForMs: () => config.current().acknowledged_for * 1000,
    groupsOf: conversationsOf,
    lineOf(alert, rule, nowMs) {
      const reason = alert.state === 'resolved' || alert.state === 'held' ? alert.state : 'firing'
      const { severity } = alert
      const group = { reason, severity, alerts: [alert], ruleWords: () => rule } as const
      const { en, zh } = renderLines(group, { timeZone: config.current().time_zone, nowMs })
      return { en: en[0] ?? '', zh: zh[0] ?? '' }
    },
    isLinkGood: (grant, token, nowMs) => isTokenGood(grant, token, { key, nowMs }),
    drill: (nowMs, overrides) =>
      drillNotifications(config.current(), { nowMs, random: Math.random(), overrides }),
    lastPassMs: () => Promise.resolve(passMsOf(own) ?? beat?.lastPassMs() ?? null),
  }
  return {
    alerting,
    config: config.current,
    async close() {
      config.stop()
      loaded.stop()
      await beat?.close()
    },
  }
}

function inForce(
  loaded: Awaited<ReturnType<typeof readRules>>['rules'],
): ReadonlyMap<string, RuleInForce> {
  const rules = new Map<string, RuleInForce>()
  for (const rule of OWN_RULES) rules.set(rule.name, { rule, origin: 'pack' })
  for (const [name, { rule, file }] of loaded)
    rules.set(name, { rule, origin: file.startsWith('pack/') ? 'pack' : 'site' })
  return rules
}
