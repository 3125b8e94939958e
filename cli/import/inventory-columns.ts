import { type CsvRow, type CsvTable } from './csv.ts'
import type { Problems } from './problems.ts'

/** What a row of an inventory can say; docs/inventory.md explains each. */
export const INVENTORY_COLUMNS = [
  'uuid',
  'serial',
  'key',
  'node',
  'index',
  'bus',
  'devices',
  'site',
  'cluster',
  'hall',
  'rack',
  'pool',
  'vendor',
  'model',
  'delivered',
  'accepted',
  'retired',
  'from',
] as const
export type InventoryColumn = (typeof INVENTORY_COLUMNS)[number]

/** One thing a file says: its line, and what it says, trimmed, empty cells left out. */
export interface InventoryRow {
  readonly line: number
  readonly cells: Readonly<Partial<Record<InventoryColumn, string>>>
}

/** Other names that sites give these columns, as `plainName` leaves them. */
const SYNONYMS: Readonly<Record<InventoryColumn, readonly string[]>> = {
  uuid: ['gpuuuid', 'deviceuuid'],
  serial: ['serialnumber', 'sn', 'serialno', '序列号'],
  key: ['devicekey'],
  node: ['nodename', 'host', 'hostname', 'server', '节点', '主机名'],
  index: ['gpu', 'npu', 'gpuindex', 'npuindex', 'deviceindex'],
  bus: ['busid', 'pci', 'pcibus', 'pcibusid', 'pciaddress', 'bdf'],
  devices: ['devicecount', 'gpus', 'npus', 'gpucount', 'npucount', 'accelerators'],
  site: ['datacenter', 'datacentre', 'dc', '站点'],
  cluster: ['clustername', '集群'],
  hall: ['room', 'datahall', '机房'],
  rack: ['rackname', 'cabinet', '机柜'],
  pool: ['resourcepool', '资源池'],
  vendor: ['manufacturer', '厂商'],
  model: ['devicemodel', 'gpumodel', 'npumodel', '型号'],
  delivered: ['deliveredat', 'deliverydate', 'delivereddate', '到货日期'],
  accepted: ['acceptedat', 'acceptancedate', 'accepteddate', 'inservice', '验收日期'],
  retired: ['retiredat', 'retirementdate', 'retireddate', '退役日期'],
  from: ['since', 'placedfrom', 'movedat', 'moved', '起始日期'],
}

/** A header without case, blanks, underscores and other signs: `PCI Bus-ID` is `pcibusid`. */
export const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')

const COLUMN_OF: ReadonlyMap<string, InventoryColumn> = new Map(
  INVENTORY_COLUMNS.flatMap((column) =>
    [column, ...SYNONYMS[column]].map((name) => [name, column] as const),
  ),
)

/** The column that a header or key means, or null for one we do not know. */
export const inventoryColumn = (name: string): InventoryColumn | null =>
  COLUMN_OF.get(plainName(name)) ?? null

/**
 * The rows of a table. Columns that mean nothing here are noted and left alone; the second of two that mean the
 * same refuses the file, because nobody can say which of them is right.
 */
export function tableRows(
  table: CsvTable,
  columnOf: (name: string) => InventoryColumn | null,
  problems: Problems,
): InventoryRow[] {
  for (const { line, column, message } of table.problems)
    problems.refuse(`line ${line}${column === null ? '' : `, cell ${column}`}`, message)
  const columns = table.header.map(columnOf)
  const twice = columns.findIndex(
    (column, index) => column !== null && columns.indexOf(column) !== index,
  )
  if (twice !== -1) {
    const first = columns.indexOf(columns[twice] ?? null)
    const names = [table.header[first], table.header[twice]].map((name) => JSON.stringify(name))
    problems.refuse('line 1', `the columns ${names.join(' and ')} mean the same; keep one`)
    return []
  }
  return table.rows
    .map((row) => ({ line: row.line, cells: cellsOf(row, columns) }))
    .filter(({ cells }) => Object.keys(cells).length > 0)
}

function cellsOf(row: CsvRow, columns: readonly (InventoryColumn | null)[]): InventoryRow['cells'] {
  const cells: Partial<Record<InventoryColumn, string>> = {}
  for (const [at, column] of columns.entries()) {
    const text = (row.cells[at] ?? '').trim()
    if (column !== null && text !== '') cells[column] = text
  }
  return cells
}

/** Notes the columns of a header that are not read. Nameless ones are what spreadsheets leave behind. */
export function noteUnread(names: readonly string[], problems: Problems): void {
  for (const name of names)
    if (name.trim() !== '')
      problems.note('line 1', `the column ${JSON.stringify(name.slice(0, 80))} is not read`)
}
