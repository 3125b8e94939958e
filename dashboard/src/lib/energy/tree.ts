import type { FacilityTreeAnswer, TreeMeter } from '#schemas/api-facility-tree.ts'
import type { CsvCell } from '#lib/csv.ts'

/** The tree of meters as rows of a table: what is wrong first, on every level. */

export interface MeterRow {
  readonly meter: TreeMeter
  readonly depth: number
  readonly children: number
  /** Faulty and silent meters anywhere below. */
  readonly troubled: number
  readonly isOpen: boolean
}

/** A parent whose children were cut off, and how many there are. */
export interface MoreRow {
  readonly parent: string
  readonly depth: number
  readonly left: number
}

export type TreeRow =
  | { readonly kind: 'meter'; readonly row: MeterRow }
  | { readonly kind: 'more'; readonly row: MoreRow }

/** Children of one parent that are shown at once. */
export const CHILDREN_MAX = 40
const DEPTH_MAX = 64

const RANK = { faulty: 0, silent: 1, unlisted: 2, ok: 3 } as const satisfies Record<
  TreeMeter['state'],
  number
>

export const isTroubled = ({ state }: TreeMeter): boolean => state !== 'ok'

/** From the grid inwards; what measures no energy comes last. */
const LEVEL_RANK = {
  utility: 0,
  generator: 1,
  ups_input: 2,
  ups_output: 3,
  pdu_output: 4,
  rack: 5,
  plant: 6,
  outlet: 7,
  node: 8,
  ambient: 9,
} as const satisfies Record<TreeMeter['level'], number>

const byTrouble = (a: TreeMeter, b: TreeMeter) =>
  RANK[a.state] - RANK[b.state] ||
  LEVEL_RANK[a.level] - LEVEL_RANK[b.level] ||
  (a.meter < b.meter ? -1 : 1)

export interface Tree {
  readonly roots: readonly TreeMeter[]
  readonly children: ReadonlyMap<string, readonly TreeMeter[]>
  readonly troubled: ReadonlyMap<string, number>
}

/**
 * Who hangs on whom. `meters` have parents before children; one whose parent is not there, or not before it (a circle),
 * is a root.
 */
export function treeOf(meters: readonly TreeMeter[]): Tree {
  const listed = new Map<string, TreeMeter>()
  const children = new Map<string, TreeMeter[]>()
  for (const meter of meters) {
    const key = listed.has(meter.parent) ? meter.parent : ''
    const own = children.get(key)
    if (own === undefined) children.set(key, [meter])
    else own.push(meter)
    listed.set(meter.meter, meter)
  }
  const troubled = new Map<string, number>()
  for (const meter of meters.filter(isTroubled)) {
    let parent = listed.get(meter.parent)
    // A circle ends here.
    for (let depth = 0; parent !== undefined && depth < DEPTH_MAX; depth += 1) {
      troubled.set(parent.meter, (troubled.get(parent.meter) ?? 0) + 1)
      parent = listed.get(parent.parent)
    }
  }
  for (const some of children.values()) some.sort(byTrouble)
  return { roots: children.get('') ?? [], children, troubled }
}

/** Rows of the open part of a tree; `whole` = parents all of whose children are wanted. */
export function rowsOf(
  { roots, children, troubled }: Tree,
  open: ReadonlySet<string>,
  whole: ReadonlySet<string>,
): TreeRow[] {
  const rows: TreeRow[] = []
  const add = (some: readonly TreeMeter[], parent: string, depth: number) => {
    const shown = whole.has(parent) ? some : some.slice(0, CHILDREN_MAX)
    for (const meter of shown) {
      const own = children.get(meter.meter) ?? []
      const isOpen = open.has(meter.meter) && own.length > 0 && depth < DEPTH_MAX
      const below = troubled.get(meter.meter) ?? 0
      rows.push({
        kind: 'meter',
        row: { meter, depth, children: own.length, troubled: below, isOpen },
      })
      if (isOpen) add(own, meter.meter, depth + 1)
    }
    const left = some.length - shown.length
    if (left > 0) rows.push({ kind: 'more', row: { parent, depth, left } })
  }
  add(roots, '', 0)
  return rows
}

/** Faulty ones, then silent ones, from the grid inwards. */
export const troubledOf = (meters: readonly TreeMeter[]): readonly TreeMeter[] =>
  meters.filter(isTroubled).toSorted(byTrouble)

export const TREE_CSV_HEADER = [
  'meter',
  'name',
  'parent',
  'role',
  'level',
  'feed',
  'hall',
  'rack',
  'loop',
  'state',
  'power_watts',
  'last_at',
  'bucket_from',
  'bucket_kwh',
  'bucket_coverage',
  'flags',
  'children_kwh',
  'children_difference_ratio',
] as const

export const treeCsvRows = ({ meters }: FacilityTreeAnswer): CsvCell[][] =>
  meters.map((meter) => [
    meter.meter,
    meter.name,
    meter.parent,
    meter.role,
    meter.level,
    meter.feed,
    meter.hall,
    meter.rack,
    meter.loop,
    meter.state,
    meter.values['power_watts'] ?? null,
    meter.last_at,
    meter.energy?.from ?? null,
    meter.energy?.kwh ?? null,
    meter.energy?.coverage ?? null,
    meter.energy?.flags.join(' ') ?? null,
    meter.children?.kwh ?? null,
    meter.children?.difference_ratio ?? null,
  ])
