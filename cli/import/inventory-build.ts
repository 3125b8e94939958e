import type { InventoryDevice, NodePlace } from '#schemas/journal.ts'
import type { PlacePattern } from '#schemas/place-pattern.ts'
import type { InventoryColumn, InventoryRow } from './inventory-columns.ts'
import { identityOf, INDEX_MAX, namesDevice, type RowIdentity } from './inventory-identity.ts'
import { createNodePlaces, type Place } from './inventory-places.ts'
import { createSeenDevices } from './inventory-seen.ts'
import { readTime, type TimeRead } from './local-time.ts'
import type { Problems } from './problems.ts'

export interface BuildOptions {
  readonly timeZone: string
  readonly pattern: PlacePattern | null
}

interface Dates {
  readonly delivered_ms: number | null
  readonly accepted_ms: number | null
  readonly retired_ms: number | null
  readonly from_ms: number | null
}

interface ReadRow {
  readonly identity: RowIdentity
  readonly dates: Dates
  readonly place: Place
}

/** What schemas/journal.ts takes: a name of a node, and any other text. */
const NODE_CHARS_MAX = 128
const TEXT_CHARS_MAX = 256
const CONTROL = /\p{Cc}/u
const where = (line: number) => `line ${line}`

/**
 * Devices and places of nodes from the rows of a file, in their order. A row that is wrong is refused alone. Of two
 * rows about one device the first one stands.
 */
export function buildInventory(
  rows: readonly InventoryRow[],
  options: BuildOptions,
  problems: Problems,
): { devices: InventoryDevice[]; nodes: NodePlace[] } {
  const devices: InventoryDevice[] = []
  const timeOf = rememberedTimes(options.timeZone)
  const places = createNodePlaces()
  const seen = createSeenDevices()
  for (const row of rows) {
    const read = readRow(row, options.pattern, timeOf)
    if (typeof read === 'string') {
      problems.refuse(where(row.line), read)
      continue
    }
    const { identity, dates, place } = read
    const wrong =
      seen.refusal(row, identity, place) ?? (identity.node === '' ? null : places.refusal(read))
    if (wrong !== null) {
      problems.refuse(where(row.line), wrong)
      continue
    }
    const note = seen.add(row, identity, place) ?? datesWithoutDevice(row, identity)
    if (note !== null) problems.note(where(row.line), note)
    const own = identity.node === '' ? place : places.add(row, read)
    devices.push(...devicesOf(row, { identity, dates, place: own }))
  }
  for (const { line, node, missing } of places.unplaced())
    problems.note(
      where(line),
      `node ${node} has no ${missing} here: unless it stands somewhere already, it is shown as unplaced`,
    )
  return { devices, nodes: places.nodes() }
}

/** One row, checked by itself; a text says why it is refused. */
function readRow(
  row: InventoryRow,
  pattern: PlacePattern | null,
  timeOf: (text: string) => TimeRead,
): ReadRow | string {
  const unfit = unfitText(row)
  if (unfit !== null) return unfit
  const identity = identityOf(row)
  if (typeof identity === 'string') return identity
  if (identity.node === '' && !namesDevice(identity))
    return 'names no device and no node; give uuid, serial or key, or node with index or bus'
  const count = row.cells.devices
  if (count !== undefined && identity.node === '')
    return 'says how many devices, but not in which node'
  if (count !== undefined && namesDevice(identity))
    return 'names one device and says how many; leave out the column devices, or uuid, key, index and bus'
  if (count !== undefined && (!/^\d{1,4}$/.test(count) || Number(count) > INDEX_MAX))
    return `devices ${JSON.stringify(count)} is no number from 0 to ${INDEX_MAX}`
  const dates = datesOf(row, timeOf)
  if (typeof dates === 'string') return dates
  return { identity, dates, place: placeOf(row, identity, pattern) }
}

function unfitText({ cells }: InventoryRow): string | null {
  for (const [column, text] of Object.entries(cells)) {
    const max = column === 'node' ? NODE_CHARS_MAX : TEXT_CHARS_MAX
    // A key is stored with its kind in front.
    if (text.length > max - 'serial:'.length) return `${column} is longer than ${max} characters`
    if (CONTROL.test(text)) return `${column} holds a line break or another control character`
  }
  return null
}

/** Local midnights are searched for, and a file says the same few dates again and again. */
function rememberedTimes(timeZone: string): (text: string) => TimeRead {
  const known = new Map<string, TimeRead>()
  return (text) => {
    const time = known.get(text) ?? readTime(text, timeZone)
    known.set(text, time)
    return time
  }
}

function datesOf({ cells }: InventoryRow, timeOf: (text: string) => TimeRead): Dates | string {
  const read = (column: InventoryColumn) => {
    const text = cells[column]
    if (text === undefined) return null
    const time = timeOf(text)
    return 'wrong' in time
      ? `${column} ${JSON.stringify(text.slice(0, 40))} ${time.wrong}`
      : time.ms
  }
  const all = [read('delivered'), read('accepted'), read('retired'), read('from')]
  const wrong = all.find((value) => typeof value === 'string')
  if (typeof wrong === 'string') return wrong
  const [delivered = null, accepted = null, retired = null, from = null] = all.filter(
    (value) => typeof value !== 'string',
  )
  if (delivered !== null && accepted !== null && accepted < delivered)
    return `accepted ${cells.accepted} is before delivered ${cells.delivered}; correct one of them`
  if (accepted !== null && retired !== null && retired < accepted)
    return `retired ${cells.retired} is before accepted ${cells.accepted}; correct one of them`
  if (delivered !== null && retired !== null && retired < delivered)
    return `retired ${cells.retired} is before delivered ${cells.delivered}; correct one of them`
  return { delivered_ms: delivered, accepted_ms: accepted, retired_ms: retired, from_ms: from }
}

/** A cell counts before what the pattern reads out of the node's name. */
function placeOf(
  { cells }: InventoryRow,
  { node }: RowIdentity,
  pattern: PlacePattern | null,
): Place {
  const named = pattern?.match(node) ?? {}
  const { site = '', cluster = '', hall = '', rack = '', pool = '' } = { ...named, ...cells }
  return { site, cluster, hall, rack, pool }
}

function datesWithoutDevice({ cells }: InventoryRow, identity: RowIdentity): string | null {
  const dated = (['delivered', 'accepted', 'retired'] as const).filter((name) => name in cells)
  if (dated.length === 0 || namesDevice(identity) || 'devices' in cells) return null
  return `${dated.join(', ')} belongs to devices, and the row names none; say how many in the column devices`
}

function devicesOf(
  { cells }: InventoryRow,
  { identity, dates, place }: ReadRow,
): InventoryDevice[] {
  const { key, node, index, bus } = identity
  const device = {
    ...place,
    key,
    node,
    bus,
    vendor: cells.vendor ?? '',
    model: cells.model ?? '',
    delivered_ms: dates.delivered_ms,
    accepted_ms: dates.accepted_ms,
    retired_ms: dates.retired_ms,
  }
  if (namesDevice(identity)) return [{ ...device, index }]
  return Array.from({ length: Number(cells.devices ?? 0) }, (_, at) => ({ ...device, index: at }))
}
