import type { Alert } from '#schemas/alerts/alert.ts'
import type { ValueRule } from '#schemas/alerts/rule.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import { evaluateValue, NO_VALUE_MEMORY, type ValueMemory } from '../engine/evaluate-value.ts'
import { isOpen } from '../engine/evaluation.ts'
import {
  type BacktestWindow,
  episodes,
  type Evaluation,
  inOrder,
  scopeText,
  WHAT_IS,
} from './episodes.ts'
import type { Backtest } from './report.ts'

/** Tries a value rule on one answer of its signal after the other, oldest first. */
export interface ValueBacktester {
  take(answer: SignalAnswer): void
  result(): Backtest
}

export function valueBacktester(window: BacktestWindow, rule: ValueRule): ValueBacktester {
  const open = new Map<string, Alert>()
  const seen = new Map<string, Evaluation[]>()
  let memory: ValueMemory = NO_VALUE_MEMORY
  let [asked, judged] = [0, 0]
  return {
    take(answer) {
      const out = evaluateValue(rule, answer, { alerts: open, memory }, answer.atMs)
      memory = out.memory
      asked += 1
      // Nothing named is an answer, too: nothing was beyond normal.
      const known = answer.rows.filter(({ value }) => value !== null).length
      judged += answer.rows.length === 0 ? 1 : known / answer.rows.length
      for (const alert of out.alerts) {
        if (isOpen(alert)) open.set(alert.fingerprint, alert)
        else open.delete(alert.fingerprint)
        const severity = alert.state === 'firing' ? alert.severity : null
        const scope = scopeText(alert.labels)
        const past = seen.get(scope)
        const evaluation = { atMs: answer.atMs, severity }
        if (past === undefined) seen.set(scope, [evaluation])
        else if (past.at(-1)?.severity !== severity) past.push(evaluation)
      }
    },
    result() {
      const told = [...seen].flatMap(([scope, past]) => episodes(window, scope, past))
      const share = asked === 0 ? 0 : judged / asked
      return { ...window, told: inOrder(told), judged: share, ...WHAT_IS }
    },
  }
}

/** What a value rule would have told of the answers its signal gave, oldest first. */
export function backtestValue(
  window: BacktestWindow,
  rule: ValueRule,
  answers: readonly SignalAnswer[],
): Backtest {
  const tester = valueBacktester(window, rule)
  for (const answer of answers) tester.take(answer)
  return tester.result()
}
