import { PlimsollError } from '#schemas/errors.ts'
import type { Role, RoleHealth } from '#schemas/role.ts'
import { checkBind } from './access/bind.ts'
import { isCode } from './access/file-lock.ts'
import { buildApp, type QueryApp } from './app.ts'
import type { QueryDeps } from './deps.ts'

/** The query role. `url` is where it listens, known once it started; empty before. */
export interface QueryService extends Role {
  readonly url: string
}

/**
 * Serves API and dashboard. start() throws E_BIND_NEEDS_TOKEN and E_PORT_TAKEN; stop() answers what was
 * asked, ends the live streams and writes what the tokens' file still lacks.
 */
export function createQueryService(deps: QueryDeps): QueryService {
  let state: RoleHealth['state'] = 'stopped'
  let url = ''
  let running: QueryApp | null = null
  return {
    name: 'query',
    get url() {
      return url
    },
    async start() {
      state = 'starting'
      await checkBind(deps.access, deps.tokens)
      running = await buildApp(deps)
      url = await listen(running, deps)
      running.hub.start()
      state = 'ok'
      deps.log.info('query listens', { url })
    },
    async stop() {
      running?.hub.stop()
      await running?.app.close()
      await deps.tokens.flush()
      running = null
      state = 'stopped'
    },
    health: () => ({
      state,
      detail: state === 'ok' ? `answers at ${url}` : state,
      metrics: running?.metrics.snapshot() ?? {},
      families: running?.metrics.families() ?? [],
    }),
  }
}

async function listen({ app }: QueryApp, { access }: QueryDeps): Promise<string> {
  try {
    return await app.listen({ host: access.host, port: access.port })
  } catch (error) {
    await app.close()
    if (!isCode(error, 'EADDRINUSE')) throw error
    throw new PlimsollError(
      'E_PORT_TAKEN',
      `port ${access.port} on ${access.host} is in use; choose another one or stop what uses it`,
      { cause: error },
    )
  }
}
