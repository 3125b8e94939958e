import type { Columns, TableRow } from './table.ts'

/**
 * What a row of an inventory can say (docs/inventory.md explains each), with the other names that sites give the
 * columns, as `plainName` leaves them.
 */
export const INVENTORY_COLUMNS = {
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
} as const satisfies Columns<string>
export type InventoryColumn = keyof typeof INVENTORY_COLUMNS

/** One thing a file says: its line, and what it says, trimmed, empty cells left out. */
export type InventoryRow = TableRow<InventoryColumn>

/** A header without case, blanks, underscores and other signs: `PCI Bus-ID` is `pcibusid`. */
export const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')

const COLUMN_OF: ReadonlyMap<string, InventoryColumn> = new Map(columnNames())

function* columnNames(): Generator<[string, InventoryColumn]> {
  let column: InventoryColumn
  for (column in INVENTORY_COLUMNS)
    for (const name of [column, ...INVENTORY_COLUMNS[column]]) yield [name, column]
}

/** The column that a key means, or null for one we do not know. */
export const inventoryColumn = (name: string): InventoryColumn | null =>
  COLUMN_OF.get(plainName(name)) ?? null
