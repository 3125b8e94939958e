import type {
  Device,
  DeviceDetail,
  DeviceEvent,
  DeviceLedger,
  DeviceLedgerState,
  DeviceList,
  DeviceState,
} from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Owner } from '#schemas/journal.ts'
import { BUSY_SOURCES, DEVICE_METRICS } from '#schemas/metrics.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import { readStanding } from './device-standing.ts'
import { parseFilters } from './filters.ts'
import { readFacts, readLinks } from './node-links.ts'
import { type DescriptionRow, deviceDescriptions } from './queries/device-descriptions.ts'
import { deviceKeys } from './queries/device-keys.ts'
import { deviceLastSample } from './queries/device-last-sample.ts'
import { deviceLatest } from './queries/device-latest.ts'
import { devicePlaces } from './queries/device-places.ts'
import { deviceEvents, type EventRow } from './queries/events.ts'
import { devicesPage, type DevicesPageRow, SORT_NUMBER, SORT_TEXT } from './queries/devices-page.ts'
import { effectiveWindow, iso, isoOrNull } from './window.ts'

export interface DevicesDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly simulated: boolean
  /** Who tenants are; absent = nobody knows. */
  readonly documents?: () => Promise<{ readonly owners: readonly Owner[] }>
}

export const DEVICES_LIMIT_MAX = 500
const EVENTS_IN_DETAIL = 200
const PARTITIONS_MAX = 64

export interface DevicesQuestion {
  readonly filters: readonly string[]
  readonly q: string
  /** A column, `-` before it for descending. */
  readonly sort: string
  readonly partitions: boolean
  /** What the ledger counts them as; `outside` = it does not. Absent or empty = all. */
  readonly states?: readonly (DeviceLedgerState | 'outside')[] | undefined
  /** Those of a node, as collectors name it and its cluster. */
  readonly at?: { readonly node: string; readonly cluster: string } | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** GET /api/v1/devices. Throws E_FILTER_INVALID, E_CURSOR_INVALID and the reader's errors. */
export async function listDevices(
  deps: DevicesDeps,
  question: DevicesQuestion,
): Promise<DeviceList> {
  const { cursor, limit, ...asked } = question
  const offset = cursorOffset(asked, cursor)
  const rows = await devicesPage.run(deps.reader, {
    now_ms: deps.clock(),
    ...parseFilters(question.filters).params,
    ...sortParams(question.sort),
    q: question.q,
    states: [...(question.states ?? [])],
    at_node: question.at?.node ?? '',
    at_cluster: question.at?.cluster ?? '',
    include_partitions: question.partitions ? 1 : 0,
    limit,
    offset,
  })
  const total = rows[0]?.total ?? 0
  return {
    devices: (await describe(deps, rows)).map(({ device }) => device),
    total,
    next_cursor: nextCursor(asked, { offset, given: rows.length, total }),
    simulated: deps.simulated,
  }
}

/** GET /api/v1/devices/{id}. Throws E_DEVICE_UNKNOWN. */
export async function deviceDetail(deps: DevicesDeps, id: string): Promise<DeviceDetail> {
  const now = deps.clock()
  const everything = { from_ms: 0, to_ms: now + 86_400_000, limit: EVENTS_IN_DETAIL, offset: 0 }
  const [places, events] = await Promise.all([
    devicePlaces.run(deps.reader, { id, now_ms: now, limit: 1 + PARTITIONS_MAX }),
    deviceEvents.run(deps.reader, { device_id: id, ...everything }),
  ])
  const described = await describe(deps, places)
  const [device, ...partitions] = described.map(({ device }) => device)
  const [first] = described
  if (device?.device_id !== id || first === undefined) throw unknownDevice(id)
  const place = { node: device.node, cluster: device.told.cluster }
  const [facts, links] = await Promise.all([
    readFacts(deps.reader, place, [id, '0']),
    readLinks(deps.reader, place, { ids: [id], nowMs: now }),
  ])
  return {
    device,
    labels: first.labels,
    partitions,
    events: events.map(deviceEvent),
    facts,
    links,
    first_seen: device.first_seen,
    simulated: deps.simulated,
  }
}

/** GET /api/v1/devices/{id}/events, newest first. Throws E_RANGE_INVALID, E_CURSOR_INVALID. */
export async function listDeviceEvents(
  deps: DevicesDeps,
  id: string,
  question: {
    readonly from?: string | undefined
    readonly to?: string | undefined
    readonly limit: number
    readonly cursor?: string | undefined
  },
): Promise<{ events: DeviceEvent[]; next_cursor: string | null; simulated: boolean }> {
  const { cursor, limit, ...asked } = question
  const mark = { id, ...asked }
  const offset = cursorOffset(mark, cursor)
  const window = effectiveWindow(question, null, deps.clock())
  const rows = await deviceEvents.run(deps.reader, {
    device_id: id,
    from_ms: window.fromMs,
    // The running minute counts: an event is a moment, not a bucket.
    to_ms: question.to === undefined ? deps.clock() + 1 : window.toMs,
    limit: limit + 1,
    offset,
  })
  const events = rows.slice(0, limit).map(deviceEvent)
  const total = offset + rows.length
  return {
    events,
    next_cursor: nextCursor(mark, { offset, given: events.length, total }),
    simulated: deps.simulated,
  }
}

export const unknownDevice = (id: string) =>
  new PlimsollError('E_DEVICE_UNKNOWN', `no device has the id ${id}`)

function sortParams(sort: string) {
  const column = sort.replace(/^-/, '')
  return {
    sort_text: SORT_TEXT.find((known) => known === column) ?? ('none' as const),
    sort_number: SORT_NUMBER.find((known) => known === column) ?? ('zero' as const),
    by_value: SORT_NUMBER.some((known) => known === column) ? 1 : 0,
    descending: sort.startsWith('-') ? 1 : 0,
  }
}

/** Adds what the ledger goes by, latest values, keys and, for the silent, the last time they spoke. */
async function describe(
  deps: DevicesDeps,
  rows: readonly Omit<DevicesPageRow, 'total'>[],
): Promise<{ readonly device: Device; readonly labels: Record<string, string> }[]> {
  if (rows.length === 0) return []
  const now_ms = deps.clock()
  const ids = rows.map((row) => row.id)
  const [described, standing, keys, latest] = await Promise.all([
    deviceDescriptions.run(deps.reader, { ids, now_ms }),
    readStanding(deps, ids),
    deviceKeys.run(deps.reader, { ids }),
    deviceLatest.run(deps.reader, { ids, now_ms }),
  ])
  const latestOf = new Map(latest.map((row) => [row.id, row]))
  const silent = ids.filter((id) => !latestOf.has(id))
  const last =
    silent.length === 0 ? [] : await deviceLastSample.run(deps.reader, { ids: silent, now_ms })
  const descriptionOf = new Map(described.map((row) => [row.id, row]))
  const keysOf = new Map(keys.map((row) => [row.id, row]))
  const lastOf = new Map(last.map((row) => [row.id, row]))
  return rows.flatMap((row) => {
    const description = descriptionOf.get(row.id)
    if (description === undefined) return []
    const fresh = latestOf.get(row.id)
    const spoke = fresh ?? lastOf.get(row.id)
    const device = deviceOf(description, row, {
      ledger: standing.get(row.id) ?? null,
      keys: keysOf.get(row.id)?.keys ?? [],
      firstSeenMs: keysOf.get(row.id)?.first_seen_ms ?? null,
      latest: fresh === undefined ? null : latestValues(fresh.latest),
      lastSampleMs: spoke?.last_sample_ms ?? null,
      intervalMs: spoke?.last_step_ms ?? null,
      busySource: fresh?.last_busy_source ?? 0,
    })
    return [{ device, labels: description.labels }]
  })
}

/** Metrics that have a value, of those in the order of the catalogue; the others are missing, which is not zero. */
export function latestValues(latest: readonly (number | null)[]): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [at, { name }] of DEVICE_METRICS.entries()) {
    const value = latest[at]
    if (typeof value === 'number') values[name] = value
  }
  return values
}

interface Known {
  readonly ledger: DeviceLedger | null
  readonly keys: readonly string[]
  readonly firstSeenMs: number | null
  /** Null = it does not report. */
  readonly latest: Record<string, number> | null
  readonly lastSampleMs: number | null
  readonly intervalMs: number | null
  readonly busySource: number
}

function deviceOf(row: DescriptionRow, place: Omit<DevicesPageRow, 'total'>, known: Known): Device {
  const { vendor, model, node, bus, sources } = row
  const { cluster, hall, rack, pool } = place
  return {
    device_id: row.id,
    canonical_key: row.canonical_key,
    keys: [...known.keys],
    vendor,
    model,
    cluster,
    hall,
    rack,
    pool,
    node,
    told: {
      cluster: row.told_cluster,
      hall: row.told_hall,
      rack: row.told_rack,
      pool: row.told_pool,
    },
    bus,
    sources,
    index: row.device_index < 0 ? null : row.device_index,
    parent_id: row.parent === '0' ? null : row.parent,
    partition: partitionOf(row),
    holder: holderOf(row),
    ledger: known.ledger,
    state: stateOf(known),
    accepted: row.is_accepted === 1,
    first_seen: isoOrNull(known.firstSeenMs),
    last_sample_at: isoOrNull(known.lastSampleMs),
    interval_ms: known.intervalMs,
    busy_source: BUSY_SOURCES[known.busySource] ?? `source_${known.busySource}`,
    latest: known.latest ?? {},
  }
}

function stateOf({ latest, lastSampleMs }: Known): DeviceState {
  if (latest === null) return lastSampleMs === null ? 'never' : 'silent'
  return Object.keys(latest).length > 0 ? 'reporting' : 'failed'
}

function partitionOf(row: DescriptionRow): Device['partition'] {
  if (row.partition_id === '') return null
  return {
    id: row.partition_id,
    profile: row.partition_profile === '' ? null : row.partition_profile,
    share: row.partition_share,
  }
}

function holderOf({ tenant, job, namespace, pod, container, class: workload }: DescriptionRow) {
  const told = Object.entries({ tenant, job, namespace, pod, container, class: workload }).filter(
    ([, value]) => value !== '',
  )
  return told.length === 0 ? null : Object.fromEntries(told)
}

/** A stored event in the answer's form. */
export function deviceEvent({ at_ms, id, ...event }: EventRow): DeviceEvent {
  return { at: iso(at_ms), device_id: id === '0' ? null : id, ...event }
}
