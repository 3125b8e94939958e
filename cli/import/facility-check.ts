import {
  facilityAt,
  type LoopRow,
  METER_LEVELS,
  type MeterRow,
  type SiteRow,
} from '#schemas/facility.ts'
import { ancestorsOf } from '../../ingest/facility/counted.ts'
import type { Problems } from './problems.ts'

/** A row and where it stands. */
export interface PlacedRow<Row> {
  readonly row: Row
  /** `line 12`. */
  readonly line: string
}

export interface PlacedFacility {
  readonly sites: readonly PlacedRow<SiteRow>[]
  readonly meters: readonly PlacedRow<MeterRow>[]
  readonly loops: readonly PlacedRow<LoopRow>[]
}

const ROWS_MAX = 200_000
/** Dates of one file at which the tree is checked. */
const DATES_MAX = 64
/** Levels of the way from the grid to the node, in its order; the others hang anywhere. */
const ON_THE_WAY = METER_LEVELS.indexOf('node')
const NAMED_MAX = 12

/**
 * Checks a tree at each of its dates: parents are there and make no circle, names are unique, and every IT watt is
 * counted once. What is only incomplete (racks without an IT meter, a feed without its twin) is noted.
 */
export function checkFacility(
  given: PlacedFacility,
  problems: Problems,
): { readonly uncovered: readonly string[] } {
  const { sites, meters, loops } = given
  if (meters.length > ROWS_MAX) {
    problems.refuse('meters', `has more than ${ROWS_MAX} meters; divide the site`)
    return { uncovered: [] }
  }
  refuseTwice(meters, ({ meter }) => `meter ${meter}`, problems)
  refuseTwice(loops, ({ loop }) => `loop ${loop}`, problems)
  const lines = new Map(meters.map(({ row, line }) => [row, line]))
  const book = {
    sites: sites.map(({ row }) => row),
    meters: meters.map(({ row }) => row),
    loops: loops.map(({ row }) => row),
  }
  const edges = [...book.meters, ...book.loops].flatMap(({ from_ms, to_ms }) =>
    to_ms === null ? [from_ms] : [from_ms, to_ms],
  )
  const dates = [...new Set([...edges, ...book.sites.map(({ from_ms }) => from_ms)])].toSorted(
    (a, b) => a - b,
  )
  if (dates.length > DATES_MAX) {
    problems.refuse(
      'meters',
      `has ${dates.length} different dates, at most ${DATES_MAX} are checked; divide it`,
    )
    return { uncovered: [] }
  }
  const told = new Set<string>()
  const tell = (line: string, message: string, isRefusal: boolean) => {
    // A mistake that lasts is one mistake.
    if (told.has(line + message)) return
    told.add(line + message)
    if (isRefusal) problems.refuse(line, message)
    else problems.note(line, message)
  }
  let uncovered: readonly string[] = []
  for (const date of dates) {
    const now = facilityAt(book, date)
    const tree: Tree = {
      site: now.sites[0] ?? null,
      meters: now.meters,
      byName: new Map(now.meters.map((row) => [row.meter, row])),
      lineOf: (row) => lines.get(row) ?? 'meters',
      refuse: (line, message) => tell(line, message, true),
      note: (line, message) => tell(line, message, false),
    }
    checkWiring(tree)
    uncovered = checkCounting(tree)
    checkFeeds(tree)
    for (const { row, line } of loops) checkLoop(row, line, tree)
    const [site] = sites
    const { weather = '' } = tree.site ?? {}
    if (weather !== '' && !tree.byName.has(weather))
      tree.refuse(
        site?.line ?? 'site',
        `weather ${weather} is no meter of this file; list it with level ambient`,
      )
  }
  if (sites.length === 0)
    problems.note(
      'site',
      'the file names no site: without one that was entered before, nothing is summed',
    )
  return { uncovered }
}

interface Tree {
  readonly site: SiteRow | null
  readonly meters: readonly MeterRow[]
  readonly byName: ReadonlyMap<string, MeterRow>
  lineOf(row: MeterRow): string
  refuse(line: string, message: string): void
  note(line: string, message: string): void
}

function refuseTwice<Row extends { readonly from_ms: number }>(
  rows: readonly PlacedRow<Row>[],
  nameOf: (row: Row) => string,
  problems: Problems,
): void {
  const first = new Map<string, string>()
  for (const { row, line } of rows) {
    const key = `${nameOf(row)} ${row.from_ms}`
    const before = first.get(key)
    if (before === undefined) first.set(key, line)
    else
      problems.refuse(
        line,
        `${nameOf(row)} stands at ${before} already, from the same moment on; keep one`,
      )
  }
}

function checkWiring(tree: Tree): void {
  for (const row of tree.meters) {
    if (row.parent === '') continue
    const line = tree.lineOf(row)
    const parent = tree.byName.get(row.parent)
    if (parent === undefined)
      tree.refuse(
        line,
        `${row.meter}: its parent ${row.parent} is no meter of this file at that time`,
      )
    else if (parent.level === 'ambient')
      tree.refuse(line, `${row.meter}: its parent ${row.parent} measures no power (level ambient)`)
    else if (isBackwards(row, parent))
      tree.refuse(
        line,
        `${row.meter} (${row.level}) hangs on ${row.parent} (${parent.level}): power flows the other way`,
      )
    const above = ancestorsOf(row, tree.byName)
    if (above.some(({ meter }) => meter === row.meter))
      tree.refuse(
        line,
        `${row.meter} carries itself: ${row.meter} < ${above
          .slice(0, 4)
          .map(({ meter }) => meter)
          .join(' < ')}`,
      )
  }
}

function isBackwards(row: MeterRow, parent: MeterRow): boolean {
  const [own, above] = [METER_LEVELS.indexOf(row.level), METER_LEVELS.indexOf(parent.level)]
  return own <= ON_THE_WAY && above <= ON_THE_WAY && own < above
}

/** Every IT watt once: at the site's level, nothing of it below another of it. Returns racks that nothing counts. */
function checkCounting(tree: Tree): readonly string[] {
  const { site } = tree
  if (site === null) return []
  const isCounted = (row: MeterRow) => row.role === 'it' && row.level === site.it_level
  const covering = new Set<string>()
  const below = new Set<string>()
  for (const row of tree.meters.filter(isCounted)) {
    covering.add(row.meter)
    for (const up of ancestorsOf(row, tree.byName)) {
      below.add(up.meter)
      if (isCounted(up))
        tree.refuse(
          tree.lineOf(row),
          `${row.meter} hangs on ${up.meter}, and both are counted as IT at level ${site.it_level}: its watts would count twice; give one of them another level`,
        )
    }
  }
  if (covering.size === 0 && tree.meters.length > 0)
    tree.note('site', `no meter has role it and level ${site.it_level}: IT energy is unknown`)
  const isCovered = (row: MeterRow) =>
    covering.has(row.meter) ||
    below.has(row.meter) ||
    ancestorsOf(row, tree.byName).some(({ meter }) => covering.has(meter))
  const racks = new Map<string, boolean>()
  const stray: MeterRow[] = []
  for (const row of tree.meters) {
    if (row.level === 'ambient') continue
    const has = isCovered(row)
    if (row.rack !== '') {
      const key = row.hall === '' ? row.rack : `${row.hall}/${row.rack}`
      racks.set(key, (racks.get(key) ?? false) || has)
    } else if (row.role === 'it' && !has) stray.push(row)
  }
  const uncovered = [...racks].flatMap(([rack, has]) => (has ? [] : [rack])).toSorted()
  if (uncovered.length > 0)
    tree.note(
      'meters',
      `${uncovered.length} racks have no IT meter of level ${site.it_level} and are not in the sum: ${listed(uncovered)}`,
    )
  const [first] = stray
  if (first !== undefined)
    tree.note(
      tree.lineOf(first),
      `IT meters that no meter of level ${site.it_level} carries are not in the sum: ${listed(stray.map(({ meter }) => meter))}`,
    )
  return uncovered
}

/** Feeds of one load are both counted: where one lacks its twin, half of the power may be missing. */
function checkFeeds(tree: Tree): void {
  const feeds = new Map<string, Set<string>>()
  for (const row of tree.meters) {
    if (row.rack === '' || row.feed === '' || row.role !== 'it') continue
    const key = `${row.hall}/${row.rack}/${row.level}`
    feeds.set(key, (feeds.get(key) ?? new Set()).add(row.feed))
  }
  const most = Math.max(0, ...[...feeds.values()].map(({ size }) => size))
  const lacking = [...feeds].flatMap(([key, found]) => (found.size < most ? [key] : []))
  if (lacking.length > 0)
    tree.note(
      'meters',
      `${lacking.length} racks have fewer feeds than the others (${most}): ${listed(lacking)}`,
    )
  const hasGrid = tree.meters.some(({ level }) => level === 'utility')
  const roots = tree.meters.filter(
    ({ parent, level }) => parent === '' && !['utility', 'generator', 'ambient'].includes(level),
  )
  if (hasGrid && roots.length > 0)
    tree.note(
      'meters',
      `${roots.length} meters have no parent; their power is taken to be part of the feeds': ${listed(roots.map(({ meter }) => meter))}`,
    )
}

function checkLoop(row: LoopRow, line: string, tree: Tree): void {
  if (row.room !== '' && !tree.byName.has(row.room))
    tree.refuse(
      line,
      `loop ${row.loop}: room ${row.room} is no meter of this file; list it with level ambient`,
    )
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED_MAX
  return names.slice(0, NAMED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
