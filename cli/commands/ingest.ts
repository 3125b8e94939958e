import { shownAddress } from '../../collector/targets/shown-address.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { ingestService, jetStreamShards } from '../ingest-service.ts'
import { natsControl } from '../control-service.ts'
import { createLogger } from '../log.ts'
import { runRoles } from '../run-roles.ts'
import { readSettings } from '../settings.ts'
import { storeAccess } from '../store.ts'

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
  const ingest = ingestService({
    settings,
    store,
    log,
    retention: true,
    openShards: () => jetStreamShards({ ...settings, natsUrl }, log, false),
  })
  const control = natsControl({ ...settings, natsUrl }, log, true)
  return runRoles([ingest, control.role], log, () =>
    log.info('ingest reads', { nats: shownAddress(natsUrl) }),
  )
}
