import type { NodePlace } from '#schemas/journal.ts'
import type { InventoryRow } from './inventory-columns.ts'
import { namesDevice, type RowIdentity } from './inventory-identity.ts'

/** Where something stands; empty = not said. */
export type Place = Pick<NodePlace, 'site' | 'cluster' | 'hall' | 'rack' | 'pool'>

const FIXED = ['site', 'cluster', 'hall', 'rack'] as const
const PARTS = [...FIXED, 'pool'] as const
/**
 * The file does not say since when: for ever where nothing is known of the node yet; where it stood elsewhere, from
 * the moment of the import on (docs/inventory.md).
 */
export const UNDATED_MS = 0
/** 1990: the undated place of a node whose next ones are dated is its first. */
const FIRST_MS = Date.UTC(1990, 0, 1)
const NOWHERE: Place = { site: '', cluster: '', hall: '', rack: '', pool: '' }

interface PlacedRow {
  readonly identity: RowIdentity
  readonly place: Place
  readonly dates: { readonly from_ms: number | null }
}

interface Standing {
  readonly node: string
  place: Place
  /** Lines that said each part. */
  readonly lines: Partial<Record<keyof Place, number>>
  readonly line: number
  /** Null = the file does not say since when. */
  readonly fromMs: number | null
}

/**
 * Where the nodes of a file stand. Rows of one node speak of one place; with the column `from` they may speak of
 * several, one after the other. Devices follow their node, so they carry no place of their own, except a pool that
 * is another than their node's.
 */
export function createNodePlaces() {
  const standings = new Map<string, Standing>()
  const idOf = ({ identity, dates }: PlacedRow) => `${dates.from_ms ?? ''} ${identity.node}`
  const standingOf = (row: InventoryRow, read: PlacedRow): Standing => {
    const id = idOf(read)
    const known = standings.get(id)
    if (known !== undefined) return known
    const made = {
      node: read.identity.node,
      place: NOWHERE,
      lines: {},
      line: row.line,
      fromMs: read.dates.from_ms,
    }
    standings.set(id, made)
    return made
  }
  return {
    /** Why a row cannot be true beside the earlier ones of its node. */
    refusal(read: PlacedRow): string | null {
      const { place, lines, node } = standings.get(idOf(read)) ?? {
        place: NOWHERE,
        lines: {},
        node: '',
      }
      const fields = namesDevice(read.identity) ? FIXED : PARTS
      const field = fields.find(
        (name) => place[name] !== '' && read.place[name] !== '' && place[name] !== read.place[name],
      )
      if (field === undefined) return null
      const [there, here] = [place[field], read.place[field]]
      return `node ${node} is in ${field} ${there} in line ${lines[field]} and in ${field} ${here} here; where it moved, say since when in the column from`
    },
    /** Takes a row's word for its node's place; the answer is what the device says otherwise. */
    add(row: InventoryRow, read: PlacedRow): Place {
      const standing = standingOf(row, read)
      const place = { ...standing.place }
      for (const field of PARTS) {
        if (place[field] !== '' || read.place[field] === '') continue
        place[field] = read.place[field]
        standing.lines[field] = row.line
      }
      standing.place = place
      const isOther = read.place.pool !== '' && read.place.pool !== place.pool
      return isOther ? { ...NOWHERE, pool: read.place.pool } : NOWHERE
    },
    /** Nodes that say something of their place, in the order of the file. */
    nodes(): NodePlace[] {
      const said = [...standings.values()].filter(({ place }) =>
        PARTS.some((part) => place[part] !== ''),
      )
      const moved = new Set(said.filter(({ fromMs }) => fromMs !== null).map(({ node }) => node))
      return said.map(({ node, place, fromMs }) => {
        const undated = moved.has(node) ? FIRST_MS : UNDATED_MS
        return { node, ...place, from_ms: fromMs ?? undated }
      })
    },
    /** Nodes without a hall or a rack, each once. */
    unplaced(): { readonly line: number; readonly node: string; readonly missing: string }[] {
      return [...standings.values()].flatMap(({ line, node, place }) => {
        const missing = (['hall', 'rack'] as const).filter((field) => place[field] === '')
        return missing.length === 0 ? [] : [{ line, node, missing: missing.join(' and no ') }]
      })
    },
  }
}
