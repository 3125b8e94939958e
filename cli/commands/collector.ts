import { flushCompileCache } from 'node:module'
import { PlimsollError } from '#schemas/errors.ts'
import { collectorConfig } from '../collector-config.ts'
import { growHeapFor } from '../collector-heap.ts'
import { natsCollector } from '../collector-service.ts'
import type { Invocation } from '../command.ts'
import { createLogger } from '../log.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { readSettings } from '../settings.ts'
import { startFromCache, thisProcess } from '../stripped-start.ts'
import { VERSION } from '../version.ts'

export async function run(invocation: Invocation): Promise<number> {
  const log = createLogger((line) => console.error(line), Date.now, 'collector')
  const settings = readSettings(invocation)
  const config = await collectorConfig(invocation, settings.dataDir)
  // A process that is replaced has no orderly end, at which Node would write it.
  flushCompileCache()
  growHeapFor(config, process)
  startFromCache(thisProcess())
  const url = settings.natsUrl ?? natsUrl(config.nats?.url)
  if (url === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      'a collector on its own needs a bus: --nats nats://host:4222 (or NATS_URL, or nats: in its configuration). For everything in one process: plimsoll all',
    )
  }
  const role = natsCollector(config, log, { ...settings, natsUrl: url })
  const page = { listen: settings.metricsListen, version: VERSION, log }
  return runRoles(withRoleHttp([role], page), log, () => {
    for (const sentence of role.inner()?.looked() ?? []) log.info(sentence)
  })
}

const natsUrl = (url: string | readonly string[] | undefined) =>
  typeof url === 'string' ? url : url?.join(',')
