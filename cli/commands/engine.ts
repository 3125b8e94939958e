import { join } from 'node:path'
import { refuseSimulated } from '../../demo/stamp.ts'
import { createEngine } from '../../ingest/engine/supervisor.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { createLogger } from '../log.ts'
import { withRoleHttp } from '../role-http.ts'
import { runRoles } from '../run-roles.ts'
import { VERSION } from '../version.ts'

const DEFAULT_PORT = 8123

export async function run(invocation: Invocation): Promise<number> {
  const log = createLogger((line) => console.error(line), Date.now, 'engine')
  const secret = invocation.env['PLIMSOLL_ENGINE_PASSWORD']
  if (secret === undefined || secret.length < 16) {
    throw new PlimsollError(
      'E_USAGE',
      'set PLIMSOLL_ENGINE_PASSWORD to at least 16 characters: other users of this machine can reach loopback too',
    )
  }
  const dataDir = join(
    invocation.option('data') ?? invocation.env['PLIMSOLL_DATA'] ?? './data',
    'engine',
  )
  await refuseSimulated(dataDir)
  const port = wholeNumber(invocation, 'port', { min: 1, max: 65_535 }) ?? DEFAULT_PORT
  const engine = createEngine({ dataDir, log, secret, port })
  const listen = invocation.option('metrics-listen') ?? invocation.env['PLIMSOLL_METRICS_LISTEN']
  const roles = withRoleHttp([engine], { listen, version: VERSION, log })
  return runRoles(roles, log, () => log.info('engine answers', { url: engine.address().url }))
}
