import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import type { Clock } from '#schemas/role.ts'
import type { RuleInForce } from './alerting.ts'

const EVERY_MS = 10 * 60_000

export type Covered = Readonly<Record<string, number>>

/** Series that signals can speak of, by vendor: counted while somebody looks, in the background. */
export interface RuleCoverage {
  /** What was counted last, by signal; begins a new count when that is 10 minutes old. Never waits. */
  of(rules: ReadonlyMap<string, RuleInForce>): ReadonlyMap<string, Covered>
}

export function createRuleCoverage(deps: {
  readonly signal: (name: string) => Promise<SignalAnswer>
  readonly clock: Clock
}): RuleCoverage {
  const counted = new Map<string, Covered>()
  let atMs = -Infinity
  const count = async (names: ReadonlySet<string>) => {
    for (const name of counted.keys()) if (!names.has(name)) counted.delete(name)
    // One after the other: nobody waits, and the store has better things to do.
    for (const name of names) {
      const answer = await deps.signal(name).catch(() => null)
      if (answer !== null) counted.set(name, answer.covered)
    }
  }
  return {
    of(rules) {
      if (deps.clock() - atMs >= EVERY_MS) {
        atMs = deps.clock()
        const enabled = [...rules.values()].filter(({ rule }) => rule.enabled)
        const names = enabled.flatMap(({ rule }) => (rule.lane === 'value' ? rule.signal : []))
        void count(new Set(names))
      }
      return counted
    },
  }
}
