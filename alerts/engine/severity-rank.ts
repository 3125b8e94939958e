import type { AlertSeverity } from '#schemas/alerts/severity.ts'

const RANK: Readonly<Record<AlertSeverity, number>> = { page: 3, warn: 2, data: 1, ticket: 0 }

/** Above 0 when the first wants more of people than the second. */
export const compareSeverity = (a: AlertSeverity, b: AlertSeverity): number => RANK[a] - RANK[b]

export const worstSeverity = (severities: Iterable<AlertSeverity>): AlertSeverity => {
  let worst: AlertSeverity = 'ticket'
  for (const severity of severities) if (compareSeverity(severity, worst) > 0) worst = severity
  return worst
}
