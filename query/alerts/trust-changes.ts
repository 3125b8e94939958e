import type { Backtests } from '#schemas/alerts/backtest.ts'
import type { TrustAnswer, TrustRequest } from '#schemas/api-backtest.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Alerting } from './alerting.ts'
import type { Actor, Append } from './append.ts'

/**
 * Whether an observing rule may page: by a backtest that somebody accepts, until somebody withdraws it. Rejects with
 * E_NOT_FOUND for a backtest that is not done here or a rule that is not in force, E_JOURNAL_AWAY.
 */
export async function changeTrust(
  deps: { readonly append: Append; readonly alerting: Alerting; readonly backtests: Backtests },
  actor: Actor,
  request: TrustRequest,
): Promise<TrustAnswer> {
  const change =
    'accept' in request ? accepted(deps, request.accept) : withdrawn(deps, request.observe)
  const { rule, trust } = change
  const told = { action: trust === 'paging' ? 'backtest_accept' : 'rule_observe', target: rule }
  await deps.append(actor, { kind: 'rule_trust', ...change }, told)
  return { rule, trust }
}

function accepted({ backtests }: { readonly backtests: Backtests }, id: string) {
  const run = backtests.runs().find((one) => one.id === id)
  if (run?.result == null)
    throw new PlimsollError('E_NOT_FOUND', 'no such backtest is done here: run it again')
  return { rule: run.rule, trust: 'paging' as const, because: run.result.acceptance }
}

function withdrawn({ alerting }: { readonly alerting: Alerting }, rule: string) {
  if (!alerting.rules().has(rule))
    throw new PlimsollError('E_NOT_FOUND', `no rule ${JSON.stringify(rule)} is in force`)
  return { rule, trust: 'observing' as const, because: 'withdrawn' }
}
