import type { Alert } from '#schemas/alerts/alert.ts'
import { FLEET, type Group } from '#lib/site-zones.ts'

const SCOPES = ['tenant', 'class', 'pool', 'model', 'hall', 'cluster'] as const

/** The group that an alert of a zone is about, the narrowest place it names; without one the fleet. */
export function zoneGroup(labels: Alert['labels']): Group {
  const named: Readonly<Record<string, string | undefined>> = labels
  for (const scope of SCOPES) {
    const value = named[scope]
    if (value !== undefined && value !== '') return { scope, value }
  }
  return FLEET
}
