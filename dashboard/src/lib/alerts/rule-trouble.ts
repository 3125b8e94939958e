import type { AlertRuleItem } from '#schemas/api-alerts.ts'

/** What is wrong with a rule itself: one that cannot speak looks like one that has nothing to say. */
export type RuleTrouble =
  | { readonly kind: 'error'; readonly text: string }
  /** No series at all. */
  | { readonly kind: 'nothing' }
  /** It is meant for these vendors and has no series of them. */
  | { readonly kind: 'nothing-of'; readonly vendors: readonly string[] }

/** Null = it works, is switched off, or is not counted yet. */
export function troubleOf({
  enabled,
  error,
  covered,
  vendors,
}: Pick<AlertRuleItem, 'enabled' | 'error' | 'covered' | 'vendors'>): RuleTrouble | null {
  if (!enabled) return null
  if (error !== null) return { kind: 'error', text: error }
  if (covered === null) return null
  if (coveredTotal(covered) === 0) return { kind: 'nothing' }
  const missing = vendors.filter((vendor) => covered[vendor] === 0)
  return missing.length === 0 ? null : { kind: 'nothing-of', vendors: missing }
}

export const coveredTotal = (covered: Readonly<Record<string, number>>): number =>
  Object.values(covered).reduce((sum, series) => sum + series, 0)

const RANK = { page: 0, warn: 1, data: 2, ticket: 3 } as const

/** Those in trouble first, then those with open alerts, then by what they can become and by name. */
export function rulesWorstFirst(rules: readonly AlertRuleItem[]): AlertRuleItem[] {
  const worst = ({ severities }: AlertRuleItem) => Math.min(...severities.map((one) => RANK[one]))
  const standing = (rule: AlertRuleItem) =>
    !rule.enabled ? 3 : troubleOf(rule) !== null ? 0 : rule.open > 0 ? 1 : 2
  return rules.toSorted(
    (a, b) => standing(a) - standing(b) || worst(a) - worst(b) || (a.name < b.name ? -1 : 1),
  )
}

/** Rules whose name or title in either language has the text. */
export function rulesWith(rules: readonly AlertRuleItem[], text: string): AlertRuleItem[] {
  const wanted = text.trim().toLowerCase()
  return rules.filter(({ name, title }) =>
    [name, title.en, title.zh].some((one) => one.toLowerCase().includes(wanted)),
  )
}
