import { conversationsOf } from '../alerts/engine/noise/groups.ts'
import { testNotification } from '../alerts/deliver/test-message.ts'
import { createReadSecret } from '../alerts/deliver/secrets.ts'
import { isTokenGood } from '../alerts/deliver/links.ts'
import { OWN_RULES } from '../alerts/engine/own-rules.ts'
import { ruleWordsOf } from '../alerts/message/group.ts'
import { renderLines } from '../alerts/message/lines.ts'
import { drillNotifications } from '../alerts/roster/drill.ts'
import { nextOnCall, onCallAt } from '../alerts/roster/rotation.ts'
import { scheduleOf } from '../alerts/roster/schedule.ts'
import { configWarnings } from '../alerts/roster/warnings.ts'
import type { Alerting, AlertingFile, RuleInForce } from '../query/alerts/alerting.ts'
import type { RosterOverride } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { loadAlertsConfig, loadAlertsFile } from './alerts-config.ts'
import { openBeat, passMsOf, ruleSecondsOf } from './alerts-beat.ts'
import { configPaths, linkKey, readRules, rulePaths, watched } from './alerts-files.ts'
import type { Settings } from './settings.ts'

/** How far ahead the roster is told. */
const ROSTER_MS = 28 * 86_400_000

export interface AlertingOptions {
  readonly settings: Pick<Settings, 'alertsFile' | 'rulesPath' | 'dataDir' | 'timeZone'> &
    Partial<Pick<Settings, 'natsUrl' | 'natsCreds'>>
  /** Where secrets of webhooks may be; default the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>
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
  const file = await watched(
    configPaths(alertsFile),
    () => readFile(given, alertsFile, timeZone),
    log,
  )
  const config = () => file.current().config
  const loaded = await watched(rulePaths(rulesPath), () => readRules(rulesPath), log)
  const key = await linkKey(dataDir)
  const own = roles.find(({ name }) => name === 'alerts')
  const { natsUrl, natsCreds } = settings
  const beat = natsUrl === undefined ? null : await openBeat({ natsUrl, natsCreds })
  const readSecret = createReadSecret(options.environment ?? process.env)
  const alerting: Alerting = {
    rules: () => inForce(loaded.current().rules),
    file: file.current,
    acknowledgedForMs: () => config().acknowledged_for * 1000,
    groupsOf: conversationsOf,
    lineOf(alert, rule, nowMs) {
      const reason = alert.state === 'resolved' || alert.state === 'held' ? alert.state : 'firing'
      const { severity } = alert
      const words = rule === null ? null : ruleWordsOf(rule)
      const group = { reason, severity, alerts: [alert], ruleWords: () => words } as const
      const { en, zh } = renderLines(group, { timeZone: config().time_zone, nowMs })
      return { en: en[0] ?? '', zh: zh[0] ?? '' }
    },
    isLinkGood: (grant, token, nowMs) => isTokenGood(grant, token, { key, nowMs }),
    drill: (nowMs, overrides) =>
      drillNotifications(config(), { nowMs, random: Math.random(), overrides }),
    test: (channel, nowMs) =>
      testNotification(channel, { nowMs, random: Math.random(), timeZone: config().time_zone }),
    async inboundSecrets(name) {
      const channel = config().channels.find((one) => one.name === name && one.enabled)
      const { inbound_secret_env: env, inbound_secret_file: place } = channel ?? {}
      if (env === undefined && place === undefined) return null
      return (await readSecret({ env, file: place })).split(/\s+/).filter((one) => one !== '')
    },
    onCall: (nowMs, overrides) => onCallFrom(config(), nowMs, [...overrides]),
    lastPassMs: () => Promise.resolve(passMsOf(own) ?? beat?.lastPassMs() ?? null),
    ruleSeconds() {
      const here = ruleSecondsOf(own)
      return here.size > 0 ? here : (beat?.ruleSeconds() ?? here)
    },
  }
  return {
    alerting,
    config,
    async close() {
      file.stop()
      loaded.stop()
      await beat?.close()
    },
  }
}

async function readFile(
  given: (() => AlertsConfig) | undefined,
  path: string | undefined,
  timeZone: string,
): Promise<AlertingFile> {
  if (given !== undefined || path === undefined) {
    const config = given?.() ?? (await loadAlertsConfig(undefined, timeZone))
    return { config, path: null, lineOf: () => null, warnings: configWarnings(config) }
  }
  const { config, line } = await loadAlertsFile(path, timeZone)
  return { config, path, lineOf: line, warnings: configWarnings(config) }
}

function onCallFrom(
  { roster, time_zone: timeZone }: AlertsConfig,
  nowMs: number,
  overrides: readonly RosterOverride[],
): ReturnType<Alerting['onCall']> {
  const range = { fromMs: nowMs, toMs: nowMs + ROSTER_MS, timeZone }
  const at = { atMs: nowMs, timeZone }
  return {
    shifts: scheduleOf(roster, overrides, range).map(({ person, by, fromMs, toMs }) => ({
      person,
      by,
      from_ms: fromMs,
      to_ms: toMs,
    })),
    next: nextOnCall(roster, onCallAt(roster, overrides, at), at),
  }
}

function inForce(
  loaded: Awaited<ReturnType<typeof readRules>>['rules'],
): ReadonlyMap<string, RuleInForce> {
  const rules = new Map<string, RuleInForce>()
  for (const rule of OWN_RULES) rules.set(rule.name, { rule, origin: 'pack', file: 'pack/own' })
  for (const [name, { rule, file }] of loaded)
    rules.set(name, { rule, file, origin: file.startsWith('pack/') ? 'pack' : 'site' })
  return rules
}
