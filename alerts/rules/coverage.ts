import type { Rule } from '#schemas/alerts/rule.ts'
import type { Words } from '#schemas/alerts/severity.ts'

/** What one rule looks at and when it last matched. */
export interface RuleCoverage {
  readonly rule: string
  /** Series it covers by vendor; events: sources of that vendor that could send one. */
  readonly covered: Readonly<Record<string, number>>
  readonly lastMatchMs: number | null
  readonly lastEvaluationMs: number | null
  readonly evaluationSeconds: number | null
}

/** A rule that covers nothing of a vendor it is meant for and the fleet has. */
export interface SilentRule {
  readonly rule: string
  /** Empty = of no vendor at all. */
  readonly vendor: string
  readonly what: Words
}

/**
 * Rules that are silent: a pack written for one vendor says nothing of the other, and nobody notices. `fleet` = devices
 * by vendor. Zone rules and rules about things without a vendor are silent only when they cover nothing.
 */
export function silentRules(
  rules: readonly Rule[],
  coverage: ReadonlyMap<string, RuleCoverage>,
  fleet: Readonly<Record<string, number>>,
): SilentRule[] {
  return rules.flatMap((rule) => {
    // An event rule waits for what may never come: nothing tells a source that has nothing to say from one that cannot.
    if (!rule.enabled || rule.lane === 'event') return []
    const covered = coverage.get(rule.name)?.covered ?? null
    if (covered === null) return [silent(rule, '')]
    const named = Object.keys(covered).filter((vendor) => vendor !== '')
    const total = Object.values(covered).reduce((sum, count) => sum + count, 0)
    if (total === 0) return [silent(rule, '')]
    if (named.length === 0) return []
    return Object.entries(fleet)
      .filter(([vendor, devices]) => devices > 0 && isMeant(rule, vendor))
      .filter(([vendor]) => (covered[vendor] ?? 0) === 0)
      .map(([vendor]) => silent(rule, vendor))
  })
}

const isMeant = ({ vendors }: Rule, vendor: string) =>
  vendors.length === 0 || vendors.includes(vendor)

function silent({ name, title }: Rule, vendor: string): SilentRule {
  const of =
    vendor === ''
      ? { en: 'anything', zh: '任何对象' }
      : { en: `any ${vendor} device`, zh: `任何 ${vendor} 设备` }
  return {
    rule: name,
    vendor,
    what: {
      en: `The rule "${title.en}" does not cover ${of.en}`,
      zh: `规则“${title.zh}”未覆盖${of.zh}`,
    },
  }
}
