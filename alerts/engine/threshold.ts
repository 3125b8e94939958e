import type { Alert } from '#schemas/alerts/alert.ts'
import type { Threshold, ValueRule } from '#schemas/alerts/rule.ts'

/** One threshold of one series between two evaluations; times are the data's, epoch ms. */
export interface Marks {
  /** Since when the value is beyond `set` without a break; null = it is not. */
  readonly beyondMs: number | null
  /** Since when it is back at `reset`; null = it is not. */
  readonly backMs: number | null
  /** Whether each of the last `m` evaluations was beyond, oldest first; kept only with `n` of `m`. */
  readonly hits: readonly boolean[]
  /** It fires: it has been beyond for long enough, and not back for long enough. */
  readonly isActive: boolean
  /** Since when the condition holds that made it active. */
  readonly sinceMs: number | null
}

const QUIET: Marks = { beyondMs: null, backMs: null, hits: [], isActive: false, sinceMs: null }

/** What is known of a series after a restart: the thresholds up to its alert's severity fire. */
export function atStart(
  thresholds: readonly Threshold[],
  alert: Pick<Alert, 'state' | 'severity' | 'since_ms'> | null,
): Marks[] {
  if (alert === null) return thresholds.map(() => QUIET)
  const reached = thresholds.findLastIndex(({ severity }) => severity === alert.severity)
  // With a severity that the rule no longer has, the mildest goes on: it ends as that one does.
  const upTo = reached === -1 ? 0 : reached
  if (alert.state === 'pending')
    return thresholds.map((_, index) =>
      index <= upTo ? { ...QUIET, beyondMs: alert.since_ms } : QUIET,
    )
  return thresholds.map((_, index) =>
    index <= upTo ? { ...QUIET, isActive: true, sinceMs: alert.since_ms } : QUIET,
  )
}

/** One threshold after one more value. `mayOpen` = the series weighs enough to begin. */
export function stepThreshold(
  { set, reset, for: hold, reset_for: resetFor, n, m }: Threshold,
  before: Marks = QUIET,
  now: {
    readonly value: number
    readonly atMs: number
    readonly compare: ValueRule['compare']
    readonly mayOpen: boolean
  },
): Marks {
  const { value, atMs, compare } = now
  const isBeyond = now.mayOpen && (compare === 'above' ? value >= set : value <= set)
  // A reset on the wrong side of `set` would end what has just begun.
  const isBack = !isBeyond && (compare === 'above' ? value <= reset : value >= reset)
  const beyondMs = isBeyond ? (before.beyondMs ?? atMs) : null
  const hits = n === undefined ? [] : [...before.hits, isBeyond].slice(-(m ?? n))
  if (before.isActive) {
    const backMs = isBack ? (before.backMs ?? atMs) : null
    const isOver = backMs !== null && atMs - backMs >= resetFor * 1000
    if (isOver) return { ...QUIET, hits }
    return { beyondMs, backMs, hits, isActive: true, sinceMs: before.sinceMs }
  }
  const isActive =
    n === undefined
      ? beyondMs !== null && atMs - beyondMs >= hold * 1000
      : isBeyond && hits.filter(Boolean).length >= n
  return { beyondMs, backMs: null, hits, isActive, sinceMs: isActive ? beyondMs : null }
}

/** Index of the most severe threshold that fires, -1 = none. */
export const levelOf = (marks: readonly Marks[]): number =>
  marks.findLastIndex(({ isActive }) => isActive)

/** Nothing of it needs to be remembered. */
export const isQuiet = ({ beyondMs, isActive, hits }: Marks): boolean =>
  beyondMs === null && !isActive && !hits.includes(true)
