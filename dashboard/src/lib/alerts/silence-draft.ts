import type { Matcher } from '#schemas/alerts/alert.ts'
import type { AlertItem } from '#schemas/api-alerts.ts'
import { wallTimeMs } from '#lib/channels/wall-time.ts'

/** Silences as people make them: which alerts, until when. An end is always chosen. */

export const SILENCE_ENDS = ['1h', '4h', '8h', '24h'] as const
export type SilenceEnd = (typeof SILENCE_ENDS)[number]

const HOUR_MS = 3_600_000
const HOURS = { '1h': 1, '4h': 4, '8h': 8, '24h': 24 } as const satisfies Record<SilenceEnd, number>

export const endMs = (end: SilenceEnd, nowMs: number): number => nowMs + HOURS[end] * HOUR_MS

export type SilenceKind = 'silence' | 'maintenance' | 'restart'

/** When a silence holds, as it was typed by the clock of the site. */
export interface SilenceTimes {
  /** `2026-11-24T18:00`; empty = now. */
  begin: string
  /** So long after it begins, or `at` the time typed in `finish`. */
  end: SilenceEnd | 'at'
  finish: string
}

/** The window, epoch ms; `fromMs` null = from now on. Null where a time is missing or it ends before it begins. */
export function windowOf(
  { begin, end, finish }: SilenceTimes,
  nowMs: number,
  zone: string,
): { readonly fromMs: number | null; readonly toMs: number } | null {
  const typedMs = begin === '' ? nowMs : wallTimeMs(begin, zone)
  if (typedMs === null) return null
  const fromMs = Math.max(nowMs, typedMs)
  const toMs = end === 'at' ? wallTimeMs(finish, zone) : endMs(end, fromMs)
  if (toMs === null || toMs <= fromMs) return null
  return { fromMs: fromMs > nowMs ? fromMs : null, toMs }
}

/** Matchers of exactly this alert: its rule and every label, so that no other falls silent with it. */
export function matchersOf({ rule, labels }: Pick<AlertItem, 'rule' | 'labels'>): Matcher[] {
  const { rule: _, ...others } = labels
  const pairs = [['rule', rule], ...Object.entries(others).toSorted(([a], [b]) => (a < b ? -1 : 1))]
  return pairs.map(([label = '', value = '']) => ({
    label,
    value,
    is_regex: false,
    is_equal: true,
  }))
}

/** How a matcher compares. */
export const OPERATORS = ['is', 'not', 'like', 'unlike'] as const
export type Operator = (typeof OPERATORS)[number]

const SIGNS = { is: '=', not: '≠', like: '~', unlike: '!~' } as const satisfies Record<
  Operator,
  string
>

export const operatorOf = ({ is_regex, is_equal }: Matcher): Operator =>
  is_regex ? (is_equal ? 'like' : 'unlike') : is_equal ? 'is' : 'not'

export const withOperator = (matcher: Matcher, operator: Operator): Matcher => ({
  ...matcher,
  is_regex: operator === 'like' || operator === 'unlike',
  is_equal: operator === 'is' || operator === 'like',
})

/** `rack = h1-r03`, the label as people call it. */
export const matcherText = (
  matcher: Matcher,
  names: Readonly<Record<string, string | undefined>>,
): string =>
  `${names[matcher.label] ?? matcher.label} ${SIGNS[operatorOf(matcher)]} ${matcher.value}`

/** Matchers that say something; one that fits every alert, such as an empty `is not`, alone is no silence. */
export function namedMatchers(matchers: readonly Matcher[]): Matcher[] {
  const named = matchers
    .map((matcher) => ({ ...matcher, value: matcher.value.trim() }))
    .filter(({ value }) => value !== '')
  return named.some(({ is_equal, is_regex, value }) => is_equal && !(is_regex && value === '.*'))
    ? named
    : []
}
