import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { createBacktests } from '../alerts/backtest/service.ts'
import { parseOutput } from '../collector/parse-command.ts'
import { expandHostlist } from '../collector/targets/hostlist.ts'
import { connectReader } from '../ingest/store/reader.ts'
import { createAudit } from '../query/access/audit.ts'
import { checkBind } from '../query/access/bind.ts'
import { AccessConfig } from '../query/access/config.ts'
import { createTokenStore } from '../query/access/tokens.ts'
import type { DemoControl, QueryDeps, Readiness } from '../query/deps.ts'
import { createQueryService, type QueryService } from '../query/server.ts'
import { createCalendar } from '../report/calendar.ts'
import { followDeliveries } from '../report/deliver/book.ts'
import { createReportSends } from '../report/deliver/sends.ts'
import { FORMATS } from '../report/formats/registry.ts'
import { createReports } from '../report/service.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { ControlStore } from '#schemas/control.ts'
import type { Journal } from '#schemas/journal.ts'
import type { PipelineStatus } from '#schemas/ports.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { openAlerting } from './alerting.ts'
import { siteModels } from './models.ts'
import { auditPath, type Settings, tokensPath } from './settings.ts'
import type { StoreAccess } from './store.ts'
import { VERSION } from './version.ts'

const root = join(import.meta.dirname, '..')

export interface QueryServiceOptions {
  readonly settings: Settings
  readonly store: StoreAccess
  readonly log: Logger
  readonly simulated: boolean
  /** Roles of this process whose health /metrics shows. */
  readonly roles: readonly Role[]
  readonly pipeline: () => PipelineStatus | null
  readonly ready: () => Readiness
  readonly demo?: DemoControl
  /** Opens the way to the collectors when the role starts; absent = this process has none. */
  readonly openControl?: () => Promise<ControlStore>
  /** What people change, opened by a role that starts before; absent = this process has no way to it. */
  readonly openJournal?: () => Promise<Journal>
  /** Instead of the alerting file: the demo's. */
  readonly alertsConfig?: () => AlertsConfig
}

/**
 * Throws E_BIND_NEEDS_TOKEN before anything is started: query itself starts last, after minutes of history
 * in the demo.
 */
export const checkAccess = (settings: Settings): Promise<void> =>
  checkBind(accessConfig(settings), createTokenStore(tokensPath(settings), Date.now))

/** The query role; its store connection opens when it starts, after the store's own roles have. */
export function queryService(options: QueryServiceOptions): Role & { url(): string } {
  const { settings, store, log } = options
  let service: QueryService | null = null
  let closeReader: (() => Promise<void>) | null = null
  let closeAlerting = async () => {}
  return {
    name: 'query',
    url: () => service?.url ?? '',
    async start() {
      const reader = connectReader(store.connection())
      closeReader = () => reader.close()
      const orders = (await options.openControl?.()) ?? null
      const models = await siteModels(settings.modelsFile)
      const journal = (await options.openJournal?.()) ?? null
      const opened = await openAlerting(options)
      closeAlerting = opened.close
      const { alerting } = opened
      const zoneSets = () => opened.config().zone_sets
      const { timeZone } = settings
      const reports: NonNullable<QueryDeps['reports']> = (facts) => {
        const clock = Date.now
        const holidays = () => opened.config().holidays
        const made = createReports({ facts, journal, clock, timeZone, holidays, formats: FORMATS })
        if (journal === null) return { reports: made, sends: null }
        const sends = createReportSends({
          journal,
          book: followDeliveries(journal),
          reports: made,
          settled: () => facts.settled(),
          calendar: createCalendar(timeZone),
          config: opened.config,
          clock,
        })
        return { reports: made, sends }
      }
      const backtests: NonNullable<QueryDeps['backtests']> = (facts) =>
        createBacktests({
          facts,
          rules: () => new Map([...alerting.rules()].map(([name, { rule }]) => [name, rule])),
          sets: () => (zoneSets().length > 0 ? zoneSets() : [DEFAULT_ZONE_SET]),
          timeZone: () => opened.config().time_zone,
          holidays: () => opened.config().holidays.map(({ date }) => date),
          clock: Date.now,
          newId: () => randomBytes(8).toString('hex'),
          breathe: () => breathe(),
        })
      const given = { models, journal, alerting, zoneSets, reports, backtests }
      service = createQueryService({ ...queryDeps(options, reader, orders), ...given })
      await service.start()
    },
    async stop() {
      await service?.stop()
      await closeAlerting()
      await closeReader?.()
    },
    health: () => service?.health() ?? { state: 'stopped', detail: 'not started', metrics: {} },
  }

  function queryDeps(
    { ready, pipeline, roles, simulated, demo }: QueryServiceOptions,
    reader: QueryDeps['reader'],
    orders: ControlStore | null,
  ): Omit<QueryDeps, 'models' | 'journal'> {
    return {
      reader,
      clock: Date.now,
      log,
      parse: (bytes, source) => parseOutput(bytes, source ?? undefined),
      ready,
      simulated,
      timeZone: settings.timeZone,
      version: VERSION,
      pipeline,
      roles: () => roles.map((role) => ({ name: role.name, health: role.health() })),
      tokens: createTokenStore(tokensPath(settings), Date.now),
      audit: createAudit(auditPath(settings), Date.now),
      access: accessConfig(settings),
      dashboardDir: dashboardFolder(log),
      ...(demo === undefined ? {} : { demo }),
      control: orders === null ? null : { store: orders, checkNodes },
    }
  }
}

const checkNodes = (nodes: string) => void (nodes === '*' || expandHostlist(nodes))

function accessConfig(settings: Settings): AccessConfig {
  const { host, port, publicNames, trustedProxies, identityHeader } = settings
  return AccessConfig.parse({
    host,
    port,
    public_names: publicNames,
    trusted_proxies: trustedProxies,
    identity: identityHeader === undefined ? null : { header: identityHeader },
  })
}

function dashboardFolder(log: Logger): string | null {
  const folder = join(root, 'dashboard', 'build')
  if (existsSync(join(folder, 'index.html'))) return folder
  log.warn('the dashboard is not built, only the API is served; npm run build makes it')
  return null
}
