import type { BacktestFacts, Backtests, BacktestWish } from '#schemas/alerts/backtest.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import type { Words } from '#schemas/alerts/severity.ts'
import { ZoneSet } from '#schemas/alerts/zone-set.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import {
  BACKTEST_DAYS_MAX,
  BACKTEST_TOLD_MAX,
  type BacktestResult,
  type BacktestRun,
} from '#schemas/api-backtest.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import { acceptanceText, type Backtest, figuresOf, shortfallsOf } from './report.ts'
import { kindOf, tryRule } from './try-rule.ts'

const DAY_MS = 86_400_000
const RUNS_MAX = 20

const OF_EVENTS: Words = {
  en: 'it is about events of devices and plant: it pages from the first minute and needs no backtest',
  zh: '它针对设备与设施事件：从一开始即告警，无需回测',
}

export interface BacktestDeps {
  readonly facts: BacktestFacts
  readonly rules: () => ReadonlyMap<string, Rule>
  readonly sets: () => readonly ZoneSet[]
  readonly timeZone: () => string
  readonly holidays: () => readonly string[]
  readonly clock: Clock
  readonly newId: () => string
  readonly breathe: () => Promise<void>
}

/** Backtests in this process, one at a time; they are forgotten when it ends. */
export function createBacktests(deps: BacktestDeps): Backtests {
  const { facts, clock } = deps
  const runs = new Map<string, BacktestRun>()
  const aborting = new AbortController()
  let running: Promise<void> | null = null

  const change = (id: string, part: Partial<BacktestRun>) => {
    const run = runs.get(id)
    if (run !== undefined) runs.set(id, { ...run, ...part })
  }
  const gapOf = (rule: Rule): Words | null => {
    const kind = kindOf(rule)
    if (kind === 'event') return OF_EVENTS
    return rule.lane === 'value' && kind === 'value' ? facts.historyGap(rule.signal) : null
  }
  const work = async (id: string, rule: Rule, { range, scope }: BacktestWish) => {
    try {
      const settled = await facts.settled()
      if (settled === null) throw new Error('nothing is settled yet')
      const test = await tryRule(rule, range, {
        facts,
        settled,
        sets: scope === null ? deps.sets() : [setOf(scope)],
        timeZone: deps.timeZone(),
        holidays: deps.holidays(),
        signal: aborting.signal,
        breathe: deps.breathe,
        onProgress: (share) => change(id, { progress: Math.min(1, Math.max(0, share)) }),
      })
      change(id, { state: 'done', progress: 1, ended_ms: clock(), result: resultOf(test) })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      change(id, { state: 'failed', ended_ms: clock(), error: reason.slice(0, 1024) })
    }
  }

  return {
    gapOf,
    runs: () => [...runs.values()].toReversed(),
    settled: () => facts.settled(),
    async start(who, wish) {
      const rule = checkedRule(deps.rules(), wish, gapOf)
      const same = [...runs.values()].find((run) => isSame(run, wish) && run.state !== 'failed')
      if (same !== undefined) return same
      if (running !== null)
        throw new PlimsollError('E_BACKTEST_BUSY', 'another backtest runs: wait until it is done')
      const run: BacktestRun = {
        id: deps.newId(),
        rule: rule.name,
        from_ms: wish.range.fromMs,
        to_ms: wish.range.toMs,
        scope: wish.scope,
        state: 'running',
        progress: 0,
        who,
        started_ms: clock(),
        ended_ms: null,
        error: null,
        result: null,
      }
      for (const old of [...runs.keys()].slice(0, Math.max(0, runs.size - RUNS_MAX + 1)))
        runs.delete(old)
      runs.set(run.id, run)
      running = work(run.id, rule, wish).finally(() => void (running = null))
      return run
    },
    async stop() {
      aborting.abort(new Error('the server stops'))
      await running
    },
  }
}

function checkedRule(
  rules: ReadonlyMap<string, Rule>,
  { rule: name, range: { fromMs, toMs } }: BacktestWish,
  gapOf: (rule: Rule) => Words | null,
): Rule {
  const rule = rules.get(name)
  if (rule === undefined)
    throw new PlimsollError('E_NOT_FOUND', `no rule ${JSON.stringify(name)} is in force`)
  const gap = gapOf(rule)
  if (gap !== null) throw new PlimsollError('E_BAD_REQUEST', `${name} cannot be tried: ${gap.en}`)
  if (toMs <= fromMs) throw new PlimsollError('E_RANGE_INVALID', 'from is not before to')
  if (toMs - fromMs > BACKTEST_DAYS_MAX * DAY_MS)
    throw new PlimsollError(
      'E_RANGE_INVALID',
      `a backtest covers ${BACKTEST_DAYS_MAX} days at most`,
    )
  return rule
}

const isSame = (run: BacktestRun, { rule, range, scope }: BacktestWish) =>
  run.rule === rule &&
  run.from_ms === range.fromMs &&
  run.to_ms === range.toMs &&
  run.scope === scope

const setOf = (scope: NonNullable<BacktestWish['scope']>) =>
  ZoneSet.parse({ ...DEFAULT_ZONE_SET, scope, value: scope === 'fleet' ? '' : '*' })

function resultOf(test: Backtest): BacktestResult {
  const { pages, warnings, pagesPerWeek, falsePagesPerWeek, precision, medianLeadMinutes } =
    figuresOf(test)
  const listed = test.told.slice(-BACKTEST_TOLD_MAX)
  return {
    told: listed.map(({ scope, severity, fromMs, toMs, leadMinutes }) => ({
      scope: scope.slice(0, 512),
      severity,
      from_ms: fromMs,
      to_ms: toMs,
      lead_minutes: leadMinutes,
    })),
    more: test.told.length - listed.length,
    judged: Math.min(1, test.judged),
    looks_ahead: test.looksAhead,
    came: test.came,
    missed: test.missed,
    pages,
    warnings,
    pages_per_week: pagesPerWeek,
    false_pages_per_week: falsePagesPerWeek,
    precision,
    median_lead_minutes: medianLeadMinutes,
    shortfalls: shortfallsOf(test),
    acceptance: acceptanceText(test).slice(0, 1024),
  }
}
