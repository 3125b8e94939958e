import type { ChannelAttempts } from '../alerts/deliver/channel-attempts.ts'
import { createDelivery, type DeliveryDeps } from '../alerts/deliver/delivery.ts'
import { type AlertsRole, createAlertsRole } from '../alerts/engine/role.ts'
import { withSilentRules } from '../alerts/rules/silent-signal.ts'
import { OWN_RULES } from '../alerts/engine/own-rules.ts'
import { ruleWordsOf } from '../alerts/message/group.ts'
import { renderLines } from '../alerts/message/lines.ts'
import { nextOnCall, onCallAt } from '../alerts/roster/rotation.ts'
import { configWarnings } from '../alerts/roster/warnings.ts'
import { connectBus } from '../ingest/bus/connect.ts'
import { openJetStreamLease } from '../ingest/bus/jetstream-lease.ts'
import { connectReader } from '../ingest/store/reader.ts'
import { followRenamed } from '../query/alerts/renamed.ts'
import { alertFactsOver } from '../query/alerts/service.ts'
import { settledOver } from '../query/report/service.ts'
import { createCalendar } from '../report/calendar.ts'
import { followDeliveries } from '../report/deliver/book.ts'
import { withMissingReports } from '../report/deliver/missing-signal.ts'
import type { RosterOverride } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { configPaths, linkKey, readRules, rulePaths, watched } from './alerts-files.ts'
import { loadAlertsConfig } from './alerts-config.ts'
import { withForecast } from './forecast-service.ts'
import type { FeedOpener } from './event-feed.ts'
import { lazyRole } from './lazy-role.ts'
import { siteModels } from './models.ts'
import type { Settings } from './settings.ts'
import { standbyRole } from './standby.ts'
import type { StoreAccess } from './store.ts'

export interface AlertsServiceOptions {
  readonly settings: Settings
  readonly store: StoreAccess
  readonly log: Logger
  readonly simulated: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly openJournal: () => Promise<Journal>
  /** What this process sends through channels; alerts and reports share one. */
  readonly attempts: ChannelAttempts
  /** Instead of the alerting file and the network: the demo's channels and their receiver. */
  readonly demo?: {
    readonly config: () => AlertsConfig
    readonly receiver: NonNullable<DeliveryDeps['receiver']>
  }
  /** False while figures of the past are still being made: no report is due then; absent = never. */
  readonly isReady?: () => boolean
  /** The fast way of events, where this process has one. */
  readonly openFeed?: FeedOpener
}

/** The evaluator and sender of alerts; one at a time, by a lease around it where there are several processes. */
export function alertsService(options: AlertsServiceOptions) {
  const { settings, log } = options
  return lazyRole<AlertsRole>('alerts', async () => {
    const { alertsFile, rulesPath } = settings
    const given = options.demo?.config
    const config = await watched(
      configPaths(alertsFile),
      async () => given?.() ?? (await loadAlertsConfig(alertsFile, settings.timeZone)),
      log,
    )
    const loaded = await watched(rulePaths(rulesPath), () => readRules(rulesPath), log)
    for (const { words } of configWarnings(config.current())) log.warn(words.en)
    const journal = await options.openJournal()
    const reader = connectReader(options.store.connection())
    const rulesInForce = () => [...loaded.current().rules.values()].map(({ rule }) => rule)
    const ruleOf = (name: string) => loaded.current().rules.get(name)?.rule ?? null
    const delivery = createDelivery({
      attempts: options.attempts,
      journal,
      config: config.current,
      environment: options.environment,
      linkKey: await linkKey(settings.dataDir),
      runbookOf: (name) => {
        const rule = ruleOf(name)
        return rule === null ? null : (rule.runbook ?? name.replaceAll('_', '-'))
      },
      logger: log,
      ...(options.demo === undefined ? {} : { receiver: options.demo.receiver }),
    })
    const asked = alertFactsOver({
      reader,
      clock: Date.now,
      log,
      timeZone: settings.timeZone,
      simulated: options.simulated,
      journal,
      models: await siteModels(settings.modelsFile),
    })
    const connection = options.store.connection()
    const forecast = withForecast(asked, {
      reader,
      connection,
      config: config.current,
      log,
      silences: () => role.state().silences.values(),
    })
    const facts = withMissingReports(forecast.facts, {
      book: followDeliveries(journal),
      settled: settledOver({ ...settings, reader, clock: Date.now, simulated: options.simulated }),
      calendar: createCalendar(settings.timeZone),
      config: config.current,
      isReady: options.isReady ?? (() => true),
      clock: Date.now,
    })
    const renamed = followRenamed(reader)
    const feed = await options.openFeed?.((key) => renamed.deviceOf(key))
    const role = createAlertsRole({
      journal,
      facts: withSilentRules(facts, { rules: rulesInForce, clock: Date.now }),
      feed: feed?.feed ?? null,
      delivery,
      rules: rulesInForce,
      config: config.current,
      around: {
        render: (group) =>
          renderLines(group, { timeZone: config.current().time_zone, nowMs: Date.now() }),
        ruleWords(name) {
          const rule = ruleOf(name) ?? OWN_RULES.find((own) => own.name === name)
          return rule === undefined ? null : ruleWordsOf(rule)
        },
        personOf: (which, atMs) =>
          personOf(config.current(), role.state().overrides.values(), which, atMs),
      },
      heartbeat: () => delivery.heartbeat.beat(),
      clock: Date.now,
      log,
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms)
        return () => clearTimeout(timer)
      },
    })
    const close = async () => {
      config.stop()
      loaded.stop()
      await feed?.close()
      renamed.stop()
      await forecast.stop()
      await reader.close()
    }
    return { role, close }
  })
}

/** Where there is a NATS server, one process evaluates and the others wait; without one there is only this process. */
export function oneAtATime(
  working: Role,
  settings: Settings,
  log: Logger,
  name: 'alerts' | 'reports' = 'alerts',
): Role {
  const { natsUrl: url, natsCreds } = settings
  if (url === undefined) return working
  return standbyRole(working, {
    log,
    what: name,
    async open() {
      const login = natsCreds === undefined ? {} : { credsFile: natsCreds }
      const connection = await connectBus({ url, name: `plimsoll ${name}`, ...login })
      const lease = await openJetStreamLease({ connection, name })
      return { leases: [lease], close: () => connection.close() }
    },
  })
}

function personOf(
  { roster, time_zone: timeZone }: AlertsConfig,
  overrides: Iterable<RosterOverride>,
  which: string,
  atMs: number,
): string {
  if (which !== 'on_call' && which !== 'next') return which
  const onCall = onCallAt(roster, overrides, { atMs, timeZone })
  if (which === 'on_call') return onCall?.person ?? ''
  return nextOnCall(roster, onCall, { atMs, timeZone }) ?? onCall?.person ?? ''
}
