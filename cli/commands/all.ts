import { createChannelAttempts } from '../../alerts/deliver/channel-attempts.ts'
import { beatRole } from '../alerts-beat.ts'
import { alertsService, oneAtATime } from '../alerts-service.ts'
import { collectorConfig } from '../collector-config.ts'
import { fileControl, natsControl } from '../control-service.ts'
import { directCollector, natsCollector } from '../collector-service.ts'
import type { CollectorConfig } from '../../collector/config.ts'
import type { Collector } from '../../collector/collector.ts'
import { refuseSimulated } from '../../demo/stamp.ts'
import type { Logger, Role } from '#schemas/role.ts'
import type { Invocation } from '../command.ts'
import { directFeed, natsFeed } from '../event-feed.ts'
import { directShards, ingestService, jetStreamShards, type Shards } from '../ingest-service.ts'
import { journalService } from '../journal-service.ts'
import { createLogger } from '../log.ts'
import { checkAccess, queryService } from '../query-service.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { reportsService } from '../reports-service.ts'
import { readSettings, type Settings } from '../settings.ts'
import { migrateSingle, type StoreAccess, storeAccess } from '../store.ts'
import { VERSION } from '../version.ts'

export async function run(invocation: Invocation): Promise<number> {
  const log = createLogger((line) => console.error(line), Date.now)
  const settings = readSettings(invocation)
  await refuseSimulated(settings.dataDir)
  await checkAccess(settings)
  const config = await collectorConfig(invocation, settings.dataDir)
  const store = storeAccess(settings, log)
  const { collector, openShards, control, openFeed } = collecting(config, settings, log)
  const { role: journal, journal: openJournal } = journalService(settings, log)
  const parts = { settings, store, log, openJournal }
  const ingest = ingestService({ ...parts, openShards, retention: true })
  const tables = [...store.roles, migration(store, log)]
  const roles: Role[] = [...tables, collector, journal, ingest, control.role]
  const query = queryService({
    ...parts,
    simulated: false,
    roles,
    pipeline: () => ingest.inner()?.status() ?? null,
    ready: () => ({ ready: true, progress: '' }),
    openControl: control.store,
  })
  const environment = invocation.env
  const sending = { ...parts, simulated: false, environment, attempts: createChannelAttempts() }
  const alerts = alertsService({ ...sending, openFeed })
  const evaluator = oneAtATime(alerts, settings, log)
  const { natsUrl } = settings
  const reports = reportsService(sending)
  roles.push(evaluator, oneAtATime(reports, settings, log, 'reports'))
  if (natsUrl !== undefined) roles.push(beatRole(evaluator, { ...settings, natsUrl }))
  const page = { listen: settings.metricsListen, version: VERSION, log }
  return runRoles(withRoleHttp([...roles, query], page), log, () => {
    for (const line of welcome(collector.inner(), query.url())) invocation.print(line)
  })
}

/** The collector and how ingest gets at what it collects: through NATS, or out of its spool. */
function collecting(config: CollectorConfig, settings: Settings, log: Logger) {
  const { natsUrl } = settings
  if (natsUrl !== undefined) {
    const collector = natsCollector(config, log, { ...settings, natsUrl })
    const openShards = (): Promise<Shards> => jetStreamShards({ ...settings, natsUrl }, log, true)
    const control = natsControl({ ...settings, natsUrl }, log, true)
    return { collector, openShards, control, openFeed: natsFeed({ ...settings, natsUrl }, log) }
  }
  const direct = directCollector(config, log, settings.statusSeconds)
  const { cluster, collector: name } = config
  const openShards = (): Promise<Shards> =>
    directShards(settings, [{ cluster, collector: name, spool: direct.spool(), bus: direct.bus }])
  const control = fileControl(settings, log, () => [direct.bus])
  const openFeed = directFeed(() => [direct.bus])
  return { collector: direct.role, openShards, control, openFeed }
}

/** Tables first: ingest and query find them there. */
function migration(store: StoreAccess, log: Logger): Role {
  return {
    name: 'migrate',
    start: () => migrateSingle(store, log),
    stop: async () => undefined,
    health: () => ({ state: 'ok', detail: 'tables are up to date', metrics: {} }),
  }
}

function welcome(collector: Collector | null, url: string): readonly string[] {
  const targets = collector?.targetCount() ?? 0
  const lines = [`Plimsoll is up: ${url}`]
  if (targets > 0)
    return [
      ...lines,
      `It reads ${targets} target${targets === 1 ? '' : 's'}. A new device enters the figures after ten minutes of samples.`,
    ]
  return [
    ...lines,
    'It found nothing to read on this machine:',
    ...(collector?.looked() ?? []).map((sentence) => `  ${sentence}`),
    "Point it elsewhere: --target 'host-[01-40]:9400', --targets-from http://prometheus:9090 or --config FILE.",
    'To see a fleet without one: npm run demo',
  ]
}
