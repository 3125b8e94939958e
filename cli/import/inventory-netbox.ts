import type { DeviceStateInterval } from '#schemas/journal.ts'
import type { CsvTable } from './csv.ts'
import {
  type InventoryColumn,
  inventoryColumn,
  type InventoryRow,
  noteUnread,
  plainName,
  tableRows,
} from './inventory-columns.ts'
import { readTime } from './local-time.ts'
import type { Problems } from './problems.ts'

/**
 * The CSV that NetBox writes of its device list (Devices > Export > All Data or Current View), where a row is a
 * server. Column titles, and the values of Status, as NetBox 4.7.1 has them (netbox/dcim/tables/devices.py,
 * DeviceTable; netbox/dcim/choices.py, DeviceStatusChoices); the names of its import form (`device_type`,
 * `asset_tag`) are the same once blanks and underscores are gone, and so are the titles back to 3.1.
 */
const NETBOX_COLUMN: Readonly<Record<string, InventoryColumn>> = {
  name: 'node',
  site: 'site',
  location: 'hall',
  rack: 'rack',
  cluster: 'cluster',
}

/**
 * Columns of NetBox that say nothing of an accelerator. `Serial number`, `Manufacturer` and `Type` are those of the
 * server: taken for a device they would make eight of them one.
 */
const LEFT_ALONE = new Set(
  `id tenant tenantgroup role devicerole manufacturer devicetype type platform serial serialnumber assettag region
  sitegroup parentdevice devicebayposition positiondevicebay position uheight face latitude longitude airflow ipaddress
  primaryip primaryip4 primaryip6 ipv4address ipv6address oobip virtualchassis vcposition vcpriority description
  configtemplate comments contacts tags created lastupdated consoleports consoleserverports powerports poweroutlets
  interfaces frontports rearports devicebays modulebays inventoryitems`.split(/\s+/),
)

/** Custom fields that are read where a site has them, under any name of the CSV columns. */
const CUSTOM: ReadonlySet<InventoryColumn> = new Set([
  'pool',
  'devices',
  'model',
  'delivered',
  'accepted',
  'retired',
  'from',
])

/** The custom field that says since when a status holds. */
const SINCE = 'statussince'

/** What a status means for the servers' devices; a state needs the date in the custom field `status since`. */
interface Meaning {
  /** False = not, or not yet, in service: an acceptance date is left out. */
  readonly isAccepted: boolean
  readonly state: DeviceStateInterval['state'] | null
}
const STATUS: Readonly<Record<string, Meaning>> = {
  active: { isAccepted: true, state: null },
  offline: { isAccepted: true, state: 'drained' },
  failed: { isAccepted: true, state: 'failed' },
  decommissioning: { isAccepted: true, state: 'drained' },
  staged: { isAccepted: false, state: 'verification' },
  planned: { isAccepted: false, state: null },
  inventory: { isAccepted: false, state: null },
}

function netboxColumn(title: string): InventoryColumn | null {
  const name = plainName(title)
  const own = Object.hasOwn(NETBOX_COLUMN, name) ? NETBOX_COLUMN[name] : undefined
  if (own !== undefined) return own
  if (LEFT_ALONE.has(name)) return null
  const custom = inventoryColumn(name.replace(/^cf/, ''))
  return custom !== null && CUSTOM.has(custom) ? custom : null
}

/** Rows, and states of whole nodes, of a NetBox export. docs/inventory.md has the rules in a table. */
export function netboxRows(
  table: CsvTable,
  timeZone: string,
  problems: Problems,
): { rows: InventoryRow[]; states: DeviceStateInterval[] } {
  const statuses = createStatuses(table)
  const isRead = (title: string) =>
    netboxColumn(title) !== null || LEFT_ALONE.has(plainName(title)) || isStatusTitle(title)
  noteUnread(
    table.header.filter((title) => !isRead(title)),
    problems,
  )
  const rows: InventoryRow[] = []
  const states: DeviceStateInterval[] = []
  for (const row of tableRows(table, netboxColumn, problems)) {
    const where = `line ${row.line}`
    const { node } = row.cells
    const { status, since } = statuses(row.line)
    const meaning = Object.hasOwn(STATUS, status) ? STATUS[status] : undefined
    if (node === undefined) {
      problems.note(where, 'a device without a name is passed over')
      continue
    }
    if (meaning === undefined && status !== '')
      problems.note(where, `status ${status} is not one of NetBox's own; it is taken for active`)
    rows.push((meaning?.isAccepted ?? true) ? row : withoutAcceptance(row))
    const state = meaning === undefined ? null : stateNeeded(row, status, meaning)
    if (state === null) continue
    const from = readTime(since, timeZone)
    if ('ms' in from) states.push({ ...NO_DETAILS, state, node, from_ms: from.ms, reason: status })
    else
      problems.note(
        where,
        `${node} is ${status}, and nothing says since when: not entered as ${state}; export a custom field "status since", or plimsoll import states`,
      )
  }
  return { rows, states }
}

const NO_DETAILS = { key: '', to_ms: null, ticket: '', waiting_on: '', eta_ms: null } as const

const isStatusTitle = (title: string) => /^(cf)?(status|statussince)$/.test(plainName(title))

function createStatuses({ header, rows }: CsvTable) {
  const names = header.map((title) => plainName(title).replace(/^cf/, ''))
  const [statusAt, sinceAt] = [names.indexOf('status'), names.indexOf(SINCE)]
  const byLine = new Map(
    rows.map(({ line, cells }) => [
      line,
      { status: plainName(cells[statusAt] ?? ''), since: cells[sinceAt] ?? '' },
    ]),
  )
  return (line: number) => byLine.get(line) ?? { status: '', since: '' }
}

/** The state that the journal needs beside the dates of the devices. */
function stateNeeded({ cells }: InventoryRow, status: string, { isAccepted, state }: Meaning) {
  // Devices that were never accepted are not capacity, retired ones no longer: what they do needs no state.
  if (!isAccepted && cells.devices !== undefined) return null
  if (status === 'decommissioning' && cells.retired !== undefined) return null
  return state
}

function withoutAcceptance({ line, cells }: InventoryRow): InventoryRow {
  const { accepted: _, ...rest } = cells
  return { line, cells: rest }
}
