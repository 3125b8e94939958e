import type { Backtests } from '#schemas/alerts/backtest.ts'
import { OBSERVE_DAYS, type TrustAnswer, type TrustRequest } from '#schemas/api-backtest.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting, RuleInForce } from './alerting.ts'
import type { Actor, Append } from './append.ts'
import { observedOf } from './observed.ts'
import type { AlertsView } from './view.ts'

export interface TrustDeps {
  readonly append: Append
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly backtests: Backtests
  readonly clock: Clock
}

interface Change {
  readonly rule: string
  readonly trust: 'paging' | 'observing'
  readonly because: string
}

/**
 * Whether an observing rule may page: by a backtest that somebody accepts or, where it cannot be tried on the past, by what
 * it observed here; until somebody withdraws it. Rejects with E_NOT_FOUND for a backtest that is not done here or a rule
 * that is not in force, E_BAD_REQUEST for a rule that can be tried or has not observed for long enough, E_JOURNAL_AWAY.
 */
export async function changeTrust(
  deps: TrustDeps,
  actor: Actor,
  request: TrustRequest,
): Promise<TrustAnswer> {
  const { action, change } = await changeOf(deps, request)
  await deps.append(actor, { kind: 'rule_trust', ...change }, { action, target: change.rule })
  return { rule: change.rule, trust: change.trust }
}

async function changeOf(
  deps: TrustDeps,
  request: TrustRequest,
): Promise<{ readonly action: string; readonly change: Change }> {
  if ('accept' in request)
    return { action: 'backtest_accept', change: accepted(deps, request.accept) }
  if ('observe' in request)
    return { action: 'rule_observe', change: withdrawn(deps, request.observe) }
  return { action: 'observed_accept', change: await observed(deps, request.accept_observed) }
}

function accepted({ backtests }: TrustDeps, id: string): Change {
  const run = backtests.runs().find((one) => one.id === id)
  if (run?.result == null)
    throw new PlimsollError('E_NOT_FOUND', 'no such backtest is done here: run it again')
  return { rule: run.rule, trust: 'paging', because: run.result.acceptance }
}

function withdrawn(deps: TrustDeps, name: string): Change {
  return { rule: inForce(deps, name).rule.name, trust: 'observing', because: 'withdrawn' }
}

async function observed(deps: TrustDeps, name: string): Promise<Change> {
  const { rule } = inForce(deps, name)
  if (deps.backtests.gapOf(rule) === null)
    throw new PlimsollError(
      'E_BAD_REQUEST',
      `${name} can be tried on what is stored: accept a backtest of it`,
    )
  const { log } = await deps.alertsView.current()
  const seen = observedOf(log, name)
  if (seen.since_ms === null || seen.enough_ms === null || deps.clock() < seen.enough_ms)
    throw new PlimsollError(
      'E_BAD_REQUEST',
      `${name} has not observed here for ${OBSERVE_DAYS} days yet: try again ${seen.enough_ms === null ? 'once alerts are evaluated' : `after ${new Date(seen.enough_ms).toISOString()}`}`,
    )
  const since = new Date(seen.since_ms).toISOString()
  const because = `It observed here since ${since} and would have paged ${seen.would_have_paged} times.`
  return { rule: name, trust: 'paging', because }
}

function inForce({ alerting }: TrustDeps, name: string): RuleInForce {
  const found = alerting.rules().get(name)
  if (found === undefined)
    throw new PlimsollError('E_NOT_FOUND', `no rule ${JSON.stringify(name)} is in force`)
  return found
}
