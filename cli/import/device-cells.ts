import { identityOf } from './inventory-identity.ts'
import type { RowReader } from './table.ts'

/** Columns by which a row says which device it is about. */
export const DEVICE_COLUMNS = {
  device: ['key', 'devicekey', 'deviceid'],
  uuid: ['gpuuuid', 'deviceuuid'],
  serial: ['serialnumber', 'sn', '序列号'],
  node: ['nodename', 'host', 'hostname', 'server', '节点', '主机名'],
  index: ['gpu', 'npu', 'gpuindex', 'npuindex', 'deviceindex'],
} as const
export type DeviceColumn = keyof typeof DEVICE_COLUMNS

/** A device by key, a device of a node by index, or a node with all its devices. */
export interface DeviceCells {
  readonly key: string
  readonly node: string
  readonly index: number | null
}

/** Reads which device a row means; refuses the row when it names none. */
export function deviceCells(reader: RowReader<DeviceColumn>): DeviceCells {
  const cells = {
    key: reader.text('device'),
    uuid: reader.text('uuid'),
    serial: reader.text('serial'),
    node: reader.text('node', 128),
    index: reader.text('index'),
  }
  const bare = /^(GPU|MIG)-/i.test(cells.key) ? { ...cells, key: `uuid:${cells.key}` } : cells
  const given = Object.fromEntries(Object.entries(bare).filter(([, value]) => value !== ''))
  const identity = identityOf({ line: 0, cells: given })
  if (typeof identity === 'string') reader.refuse(identity)
  else if (identity.key === '' && identity.node === '')
    reader.refuse('names no device: give device (uuid:…, serial:…), or node, or node and index')
  else return { key: identity.key, node: identity.node, index: identity.index }
  return { key: '', node: '', index: null }
}

/** How a device is named in messages. */
export function shownDevice({ key, node, index }: DeviceCells): string {
  if (key !== '') return key
  return index === null ? `node ${node}` : `${node}/${index}`
}
