import { shownAddress } from '../../collector/targets/shown-address.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import type { Lease } from '../../ingest/bus/lease.ts'
import { ingestService, jetStreamShards, openLeases } from '../ingest-service.ts'
import { natsControl } from '../control-service.ts'
import { journalService } from '../journal-service.ts'
import { createLogger } from '../log.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { readSettings } from '../settings.ts'
import { standbyRole } from '../standby.ts'
import { storeAccess } from '../store.ts'
import { VERSION } from '../version.ts'

export async function run(invocation: Invocation): Promise<number> {
  const log = createLogger((line) => console.error(line), Date.now, 'ingest')
  const settings = readSettings(invocation)
  const { natsUrl, clickhouseUrl } = settings
  if (natsUrl === undefined || clickhouseUrl === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      'ingest on its own needs --nats (NATS_URL) and --clickhouse (CLICKHOUSE_URL). For everything in one process: plimsoll all',
    )
  }
  const store = storeAccess(settings, log)
  const bus = { ...settings, natsUrl }
  const { role: journal, journal: openJournal } = journalService(settings, log)
  let settling: Lease | null = null
  const working = ingestService({
    settings,
    store,
    log,
    retention: true,
    openJournal,
    openShards: () => jetStreamShards(bus, log, false),
    settling() {
      if (settling !== null) return settling
      throw new PlimsollError('E_INTERNAL', 'ingest starts before its leases are open')
    },
  })
  const ingest = standbyRole(working, {
    log,
    async open() {
      const leases = await openLeases(bus)
      settling = leases.settling
      return { leases: leases.shards, close: () => leases.close() }
    },
  })
  const control = natsControl(bus, log, true)
  const page = { listen: settings.metricsListen, version: VERSION, log }
  return runRoles(withRoleHttp([journal, ingest, control.role], page), log, () =>
    log.info('ingest reads', { nats: shownAddress(natsUrl) }),
  )
}
