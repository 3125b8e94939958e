import type { ErrorCode } from '#schemas/errors.ts'
import type { RoleHealth } from '#schemas/role.ts'
import {
  type MetricFamily,
  processFamilies,
  renderExposition,
  roleMetrics,
} from '#schemas/self-metrics.ts'
import type { TokenStore } from './access/tokens.ts'
import type { LiveHub } from './live.ts'

/** What the query service counts about itself. Labels are fixed words: routes, codes, roles, states. */
export interface SelfMetrics {
  answered(route: string, status: number, seconds: number): void
  failed(code: ErrorCode): void
  render(roles: readonly { readonly name: string; readonly health: RoleHealth }[]): string
  snapshot(): Record<string, number>
  /** What was answered, with its labels, for other pages of this process. */
  families(): readonly MetricFamily[]
}

export interface SelfMetricsDeps {
  readonly live: LiveHub['metrics']
  /** Groups of answers whose states did not sum to capacity. */
  readonly ledger: { readonly brokenGroups: number }
  readonly tokens: Pick<TokenStore, 'lastUseFailures'>
  readonly version: string
}

export function createSelfMetrics({ live, ledger, tokens, version }: SelfMetricsDeps): SelfMetrics {
  const startedAtMs = Date.now() - process.uptime() * 1_000
  const requests = new Map<string, Answered>()
  const errors = new Map<ErrorCode, number>()
  const snapshot = () => ({
    live_clients: live.clients,
    live_dropped_total: live.dropped,
    live_messages_total: live.messages,
    live_failures_total: live.failures,
    token_last_use_failures_total: tokens.lastUseFailures,
    ledger_broken_groups: ledger.brokenGroups,
  })
  const families = (): readonly MetricFamily[] => {
    const answered = [...requests.values()]
    return [
      {
        name: 'http_requests_total',
        samples: answered.map(({ labels, count }) => ({ labels, value: count })),
      },
      {
        name: 'http_request_seconds_total',
        samples: answered.map(({ labels, seconds }) => ({ labels, value: seconds })),
      },
      {
        name: 'http_errors_total',
        samples: [...errors].map(([code, value]) => ({ labels: { code }, value })),
      },
    ]
  }
  return {
    answered(route, status, seconds) {
      const key = `${route} ${Math.floor(status / 100)}`
      const labels = { route, status: `${Math.floor(status / 100)}xx` }
      const entry = requests.get(key) ?? { labels, count: 0, seconds: 0 }
      entry.count += 1
      entry.seconds += seconds
      requests.set(key, entry)
    },
    failed(code) {
      errors.set(code, (errors.get(code) ?? 0) + 1)
    },
    render(roles) {
      const own = { state: 'ok', metrics: snapshot(), families: families() } as const
      const others = roles.filter(({ name }) => name !== 'query')
      const all = roleMetrics([...others, { name: 'query', health: own }])
      const usage = process.cpuUsage()
      const facts = {
        version,
        startedAtMs,
        rssBytes: process.memoryUsage.rss(),
        cpuSeconds: (usage.user + usage.system) / 1e6,
      }
      return renderExposition([...processFamilies(facts), ...all.families], all.others)
    },
    snapshot,
    families,
  }
}

interface Answered {
  readonly labels: { readonly route: string; readonly status: string }
  count: number
  seconds: number
}
