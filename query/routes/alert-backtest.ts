import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { Backtests } from '#schemas/alerts/backtest.ts'
import {
  BacktestQuery,
  BacktestRequest,
  BacktestRun,
  BacktestsAnswer,
  TrustAnswer,
  TrustRequest,
} from '#schemas/api-backtest.ts'
import type { Clock } from '#schemas/role.ts'
import type { Guard } from '../access/guard.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { Actor, Append } from '../alerts/append.ts'
import { observedOf } from '../alerts/observed.ts'
import { changeTrust } from '../alerts/trust-changes.ts'
import type { AlertsView } from '../alerts/view.ts'
import { answers } from './responses.ts'

const tags = ['alerts']
const RULES_MAX = 1_000

export interface BacktestRouteDeps {
  readonly backtests: Backtests
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly append: Append
  readonly guard: Guard
  readonly clock: Clock
  readonly simulated: boolean
}

/** What a rule would have told over past weeks, and whether it may page because of that. */
export const alertBacktestRoutes: FastifyPluginCallbackZod<{ deps: BacktestRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { backtests, guard } = deps
  const actor = async (request: FastifyRequest): Promise<Actor> => {
    const person = await guard.identify(request)
    return { who: person?.name ?? 'loopback', role: person?.role ?? '-', address: request.ip }
  }
  app.get(
    '/alerts/backtest',
    {
      onRequest: guard.require('read'),
      schema: {
        tags,
        summary:
          'Rules that can be tried on what is stored, and the newest backtests with what they found',
        querystring: BacktestQuery,
        response: answers(BacktestsAnswer),
      },
    },
    ({ query }) => listed(deps, query),
  )
  app.post(
    '/alerts/backtest',
    {
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary:
          'Try a rule on what is stored: begins it and answers at once; GET shows how far it is',
        querystring: BacktestRequest,
        response: answers(BacktestRun),
      },
    },
    (request) => {
      const { rule, from: fromMs, to: toMs, scope = null } = request.query
      const wish = { rule, range: { fromMs, toMs }, scope }
      return actor(request).then(({ who }) => backtests.start(who, wish))
    },
  )
  app.post(
    '/alerts/trust',
    {
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary:
          'Accept a backtest or, of a rule that cannot be tried, what it observed for 7 days, so that it pages from now on; or let it observe again',
        body: TrustRequest,
        response: answers(TrustAnswer),
      },
    },
    (request) => actor(request).then((who) => changeTrust(deps, who, request.body)),
  )
  done()
}

async function listed(
  { backtests, alerting, alertsView, clock, simulated }: BacktestRouteDeps,
  { rule: only, from, to, scope }: BacktestQuery,
): Promise<BacktestsAnswer> {
  const [{ state, log }, settled] = await Promise.all([alertsView.current(), backtests.settled()])
  const isAsked = (run: BacktestRun) =>
    (only === undefined || run.rule === only) &&
    (from === undefined || run.from_ms === from) &&
    (to === undefined || run.to_ms === to) &&
    (scope === undefined || run.scope === scope)
  const rules = [...alerting.rules().values()]
    .filter(({ rule }) => rule.enabled)
    .map(({ rule }) => {
      const { name, title, trust: begins } = rule
      const [trust, gap] = [state.trust.get(name) ?? begins, backtests.gapOf(rule)]
      const isObserved = gap !== null && trust === 'observing'
      return {
        name,
        title,
        trust,
        begins,
        gap,
        observed: isObserved ? observedOf(log, name) : null,
      }
    })
  return {
    at_ms: clock(),
    rules: rules
      .toSorted(
        (a, b) =>
          Number(b.begins === 'observing') - Number(a.begins === 'observing') ||
          (a.name < b.name ? -1 : 1),
      )
      .slice(0, RULES_MAX),
    runs: backtests.runs().filter(isAsked),
    known_from_ms: settled?.fromMs ?? null,
    known_to_ms: settled?.toMs ?? null,
    simulated,
  }
}
