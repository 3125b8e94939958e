import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import {
  type InventoryColumn,
  inventoryColumn,
  type InventoryRow,
  plainName,
} from './inventory-columns.ts'
import type { Problems } from './problems.ts'

/** A tree of 50,000 devices with all their columns is half of this. */
const CHARS_MAX = 1 << 24
const ROWS_MAX = 200_000
/** sites > clusters > halls > racks > nodes > devices, and as much again. */
const DEPTH_MAX = 12

/** Keys that hold more of the tree, and the column that the names under them are. */
const CONTAINERS: Readonly<Record<string, InventoryColumn>> = {
  sites: 'site',
  clusters: 'cluster',
  halls: 'hall',
  racks: 'rack',
  pools: 'pool',
  nodes: 'node',
}

type Cells = InventoryRow['cells']

interface Walk {
  readonly rows: InventoryRow[]
  readonly problems: Problems
  lineOf(node: unknown): number
}

/**
 * The rows of an inventory in YAML: a list of maps with the columns as keys, or a tree of `sites`, `clusters`,
 * `halls`, `racks`, `pools` and `nodes`, each a map by name or a list, where a node may hold `devices` (a list, or how
 * many). What is said higher up counts for everything below that does not say otherwise. Numbers and dates are taken
 * as they are written: rack 07 stays 07.
 */
export function yamlRows(text: string, problems: Problems): InventoryRow[] {
  if (text.length > CHARS_MAX) {
    problems.refuse('line 1', `the file has more than ${CHARS_MAX} characters; divide it`)
    return []
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0])
    problems.refuse(`line ${line}, column ${col}`, `this is no YAML: ${error.message}`)
    return []
  }
  const lineOf = (node: unknown) => {
    const at = (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range
    return at ? lines.linePos(at[0]).line : 1
  }
  const walk: Walk = { rows: [], problems, lineOf }
  walkNode(walk, document.contents, { cells: {}, depth: 0, listed: null })
  if (walk.rows.length <= ROWS_MAX) return walk.rows
  problems.refuse('line 1', `the file has more than ${ROWS_MAX} devices and nodes; divide it`)
  return []
}

interface Above {
  readonly cells: Cells
  readonly depth: number
  /** The column that a plain name in a list is: `nodes: [n1, n2]`; null where only maps make sense. */
  readonly listed: InventoryColumn | null
}

function walkNode(walk: Walk, node: unknown, above: Above): void {
  if (walk.rows.length > ROWS_MAX) return
  const where = `line ${walk.lineOf(node)}`
  if (above.depth > DEPTH_MAX) walk.problems.refuse(where, 'is nested too deep')
  else if (isAlias(node)) walk.problems.refuse(where, 'aliases (*name) are not read; write it out')
  else if (isSeq(node))
    for (const item of node.items) walkNode(walk, item, { ...above, depth: above.depth + 1 })
  else if (isMap(node)) walkMap(walk, node, above)
  else {
    const text = scalarText(node)
    if (text !== '' && above.listed !== null)
      walk.rows.push({ line: walk.lineOf(node), cells: { ...above.cells, [above.listed]: text } })
    else if (text !== '')
      walk.problems.refuse(
        where,
        `${JSON.stringify(text.slice(0, 80))} stands where a device or node should`,
      )
  }
}

/** A map: its own columns first, because they count for what is nested in it, wherever they stand. */
function walkMap(walk: Walk, map: unknown, { cells, depth }: Above): void {
  const pairs = isMap(map) ? map.items.filter(isPair) : []
  const own: Partial<Record<InventoryColumn, string>> = { ...cells }
  const below: { readonly column: InventoryColumn | null; readonly value: unknown }[] = []
  for (const { key, value } of pairs) {
    const name = scalarText(key)
    const container = CONTAINERS[plainName(name)]
    const column = inventoryColumn(name)
    const where = `line ${walk.lineOf(key)}`
    if (container !== undefined) below.push({ column: container, value })
    else if (column === null)
      walk.problems.note(where, `the key ${JSON.stringify(name.slice(0, 80))} is not read`)
    else if (column === 'devices' && isSeq(value)) {
      if (value.items.length > 0) below.push({ column: null, value })
    } else if (isMap(value) || isSeq(value) || isAlias(value))
      walk.problems.refuse(where, `${name} is one value, not a list or map`)
    else {
      const text = scalarText(value).trim()
      if (text === '') delete own[column]
      else own[column] = text
    }
  }
  if (below.length === 0 && pairs.length > 0) walk.rows.push({ line: walk.lineOf(map), cells: own })
  for (const { column, value } of below) walkBelow(walk, { column, value }, { cells: own, depth })
}

function walkBelow(
  walk: Walk,
  { column, value }: { readonly column: InventoryColumn | null; readonly value: unknown },
  { cells, depth }: Pick<Above, 'cells' | 'depth'>,
): void {
  if (column === null) {
    // How many there are, said higher up, is answered by the list itself.
    const { devices: _, ...rest } = cells
    walkNode(walk, value, { cells: rest, depth: depth + 1, listed: null })
    return
  }
  if (!isMap(value)) {
    walkNode(walk, value, { cells, depth: depth + 1, listed: column })
    return
  }
  for (const { key, value: inner } of value.items.filter(isPair)) {
    const named = { ...cells, [column]: scalarText(key) }
    const isEmpty = isScalar(inner) ? inner.value === null : inner === null
    if (isEmpty || (isMap(inner) && inner.items.length === 0))
      walk.rows.push({ line: walk.lineOf(key), cells: named })
    else walkNode(walk, inner, { cells: named, depth: depth + 1, listed: null })
  }
}

/** What stands in the file, not what YAML makes of it; empty for nothing. */
function scalarText(node: unknown): string {
  if (!isScalar(node) || node.value === null) return ''
  return typeof node.value === 'string' ? node.value : (node.source ?? '')
}
