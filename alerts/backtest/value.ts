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

/** What a value rule would have told of the answers its signal gave, oldest first. */
export function backtestValue(
  window: BacktestWindow,
  rule: ValueRule,
  answers: readonly SignalAnswer[],
): Backtest {
  const open = new Map<string, Alert>()
  const seen = new Map<string, Evaluation[]>()
  let memory: ValueMemory = NO_VALUE_MEMORY
  let judged = 0
  for (const answer of answers) {
    const out = evaluateValue(rule, answer, { alerts: open, memory }, answer.atMs)
    memory = out.memory
    if (answer.rows.some(({ value }) => value !== null)) judged += 1
    for (const alert of out.alerts) {
      if (isOpen(alert)) open.set(alert.fingerprint, alert)
      else open.delete(alert.fingerprint)
      const severity = alert.state === 'firing' ? alert.severity : null
      const scope = scopeText(alert.labels)
      const past = seen.get(scope)
      if (past === undefined) seen.set(scope, [{ atMs: answer.atMs, severity }])
      else past.push({ atMs: answer.atMs, severity })
    }
  }
  const told = [...seen].flatMap(([scope, evaluations]) => episodes(window, scope, evaluations))
  const share = answers.length === 0 ? 0 : judged / answers.length
  return { ...window, told: inOrder(told), judged: share, ...WHAT_IS }
}
