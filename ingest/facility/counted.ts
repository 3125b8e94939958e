import {
  CATEGORY_OF_LEVEL,
  type FacilityBook,
  type MeterRow,
  type SiteRow,
} from '#schemas/facility.ts'

/** A meter whose energy a scope counts, and what is taken off it because another role claims it. */
export interface Counted {
  readonly row: MeterRow
  /** The nearest counted meter of another role that carries its power too; null = none does. */
  readonly under: MeterRow | null
}

/** Which meters a scope adds up: every watt once on each side. */
export interface CountedScope {
  /** `site` or `hall:<name>`. */
  readonly scope: string
  /** Energy into it: its topmost meters, at the boundary of the site the feeds alone. */
  readonly total: readonly MeterRow[]
  readonly it: readonly Counted[]
  readonly cooling: readonly Counted[]
  readonly other: readonly Counted[]
  /** 1 UPS output, 2 PDU output, 3 IT input: the coarsest of what is counted; 0 = nothing is. */
  readonly category: number
}

/** What a tree counts at one moment. */
export interface CountedTree {
  readonly site: SiteRow
  readonly scopes: readonly CountedScope[]
  readonly children: ReadonlyMap<string, readonly MeterRow[]>
}

/** Longest way from a node to the grid; a longer one is a circle. */
const DEPTH_MAX = 64
const FEEDS: ReadonlySet<MeterRow['level']> = new Set(['utility', 'generator'])

/** Meters above one, nearest first. */
export function ancestorsOf(
  row: MeterRow,
  byName: ReadonlyMap<string, MeterRow>,
): readonly MeterRow[] {
  const found: MeterRow[] = []
  for (let up = byName.get(row.parent); up !== undefined; up = byName.get(up.parent)) {
    if (found.length >= DEPTH_MAX) return found
    found.push(up)
  }
  return found
}

/** The category that an IT meter gives its PUE. */
export const categoryOf = ({ category, level }: MeterRow): number =>
  category ?? CATEGORY_OF_LEVEL[level] ?? 0

/**
 * What the rows in force count. `null` without a site: nobody said at which level IT energy is counted. IT is each `it`
 * meter of the site's level, cooling and the rest are the topmost meters of their role, wherever they hang: what hangs
 * below a counted meter of another role is taken off that one, so pumps fed by a rack PDU are cooling and not IT.
 */
export function countedTree({ sites, meters }: FacilityBook): CountedTree | null {
  const [site] = sites
  if (site === undefined) return null
  const measuring = meters.filter(({ level }) => level !== 'ambient')
  const byName = new Map(measuring.map((row) => [row.meter, row]))
  const above = new Map(measuring.map((row) => [row.meter, ancestorsOf(row, byName)]))
  const claims = (row: MeterRow) =>
    row.role === 'it' ? row.level === site.it_level : row.role !== 'distribution'
  /** What hangs below something of a hall is in that hall, unless it says another. */
  const hallOf = (row: MeterRow) =>
    [row, ...(above.get(row.meter) ?? [])].find(({ hall }) => hall !== '')?.hall ?? ''
  const counted = measuring.filter(claims).flatMap((row): Counted[] => {
    const under = (above.get(row.meter) ?? []).find(claims) ?? null
    return under?.role === row.role ? [] : [{ row, under }]
  })
  const halls = new Set(
    counted.filter(({ row }) => row.role === 'it').map(({ row }) => hallOf(row)),
  )
  const scopeOf = (scope: string, isIn: (row: MeterRow) => boolean): CountedScope => {
    const own = counted.filter(({ row }) => isIn(row))
    const of = (role: MeterRow['role']) => own.filter(({ row }) => row.role === role)
    const it = of('it')
    const coarsest = it.reduce((least, { row }) => Math.min(least, categoryOf(row)), 4)
    const total = topmost(measuring.filter(isIn), above)
    return {
      scope,
      total,
      it,
      cooling: of('cooling'),
      other: of('other'),
      category: coarsest > 3 ? 0 : coarsest,
    }
  }
  const scopes = [
    scopeOf('site', () => true),
    ...[...halls]
      .filter((hall) => hall !== '')
      .toSorted()
      .map((hall) => scopeOf(`hall:${hall}`, (row) => hallOf(row) === hall)),
  ]
  return { site, scopes, children: childrenOf(measuring) }
}

/** Meters that none of the others carries; where the grid's feeds are metered, they alone. */
function topmost(
  rows: readonly MeterRow[],
  above: ReadonlyMap<string, readonly MeterRow[]>,
): MeterRow[] {
  const own = new Set(rows.map(({ meter }) => meter))
  const top = rows.filter(({ meter }) => !(above.get(meter) ?? []).some((up) => own.has(up.meter)))
  const feeds = top.filter(({ level }) => FEEDS.has(level))
  return feeds.length > 0 ? feeds : top
}

function childrenOf(rows: readonly MeterRow[]): Map<string, MeterRow[]> {
  const children = new Map<string, MeterRow[]>()
  for (const row of rows) {
    if (row.parent === '') continue
    const own = children.get(row.parent) ?? []
    own.push(row)
    children.set(row.parent, own)
  }
  return children
}
