import type { Device } from '#schemas/api.ts'
import type { PlacePattern } from '#schemas/place-pattern.ts'
import { csvLine } from './csv.ts'
import { isGone } from './discovered-devices.ts'
import type { InventoryColumn } from './inventory-columns.ts'
import { identityOf, namesDevice } from './inventory-identity.ts'

const COLUMNS = [
  'uuid',
  'serial',
  'key',
  'node',
  'index',
  'bus',
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
] as const satisfies readonly InventoryColumn[]
type Cells = Readonly<Partial<Record<(typeof COLUMNS)[number], string>>>

export interface InventoryDraft {
  /** Header and one line per device, in the order of their nodes. */
  readonly lines: readonly string[]
  /** Devices that nothing names well enough to find them again. */
  readonly unnamed: number
  /** Devices that are out of capacity and silent. */
  readonly gone: number
  /** Devices in the draft without a hall or a rack. */
  readonly unplaced: number
}

/**
 * An inventory of what was discovered, which can be imported as it is: identities as the tools tell them, places as
 * collectors know them or as the pattern reads them out of node names, accepted since they were first seen.
 */
export function draftInventory(
  devices: readonly Device[],
  pattern: PlacePattern | null,
): InventoryDraft {
  const present = devices.filter((device) => !isGone(device))
  const rows = [...present]
    .sort(byPlace)
    .map((device) => cellsOf(device, pattern))
    .filter(isNamed)
  const lines = rows.map((cells) => csvLine(COLUMNS.map((column) => cells[column] ?? '')))
  return {
    lines: [csvLine(COLUMNS), ...lines],
    unnamed: present.length - rows.length,
    gone: devices.length - present.length,
    unplaced: rows.filter(({ hall, rack }) => hall === '' || rack === '').length,
  }
}

function cellsOf(device: Device, pattern: PlacePattern | null): Cells {
  const named = pattern?.match(device.node) ?? {}
  const keys = [device.canonical_key, ...device.keys]
  const valueOf = (kind: string) =>
    keys.find((key) => key.startsWith(`${kind}:`))?.slice(kind.length + 1) ?? ''
  const vdie = valueOf('vdie')
  const told = (text: string) => (isFormula(text) ? '' : text)
  return {
    uuid: valueOf('uuid'),
    serial: valueOf('serial'),
    key: vdie === '' ? '' : `vdie:${vdie}`,
    node: device.node,
    index: device.index === null ? '' : String(device.index),
    bus: told(device.bus),
    site: named.site ?? '',
    cluster: told(device.cluster),
    hall: told(device.hall === '' ? (named.hall ?? '') : device.hall),
    rack: told(device.rack === '' ? (named.rack ?? '') : device.rack),
    pool: told(device.pool === '' ? (named.pool ?? '') : device.pool),
    vendor: told(device.vendor),
    model: told(device.model),
    accepted: device.first_seen ?? '',
  }
}

/** False where import would refuse the row, or a spreadsheet would run a part of it. */
function isNamed(cells: Cells): boolean {
  const filled = Object.entries(cells).filter(([, text]) => text !== '')
  if (filled.some(([, text]) => isFormula(text))) return false
  const identity = identityOf({ line: 0, cells: Object.fromEntries(filled) })
  return typeof identity !== 'string' && namesDevice(identity)
}

/** What a spreadsheet takes for a formula; texts of tools are not to run on the machine of who opens the draft. */
const isFormula = (text: string) => /^[=+\-@\t\r]/.test(text)

const byPlace = (a: Device, b: Device) =>
  compare(a.cluster, b.cluster) ||
  compare(a.node, b.node) ||
  (a.index ?? -1) - (b.index ?? -1) ||
  compare(a.canonical_key, b.canonical_key)

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
