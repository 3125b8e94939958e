import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { natsControl } from '../control-service.ts'
import { journalService } from '../journal-service.ts'
import { createLogger } from '../log.ts'
import { queryService } from '../query-service.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { readSettings } from '../settings.ts'
import { storeAccess } from '../store.ts'
import { VERSION } from '../version.ts'

export async function run(invocation: Invocation): Promise<number> {
  const log = createLogger((line) => console.error(line), Date.now, 'query')
  const settings = readSettings(invocation)
  if (settings.clickhouseUrl === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      'query on its own needs --clickhouse URL (CLICKHOUSE_URL). For everything in one process: plimsoll all',
    )
  }
  const { natsUrl } = settings
  const control = natsUrl === undefined ? null : natsControl({ ...settings, natsUrl }, log, false)
  // Without NATS it has no way to the journal either: the one in files belongs to the process that ingests.
  const journal = natsUrl === undefined ? null : journalService(settings, log)
  const query = queryService({
    settings,
    store: storeAccess(settings, log),
    log,
    simulated: false,
    roles: [],
    pipeline: () => null,
    ready: () => ({ ready: true, progress: '' }),
    ...(control === null ? {} : { openControl: control.store }),
    ...(journal === null ? {} : { openJournal: journal.journal }),
  })
  const ways = [control, journal].flatMap((way) => way?.role ?? [])
  const roles = [...ways, query]
  const page = { listen: settings.metricsListen, version: VERSION, log }
  return runRoles(withRoleHttp(roles, page), log, () =>
    invocation.print(`Plimsoll answers at ${query.url()}`),
  )
}
