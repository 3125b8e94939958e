import type { RoleHealth } from '#schemas/role.ts'
import type { ErrorCode } from '#schemas/errors.ts'
import type { TokenStore } from './access/tokens.ts'
import type { LiveHub } from './live.ts'

const STATES: readonly RoleHealth['state'][] = ['starting', 'ok', 'degraded', 'failed', 'stopped']

/** What the query service counts about itself. Labels are fixed words: routes, codes, roles, states. */
export interface SelfMetrics {
  answered(route: string, status: number, seconds: number): void
  failed(code: ErrorCode): void
  render(roles: readonly { readonly name: string; readonly health: RoleHealth }[]): string
  snapshot(): Record<string, number>
}

export function createSelfMetrics(
  live: LiveHub['metrics'],
  tokens: Pick<TokenStore, 'lastUseFailures'>,
): SelfMetrics {
  const requests = new Map<string, { count: number; seconds: number }>()
  const errors = new Map<ErrorCode, number>()
  return {
    answered(route, status, seconds) {
      const labels = `route="${route}",status="${Math.floor(status / 100)}xx"`
      const entry = requests.get(labels) ?? { count: 0, seconds: 0 }
      entry.count += 1
      entry.seconds += seconds
      requests.set(labels, entry)
    },
    failed(code) {
      errors.set(code, (errors.get(code) ?? 0) + 1)
    },
    render(roles) {
      const family = (name: string, kind: string, lines: readonly string[]) =>
        lines.length === 0 ? [] : [`# TYPE ${name} ${kind}`, ...lines]
      const counts = [...requests]
      const roleMetrics = roles.flatMap(({ name, health }) =>
        Object.entries(health.metrics).flatMap(([metric, value]) => {
          const full = `plimsoll_${word(name)}_${word(metric)}`
          return family(full, full.endsWith('_total') ? 'counter' : 'gauge', [`${full} ${value}`])
        }),
      )
      const states = roles.flatMap(({ name, health }) =>
        STATES.map(
          (state) =>
            `plimsoll_role_state{role="${word(name)}",state="${state}"} ${health.state === state ? 1 : 0}`,
        ),
      )
      return [
        ...family('plimsoll_role_state', 'gauge', states),
        ...family(
          'plimsoll_http_requests_total',
          'counter',
          counts.map(([labels, { count }]) => `plimsoll_http_requests_total{${labels}} ${count}`),
        ),
        ...family(
          'plimsoll_http_request_seconds_total',
          'counter',
          counts.map(
            ([labels, { seconds }]) => `plimsoll_http_request_seconds_total{${labels}} ${seconds}`,
          ),
        ),
        ...family(
          'plimsoll_http_errors_total',
          'counter',
          [...errors].map(([code, count]) => `plimsoll_http_errors_total{code="${code}"} ${count}`),
        ),
        ...family('plimsoll_token_last_use_failures_total', 'counter', [
          `plimsoll_token_last_use_failures_total ${tokens.lastUseFailures}`,
        ]),
        ...roleMetrics,
        '',
      ].join('\n')
    },
    snapshot: () => ({
      live_clients: live.clients,
      live_dropped_total: live.dropped,
      live_messages_total: live.messages,
      live_failures_total: live.failures,
    }),
  }
}

/** Names of roles and their numbers come from our own code; anything else becomes an underscore. */
const word = (text: string) => text.replace(/[^a-zA-Z0-9_]/g, '_')
