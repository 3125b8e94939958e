import type { DeviceStateInterval } from '#schemas/journal.ts'
import { INVENTORY_COLUMNS, type InventoryRow, plainName } from './inventory-columns.ts'
import { readTime } from './local-time.ts'
import type { Problems } from './problems.ts'
import { readTable } from './table.ts'

/**
 * The CSV that NetBox writes of its device list (Devices > Export > All Data or Current View), where a row is a
 * server. Column titles, and the values of Status, as NetBox 4 has them (netbox/dcim/tables/devices.py, DeviceTable,
 * and netbox/dcim/choices.py, DeviceStatusChoices, of its main line when 4.7.1 was current); what is read of them had
 * the same titles in 3.x. The names of its import form (`device_type`, `asset_tag`) are read as well.
 */
const COLUMNS = {
  node: ['name'],
  status: [],
  site: [],
  hall: ['location'],
  rack: [],
  cluster: [],
  // Custom fields, read where a site has them, under any name of the CSV columns.
  status_since: ['cfstatussince'],
  pool: customField('pool'),
  devices: customField('devices'),
  model: customField('model'),
  delivered: customField('delivered'),
  accepted: customField('accepted'),
  retired: customField('retired'),
  from: customField('from'),
} as const

/** Names of a custom field: exports have its label, or its name with `cf_` before it. */
function customField(column: keyof typeof INVENTORY_COLUMNS): readonly string[] {
  const names = [column, ...INVENTORY_COLUMNS[column]]
  return [...names.slice(1), ...names.map((name) => `cf${name}`)]
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

/** Rows, and states of whole nodes, of a NetBox export. docs/inventory.md has the rules in a table. */
export function netboxRows(
  text: string,
  timeZone: string,
  problems: Problems,
): { rows: InventoryRow[]; states: DeviceStateInterval[] } {
  const rows: InventoryRow[] = []
  const states: DeviceStateInterval[] = []
  for (const { line, cells } of readTable(text, COLUMNS, problems, LEFT_ALONE)) {
    const where = `line ${line}`
    const { status: title = '', status_since: since = '', accepted, ...said } = cells
    const { node } = said
    const status = plainName(title)
    const meaning = Object.hasOwn(STATUS, status) ? STATUS[status] : undefined
    if (node === undefined) {
      problems.note(where, 'a device without a name is passed over')
      continue
    }
    if (meaning === undefined && status !== '')
      problems.note(where, `status ${status} is not one of NetBox's own; it is taken for active`)
    const isDated = accepted !== undefined && (meaning?.isAccepted ?? true)
    rows.push({ line, cells: isDated ? { ...said, accepted } : said })
    const state = meaning === undefined ? null : stateNeeded(said, status, meaning)
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

/** The state that the journal needs beside the dates of the devices. */
function stateNeeded(
  { devices, retired }: InventoryRow['cells'],
  status: string,
  { isAccepted, state }: Meaning,
) {
  // Devices that were never accepted are not capacity, retired ones no longer: what they do needs no state.
  if (!isAccepted && devices !== undefined) return null
  if (status === 'decommissioning' && retired !== undefined) return null
  return state
}
