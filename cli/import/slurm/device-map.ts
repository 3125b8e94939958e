import { PlimsollError } from '#schemas/errors.ts'
import { deviceCells } from '../device-cells.ts'
import { Problems } from '../problems.ts'
import { type Columns, readTable, RowReader } from '../table.ts'
import { GRES_INDEX_MAX } from './gres.ts'

type Column = 'node' | 'idx' | 'device' | 'uuid' | 'serial' | 'index'

const COLUMNS: Columns<Column> = {
  node: ['nodename', 'host', 'hostname', '节点', '主机名'],
  idx: ['gres', 'gresindex', 'minor', 'minornumber'],
  device: ['key', 'devicekey'],
  uuid: ['gpuuuid', 'deviceuuid'],
  serial: ['serialnumber', 'sn', '序列号'],
  index: ['gpu', 'npu', 'driverindex'],
}

/** The device behind an index of gres.conf: its key, or its place as the driver counts. */
export interface MappedDevice {
  readonly key: string
  readonly index: number | null
}

/** Finds the device of a node's IDX; undefined where the map does not say. */
export type DeviceMap = (node: string, idx: number) => MappedDevice | undefined

/** No map: IDX is taken for the driver's index. */
export const NO_MAP: DeviceMap = () => undefined

/**
 * Reads a map from IDX to devices: CSV with `node`, `idx`, and `uuid`, `serial`, `device` or the driver's `index`. A map
 * is taken whole: throws E_IMPORT_INVALID with the lines that are wrong, because a hole would move jobs to other devices.
 */
export function readDeviceMap(text: string, file: string): DeviceMap {
  const problems = new Problems()
  const devices = new Map<string, MappedDevice>()
  const places = new Map<string, string>()
  for (const row of readTable(text, COLUMNS, problems)) {
    const reader = new RowReader<Column>(row, 'UTC')
    const node = reader.needed('node')
    const idx = reader.whole('idx', { min: 0, max: GRES_INDEX_MAX })
    if (idx === null) reader.refuse('idx is empty: which position in gres.conf?')
    const { key, index } = deviceCells(reader)
    if (key === '' && index === null) reader.refuse('names no device: give uuid, serial or index')
    const [place, device] = [`${node}/${idx ?? ''}`, key === '' ? `${node}/${index ?? ''}` : key]
    if (devices.has(place)) reader.refuse(`says ${place} twice`)
    const other = places.get(device)
    if (other !== undefined) reader.refuse(`gives ${place} the device of ${other}`)
    devices.set(place, { key, index: key === '' ? index : null })
    places.set(device, place)
    if (reader.wrong !== null) problems.refuse(`line ${row.line}`, reader.wrong)
  }
  const { refused, examples } = problems.report()
  if (refused > 0)
    throw new PlimsollError(
      'E_IMPORT_INVALID',
      `${file} cannot be taken: ${examples.map(({ where, message }) => `${where}: ${message}`).join('; ')}`,
    )
  return (node, idx) => devices.get(`${node}/${idx}`)
}
