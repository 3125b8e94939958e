import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import type { SignalAnswer } from '#schemas/alerts/signals.ts'
import type { Clock } from '#schemas/role.ts'
import { type Covered, silentRules } from './coverage.ts'

const SIGNAL = 'rule_silent'
/** Its coverage is the fleet by vendor. */
const FLEET_SIGNAL = 'coverage_ratio'

/**
 * The facts of alerting with the signal `rule_silent` among them: one row for each rule, and vendor, of which its signal
 * said when it was last asked that it covers nothing.
 */
export function withSilentRules(
  facts: AlertFacts,
  { rules, clock }: { readonly rules: () => readonly Rule[]; readonly clock: Clock },
): AlertFacts {
  const covered = new Map<string, Covered>()
  const answer = (): SignalAnswer => {
    const judged = rules().filter((rule) => rule.lane === 'value' && rule.signal !== SIGNAL)
    const found = silentRules(judged, covered, covered.get(FLEET_SIGNAL) ?? {})
    return {
      atMs: clock(),
      rows: found.map(({ rule, vendor, what }) => ({
        labels: { rule, ...(vendor === '' ? {} : { vendor }) },
        value: 1,
        what,
      })),
      covered: { '': judged.length },
    }
  }
  return {
    ...facts,
    async signal(name) {
      if (name === SIGNAL) return answer()
      const told = await facts.signal(name)
      covered.set(name, told.covered)
      return told
    },
  }
}
