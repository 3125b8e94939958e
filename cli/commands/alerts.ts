import { createChannelAttempts } from '../../alerts/deliver/channel-attempts.ts'
import { failedCases } from '../../alerts/rules/load.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { loadAlertsConfig } from '../alerts-config.ts'
import { readRules } from '../alerts-files.ts'
import { beatRole } from '../alerts-beat.ts'
import { drill } from '../alerts-drill.ts'
import { alertsService, oneAtATime } from '../alerts-service.ts'
import type { Invocation } from '../command.ts'
import { natsFeed } from '../event-feed.ts'
import { journalService } from '../journal-service.ts'
import { createLogger } from '../log.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { reportsService } from '../reports-service.ts'
import { readSettings, type Settings } from '../settings.ts'
import { storeAccess } from '../store.ts'
import { VERSION } from '../version.ts'

export async function run(invocation: Invocation): Promise<number> {
  const settings = readSettings(invocation)
  const [word] = invocation.positionals
  if (word === 'check') return check(settings, invocation)
  if (word === 'drill') return drill(invocation)
  if (word !== undefined)
    throw new PlimsollError('E_USAGE', `plimsoll alerts ${word}: say check, drill, or nothing`)
  const { natsUrl, clickhouseUrl } = settings
  if (natsUrl === undefined || clickhouseUrl === undefined)
    throw new PlimsollError(
      'E_USAGE',
      'alerts on its own needs --nats (NATS_URL) and --clickhouse (CLICKHOUSE_URL). For everything in one process: plimsoll all',
    )
  const log = createLogger((line) => console.error(line), Date.now, 'alerts')
  const { role: journal, journal: openJournal } = journalService(settings, log)
  const store = storeAccess(settings, log)
  const environment = invocation.env
  const attempts = createChannelAttempts()
  const working = alertsService({
    attempts,
    settings,
    store,
    log,
    simulated: false,
    environment,
    openJournal,
    openFeed: natsFeed({ ...settings, natsUrl }, log),
  })
  const alerts = oneAtATime(working, settings, log)
  const sending = reportsService({
    attempts,
    settings,
    store,
    log,
    simulated: false,
    environment,
    openJournal,
  })
  const reports = oneAtATime(sending, settings, log, 'reports')
  const page = { listen: settings.metricsListen, version: VERSION, log }
  const beat = beatRole(alerts, { ...settings, natsUrl })
  return runRoles(withRoleHttp([journal, alerts, reports, beat], page), log)
}

/** Reads both files as the evaluator would and changes nothing. */
async function check(settings: Settings, invocation: Invocation): Promise<number> {
  const config = await loadAlertsConfig(settings.alertsFile, settings.timeZone)
  const { rules, cases } = await readRules(settings.rulesPath)
  const failed = failedCases({ rules, cases })
  if (failed.length > 0) throw new PlimsollError('E_CONFIG_INVALID', failed.join('\n'))
  const own = [...rules.values()].filter(({ file }) => !file.startsWith('pack/')).length
  const channels = config.channels.filter(({ enabled }) => enabled).length
  invocation.print(
    `${rules.size} rules, ${own} of them the site's own, ${cases.length} cases; ${channels} channels`,
  )
  return 0
}
