import type { AlertLabels, AlertSeverity } from '#schemas/alerts/severity.ts'
import type { Told } from './report.ts'

export interface BacktestWindow {
  readonly rule: string
  /** [fromMs, toMs): what is judged. Slices before it are history to learn from. */
  readonly fromMs: number
  readonly toMs: number
}

/** Of rules about what is: nothing came that they warned of. */
export const WHAT_IS = { looksAhead: false, came: 0, missed: 0 } as const

/** What one evaluation of one scope said. */
export interface Evaluation {
  readonly atMs: number
  readonly severity: AlertSeverity | null
}

const RANK: Readonly<Record<AlertSeverity, number>> = { data: 0, ticket: 1, warn: 2, page: 3 }

/** Runs of evaluations that told something; a run's severity is its worst. */
export function episodes(
  { fromMs, toMs }: BacktestWindow,
  scope: string,
  evaluations: readonly Evaluation[],
): Told[] {
  const told: Told[] = []
  let isOpen = false
  for (const { atMs, severity } of evaluations) {
    if (atMs <= fromMs || atMs > toMs) continue
    const last = told.at(-1)
    if (severity !== null && !isOpen)
      told.push({ scope, severity, fromMs: atMs, toMs: null, leadMinutes: null })
    else if (isOpen && last !== undefined && severity === null)
      told[told.length - 1] = { ...last, toMs: atMs }
    else if (last !== undefined && severity !== null && RANK[severity] > RANK[last.severity])
      told[told.length - 1] = { ...last, severity }
    isOpen = severity !== null
  }
  return told
}

export const inOrder = (told: readonly Told[]) =>
  [...told].sort((a, b) => a.fromMs - b.fromMs || (a.scope < b.scope ? -1 : 1))

/** Values of the labels; the fleet has none. */
export const scopeText = (labels: AlertLabels) => Object.values(labels).join(' ') || 'fleet'
