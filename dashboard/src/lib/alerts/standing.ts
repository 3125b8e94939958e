import type { AlertSeverity } from '#schemas/alerts/severity.ts'
import type { AlertItem, EvaluatorState } from '#schemas/api-alerts.ts'

/** What a page of alerts may claim: alerts mean something only while somebody evaluates. */

/** Worst first. Here and not from the contract, whose checker the browser does not load. */
export const SEVERITIES = [
  'page',
  'warn',
  'ticket',
  'data',
] as const satisfies readonly AlertSeverity[]

/** Passes come every 15 s; four in a row that did not come are silence. */
export const EVALUATOR_SILENT_MS = 60_000

export type EvaluatorStanding =
  | { readonly kind: 'never' }
  | { readonly kind: 'silent'; readonly ageMs: number }
  | { readonly kind: 'works'; readonly atMs: number }

/**
 * How the evaluator stands at `atMs`, epoch ms of the answer by the server's clock, `ageMs` after which it is looked at:
 * an answer that is kept on screen ages, too.
 */
export function evaluatorStanding(
  { last_pass_ms: last }: Pick<EvaluatorState, 'last_pass_ms'>,
  atMs: number,
  ageMs: number,
): EvaluatorStanding {
  if (last === null) return { kind: 'never' }
  const silent = Math.max(0, atMs - last) + Math.max(0, ageMs)
  return silent > EVALUATOR_SILENT_MS
    ? { kind: 'silent', ageMs: silent }
    : { kind: 'works', atMs: last }
}

/** Alerts by what they want of people, each in the order of the answer. */
export interface Sections {
  /** Firing or held, and people are told. */
  readonly told: readonly AlertItem[]
  /** Firing or held, but something wider explains them or people wanted quiet. */
  readonly quiet: readonly AlertItem[]
  readonly observing: readonly AlertItem[]
  /** True, not yet for long enough. */
  readonly pending: readonly AlertItem[]
}

export function sectionsOf(alerts: readonly AlertItem[]): Sections {
  const open = alerts.filter(({ state }) => state === 'firing' || state === 'held')
  const isQuiet = ({ suppressed }: AlertItem) => suppressed !== undefined
  const paging = open.filter(({ mode }) => mode === 'paging')
  return {
    told: paging.filter((alert) => !isQuiet(alert)),
    quiet: paging.filter(isQuiet),
    observing: open.filter(({ mode }) => mode === 'observing'),
    pending: alerts.filter(({ state }) => state === 'pending'),
  }
}

/** How long an alert was or is true, ms, by the time of the data. */
export const lastedMs = (
  { since_ms, resolved_ms }: Pick<AlertItem, 'since_ms' | 'resolved_ms'>,
  nowMs: number,
): number => Math.max(0, (resolved_ms ?? nowMs) - since_ms)
