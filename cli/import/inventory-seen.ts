import type { InventoryRow } from './inventory-columns.ts'
import type { RowIdentity } from './inventory-identity.ts'
import type { Place } from './inventory-places.ts'

/** Finds the rows that are about a device another row was about. The first row about a device stands. */
export function createSeenDevices() {
  const rows = new Map<string, { readonly line: number; readonly pool: string }>()
  const strongest = new Set<string>()
  /** Names that must not be given twice; a device with a key may follow another one in its slot. */
  const names = (row: InventoryRow, { key, keys, node, index, bus }: RowIdentity): string[] => {
    if (key !== '') return [...keys]
    const count = Number(row.cells.devices ?? 0)
    if (count > 0) return Array.from({ length: count }, (_, at) => `device ${at} of node ${node}`)
    if (index !== null) return [`device ${index} of node ${node}`]
    return bus === '' ? [] : [`device ${bus.toLowerCase()} of node ${node}`]
  }
  const earlier = (row: InventoryRow, identity: RowIdentity) =>
    names(row, identity).find((name) => rows.has(name))
  return {
    /** Why this row is refused, naming both lines. */
    refusal(row: InventoryRow, identity: RowIdentity, { pool }: Place): string | null {
      const name = earlier(row, identity)
      const other = name === undefined ? undefined : rows.get(name)
      if (name === undefined || other === undefined) return null
      // A serial that names neither row is that of a board with several chips.
      if (identity.key !== '' && name !== identity.key && !strongest.has(name)) return null
      if (other.pool !== pool && other.pool !== '' && pool !== '')
        return `${name} is in pool ${other.pool} in line ${other.line} and in pool ${pool} here; a device has one pool`
      return `${name} is listed in line ${other.line} already; the first one stands`
    },
    /** Remembers the row; the answer is a note about a serial that it shares with an earlier one. */
    add(row: InventoryRow, identity: RowIdentity, { pool }: Place): string | null {
      const shared = earlier(row, identity)
      const line = shared === undefined ? undefined : rows.get(shared)?.line
      for (const name of names(row, identity))
        if (!rows.has(name)) rows.set(name, { line: row.line, pool })
      strongest.add(identity.key)
      return line === undefined
        ? null
        : `${shared} is also in line ${line}: two chips of one board?`
    },
  }
}
