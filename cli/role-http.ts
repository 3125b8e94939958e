import type { Server, ServerResponse } from 'node:http'
import { http } from '../collector/node-http.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger, Role, RoleHealth } from '#schemas/role.ts'
import {
  EXPOSITION_TYPE,
  processFamilies,
  renderExposition,
  roleMetrics,
} from '#schemas/self-metrics.ts'

/** Where a process says how it is. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const LIMITS = { requestMs: 5_000, headersBytes: 8_192, connections: 16 } as const

/** Splits `127.0.0.1:9441`, `[::1]:9441`, `:9441` or `9441`; a port alone means loopback. Null when it is neither. */
export function listenAddress(text: string): ListenAddress | null {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535) return null
  const host = (match[1] ?? '').replaceAll(/^\[|\]$/g, '')
  return { host: host === '' ? '127.0.0.1' : host, port }
}

export interface RoleHttpOptions {
  readonly listen: ListenAddress
  readonly version: string
  /** Every other role of this process, in the order they start. */
  readonly roles: readonly Role[]
  readonly log: Logger
}

/**
 * A read-only page about the roles of this process, for what scrapes and probes: /metrics (Prometheus text),
 * /healthz (this process answers), /readyz (all its roles work). No token, no store, no names of devices;
 * starts first and so answers while the others wait. start() throws E_PORT_TAKEN.
 */
export function roleHttp(options: RoleHttpOptions): Role & { url(): string } {
  const { listen, log } = options
  const startedAtMs = Date.now() - process.uptime() * 1_000
  let server: Server | null = null
  let state: RoleHealth['state'] = 'stopped'
  let url = ''
  return {
    name: 'status page',
    url: () => url,
    async start() {
      const fresh = http.createServer(
        { requestTimeout: LIMITS.requestMs, maxHeaderSize: LIMITS.headersBytes },
        (request, response) => {
          const isRead = request.method === 'GET' || request.method === 'HEAD'
          if (isRead) answer(request.url ?? '/', response, { ...options, startedAtMs })
          else reply(response, 405, 'only GET\n')
        },
      )
      fresh.maxConnections = LIMITS.connections
      await listening(fresh, listen)
      server = fresh
      state = 'ok'
      const address = fresh.address()
      const port = typeof address === 'object' && address !== null ? address.port : listen.port
      url = `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`
      log.info('status page listens', { url: `${url}/metrics` })
    },
    async stop() {
      const closing = server
      server = null
      state = 'stopped'
      if (closing === null) return
      await new Promise((resolve) => {
        closing.close(resolve)
        closing.closeAllConnections()
      })
    },
    health: () => ({ state, detail: url, metrics: {} }),
  }
}

/** The roles, behind this page where an address was given. Throws E_CONFIG_INVALID. */
export function withRoleHttp(
  roles: readonly Role[],
  options: Omit<RoleHttpOptions, 'listen' | 'roles'> & { readonly listen: string | undefined },
): readonly Role[] {
  if (options.listen === undefined) return roles
  const listen = listenAddress(options.listen)
  if (listen === null)
    throw new PlimsollError(
      'E_CONFIG_INVALID',
      '--metrics-listen (or PLIMSOLL_METRICS_LISTEN): HOST:PORT, or a port of loopback',
    )
  return [roleHttp({ ...options, listen, roles }), ...roles]
}

interface Page extends RoleHttpOptions {
  readonly startedAtMs: number
}

function answer(path: string, response: ServerResponse, page: Page): void {
  const [name] = path.split('?')
  if (name === '/healthz') return reply(response, 200, 'ok\n')
  if (name === '/metrics') return reply(response, 200, metrics(page), EXPOSITION_TYPE)
  if (name !== '/readyz') return reply(response, 404, '/metrics, /healthz, /readyz\n')
  const { isReady, text } = readiness(page.roles)
  reply(response, isReady ? 200 : 503, text)
}

/** Ready when every role works, be it with a warning; one line for each. Pure but for asking the roles. */
export function readiness(roles: readonly Pick<Role, 'name' | 'health'>[]): {
  readonly isReady: boolean
  readonly text: string
} {
  const told = roles.map(({ name, health }) => ({ name, ...health() }))
  const isReady = told.every(({ state }) => state === 'ok' || state === 'degraded')
  const lines = told.map(({ name, state, detail }) =>
    `${name}: ${state}${detail === '' ? '' : `: ${detail}`}`.replaceAll(/\p{Cc}/gu, ' '),
  )
  return { isReady, text: `${isReady ? 'ready' : 'not ready'}\n${lines.join('\n')}\n` }
}

function metrics({ roles, version, startedAtMs }: Page): string {
  const usage = process.cpuUsage()
  const own = processFamilies({
    version,
    startedAtMs,
    rssBytes: process.memoryUsage.rss(),
    cpuSeconds: (usage.user + usage.system) / 1e6,
  })
  const { families, others } = roleMetrics(
    roles.map((role) => ({ name: role.name, health: role.health() })),
  )
  return renderExposition([...own, ...families], others)
}

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}

function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const isTaken = 'code' in cause && cause.code === 'EADDRINUSE'
      const what = isTaken ? 'is in use' : `cannot be listened on (${cause.message})`
      reject(
        new PlimsollError(
          isTaken ? 'E_PORT_TAKEN' : 'E_CONFIG_INVALID',
          `--metrics-listen: port ${port} on ${host} ${what}; choose another one`,
          { cause },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}
