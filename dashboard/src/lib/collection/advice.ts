import type { TargetHealth } from '#schemas/api.ts'
import type { Messages } from '#lib/i18n/en.ts'

/** What a person can do about a failed target. The collector's own sentence stands beside it. */

type Advice = keyof Messages['advice']

const RULES: readonly (readonly [RegExp, Advice])[] = [
  [/timeout|timed_out/, 'timeout'],
  [/refused/, 'refused'],
  [/dns|not_resolved/, 'dns'],
  [/tls|certificate/, 'tls'],
  [/not_found|spawn_failed/, 'not_found'],
  [/not_permitted|permission/, 'not_permitted'],
  [/^http_/, 'http'],
  [/empty/, 'empty'],
  [/too_large/, 'too_large'],
  [/closed_early|truncated|half|cut/, 'cut'],
]

/** Null when nothing is wrong. */
export function adviceFor(target: Pick<TargetHealth, 'outcome' | 'reason'>): Advice | null {
  if (target.outcome !== 'failed') return null
  return RULES.find(([pattern]) => pattern.test(target.reason))?.[1] ?? 'other'
}

/** Refused lines and values of one target, all reasons together. */
export function rejectedTotal(rejected: Readonly<Record<string, number>>): number {
  return Object.values(rejected).reduce((sum, count) => sum + count, 0)
}
