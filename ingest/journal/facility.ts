import type { FacilityBook } from '#schemas/facility.ts'

export const FACILITY_KINDS = ['site', 'meter', 'loop'] as const
export type FacilityKind = (typeof FACILITY_KINDS)[number]

/** One row of `facility_rows`. */
export interface StoredFacilityRow {
  readonly kind: FacilityKind
  readonly name: string
  readonly fromMs: number
  /** The row of schemas/facility.ts as JSON. */
  readonly row: string
  readonly version: number
}

const keyOf = ({ kind, name, fromMs }: StoredFacilityRow) => JSON.stringify([kind, name, fromMs])

/** Rows of an entry, as they are stored. */
export const facilityRows = (
  { sites, meters, loops }: FacilityBook,
  version: number,
): StoredFacilityRow[] => [
  ...sites.map((row) => stored('site', row.site, row, version)),
  ...meters.map((row) => stored('meter', row.meter, row, version)),
  ...loops.map((row) => stored('loop', row.loop, row, version)),
]

const stored = (
  kind: FacilityKind,
  name: string,
  row: { readonly from_ms: number },
  version: number,
): StoredFacilityRow => ({ kind, name, fromMs: row.from_ms, row: JSON.stringify(row), version })

/**
 * The rows that an entry changes. One that says the same as before, or is older than what is stored, is left alone:
 * settling takes each row that is written for news of the time from its start on.
 */
export function changedFacility(
  before: readonly StoredFacilityRow[],
  rows: readonly StoredFacilityRow[],
): StoredFacilityRow[] {
  const known = new Map(before.map((row) => [keyOf(row), row]))
  // Of two rows of one name and start in one entry the last counts, as in memory (schemas/facility.ts).
  const own = new Map(rows.map((row) => [keyOf(row), row]))
  return [...own].flatMap(([key, row]) => {
    const old = known.get(key)
    return old !== undefined && (old.version > row.version || old.row === row.row) ? [] : [row]
  })
}
