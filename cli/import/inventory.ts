import type { DeviceStateInterval, InventoryDevice, NodePlace } from '#schemas/journal.ts'
import { compilePlacePattern } from '#schemas/place-pattern.ts'
import { buildInventory } from './inventory-build.ts'
import { INVENTORY_COLUMNS, type InventoryRow } from './inventory-columns.ts'
import { netboxRows } from './inventory-netbox.ts'
import { yamlRows } from './inventory-yaml.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { readTable } from './table.ts'

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
  const { rows, states } = rowsOf(text, { format, timeZone }, problems)
  return {
    ...buildInventory(rows, { timeZone, pattern }, problems),
    states,
    problems: problems.report(),
  }
}

/** The rows of a file, whatever its format, and the states that only NetBox tells. */
function rowsOf(
  text: string,
  { format, timeZone }: Pick<InventoryOptions, 'format' | 'timeZone'>,
  problems: Problems,
): { rows: readonly InventoryRow[]; states: readonly DeviceStateInterval[] } {
  if (format === 'netbox') return netboxRows(text, timeZone, problems)
  if (format === 'yaml') return { rows: yamlRows(text, problems), states: [] }
  return { rows: readTable(text, INVENTORY_COLUMNS, problems), states: [] }
}
