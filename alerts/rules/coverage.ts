import type { Rule } from '#schemas/alerts/rule.ts'
import type { Words } from '#schemas/alerts/severity.ts'

/** Series by vendor that a signal can speak of; '' = those without one. */
export type Covered = Readonly<Record<string, number>>

/** A rule that covers nothing of a vendor it is meant for and the fleet has. */
export interface SilentRule {
  readonly rule: string
  /** Empty = of no vendor at all. */
  readonly vendor: string
  readonly what: Words
}

/**
 * Rules that are silent: a pack written for one vendor says nothing of the other, and nobody notices. `covered` = what
 * each signal covers, `fleet` = devices by vendor. Rules of signals that have not been asked yet are not judged; one about
 * things without a vendor is silent only when it covers nothing.
 */
export function silentRules(
  rules: readonly Rule[],
  covered: ReadonlyMap<string, Covered>,
  fleet: Covered,
): SilentRule[] {
  return rules.flatMap((rule) => {
    // An event rule waits for what may never come: nothing tells a source that has nothing to say from one that cannot.
    if (!rule.enabled || rule.lane !== 'value') return []
    const series = covered.get(rule.signal)
    if (series === undefined) return []
    const named = Object.keys(series).filter((vendor) => vendor !== '')
    const total = Object.values(series).reduce((sum, count) => sum + count, 0)
    if (total === 0) return [silent(rule, '')]
    if (named.length === 0) return []
    return Object.entries(fleet)
      .filter(([vendor, devices]) => vendor !== '' && devices > 0 && isMeant(rule, vendor))
      .filter(([vendor]) => (series[vendor] ?? 0) === 0)
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
