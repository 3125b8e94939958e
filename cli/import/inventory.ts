import type { DeviceStateInterval, InventoryDevice, NodePlace } from '#schemas/journal.ts'
import { compilePlacePattern } from '#schemas/place-pattern.ts'
import { readCsv } from './csv.ts'
import { buildInventory } from './inventory-build.ts'
import { inventoryColumn, type InventoryRow, noteUnread, tableRows } from './inventory-columns.ts'
import { netboxRows } from './inventory-netbox.ts'
import { yamlRows } from './inventory-yaml.ts'
import { Problems, type ProblemReport } from './problems.ts'

export const INVENTORY_FORMATS = ['csv', 'yaml', 'netbox'] as const
export type InventoryFormat = (typeof INVENTORY_FORMATS)[number]

export interface InventoryOptions {
  readonly format: InventoryFormat
  /** IANA zone in which dates without a time begin at midnight. */
  readonly timeZone: string
  /** Fills places that the file leaves open from node names (schemas/place-pattern.ts). */
  readonly pattern?: string | undefined
}

/** What a file says about devices and nodes, ready for entries of the journal. */
export interface Inventory {
  readonly devices: readonly InventoryDevice[]
  readonly nodes: readonly NodePlace[]
  /** Nodes that NetBox says are out of work, where the file says since when. */
  readonly states: readonly DeviceStateInterval[]
  readonly problems: ProblemReport
}

/**
 * Reads an inventory. Every row that cannot be taken is a refusal with its line and what to do, and harms no other
 * row. Throws E_PATTERN_INVALID; everything else is told in `problems`.
 */
export function readInventory(text: string, options: InventoryOptions): Inventory {
  const { format, timeZone } = options
  const pattern = options.pattern === undefined ? null : compilePlacePattern(options.pattern)
  const problems = new Problems()
  const rows: InventoryRow[] = []
  const states: DeviceStateInterval[] = []
  if (format === 'yaml') rows.push(...yamlRows(text, problems))
  else {
    const table = readCsv(text)
    const netbox = format === 'netbox' ? netboxRows(table, timeZone, problems) : null
    if (netbox === null) {
      noteUnread(
        table.header.filter((name) => inventoryColumn(name) === null),
        problems,
      )
    }
    rows.push(...(netbox?.rows ?? tableRows(table, inventoryColumn, problems)))
    states.push(...(netbox?.states ?? []))
  }
  return {
    ...buildInventory(rows, { timeZone, pattern }, problems),
    states,
    problems: problems.report(),
  }
}
