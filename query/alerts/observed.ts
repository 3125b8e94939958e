import { OBSERVE_DAYS, type Observed } from '#schemas/api-backtest.ts'
import type { AlertLog } from './log.ts'

const DAY_MS = 86_400_000

/**
 * What a rule observed since it observes here: since alerts are evaluated or somebody let it observe again, as far back as
 * is remembered.
 */
export function observedOf(
  log: Pick<AlertLog, 'episodes' | 'firstEvaluatorMs' | 'withdrawnMs' | 'knownFromMs'>,
  name: string,
): Observed {
  const { firstEvaluatorMs: first, withdrawnMs, knownFromMs } = log
  if (first === null) return { since_ms: null, enough_ms: null, would_have_paged: 0 }
  const since = Math.max(first, withdrawnMs.get(name) ?? 0, knownFromMs)
  let pages = 0
  for (const { rule, mode, severity, fired_ms } of log.episodes.values())
    if (rule === name && mode === 'observing' && severity === 'page' && (fired_ms ?? 0) >= since)
      pages += 1
  return { since_ms: since, enough_ms: since + OBSERVE_DAYS * DAY_MS, would_have_paged: pages }
}
