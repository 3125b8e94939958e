import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { DIMENSIONS } from '../filters.ts'

const FIELDS = new Set<string>(DIMENSIONS)

/** Labels that are dimensions of the ledger, as filters; others narrow nothing. */
export const filtersOf = (labels: AlertLabels): string[] =>
  Object.entries(labels)
    .filter(([name]) => FIELDS.has(name))
    .map(([name, value]) => `${name}:eq:${value}`)
