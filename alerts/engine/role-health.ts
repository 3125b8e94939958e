import type { AlertState } from '#schemas/alerts/state.ts'
import type { Clock, RoleHealth } from '#schemas/role.ts'
import type { MetricFamily } from '#schemas/self-metrics.ts'
import type { Delivery } from './role.ts'

/** A pass is late after this, ms. */
const LATE_MS = 60_000

/** What the evaluator counts of itself. */
export interface Numbers {
  passes: number
  failures: number
  lastPassMs: number
  passSeconds: number
  failedRules: number
  droppedEvents: number
  heartbeatMs: number
  /** By rule: how long its newest evaluation took, reading and deciding. */
  readonly ruleSeconds: Map<string, number>
}

export function healthOf(now: {
  readonly numbers: Numbers
  readonly state: AlertState
  readonly delivery: ReturnType<Delivery['status']>
  readonly isRunning: boolean
  readonly clock: Clock
}): RoleHealth {
  const { numbers, state, delivery, isRunning, clock } = now
  const counts = { pending: 0, firing: 0, held: 0, resolved: 0 }
  for (const { alert } of state.alerts.values()) counts[alert.state] += 1
  const ageMs = numbers.lastPassMs === 0 ? null : clock() - numbers.lastPassMs
  const isLate = ageMs !== null && ageMs > LATE_MS
  const trouble = [
    ...(isLate ? [`the last evaluation was ${Math.round(ageMs / 1000)} s ago`] : []),
    ...(delivery.dead > 0 ? [`${delivery.dead} messages could not be delivered`] : []),
    ...(numbers.failedRules > 0 ? [`${numbers.failedRules} rules cannot be evaluated`] : []),
  ]
  return {
    state: !isRunning ? 'stopped' : trouble.length > 0 ? 'degraded' : 'ok',
    detail: trouble.join('; '),
    families: [rulesFamily(numbers.ruleSeconds)],
    metrics: {
      evaluation_seconds: numbers.passSeconds,
      evaluations_total: numbers.passes,
      evaluation_failures_total: numbers.failures,
      ...(ageMs === null ? {} : { last_evaluation_age_seconds: ageMs / 1000 }),
      rules_failed: numbers.failedRules,
      events_dropped_total: numbers.droppedEvents,
      pending: counts.pending,
      firing: counts.firing,
      held: counts.held,
      notifications_waiting: delivery.waiting,
      notifications_dead: delivery.dead,
      notification_oldest_seconds: delivery.oldestMs / 1000,
    },
  }
}

const rulesFamily = (seconds: ReadonlyMap<string, number>): MetricFamily => ({
  name: 'alert_rule_evaluation_seconds',
  samples: [...seconds].map(([rule, value]) => ({ labels: { rule }, value })),
})
