import { createSpans } from '../ingest/settle/spans.ts'
import type { Store } from '../ingest/store/store.ts'
import { storedSample } from '../ingest/store/stored-sample.testing.ts'
import { DIMENSIONS } from './filters.ts'
import { STATE_COLUMNS, type StateColumn } from './state-sums.ts'

/** One device's part of one minute; what is left out is a plain H100 that is half busy. */
export interface SeedMinute {
  readonly bucketMs: number
  readonly deviceId?: number
  readonly revision?: number
  readonly dims?: Partial<Record<(typeof DIMENSIONS)[number], string>>
  readonly busySource?: number
  /** Known part of the minute, ms. */
  readonly knownMs?: number
  readonly busy?: number
  readonly capacityMs?: number
  readonly watts?: number
  /** Columns of the ledger by state, of one minute; those left out are 0. Absent = all known time is productive. */
  readonly states?: Partial<Record<StoredStateColumn, number>>
  readonly verificationMs?: number
}

/** Columns of states as tables have them. */
export type StoredStateColumn = Exclude<StateColumn, 'reserve_ms'>
const STORED_STATES = STATE_COLUMNS.filter((column) => column !== 'reserve_ms')

/** What a device is described by. */
const PLAIN_DEVICE = {
  cluster: 'east',
  hall: 'h1',
  rack: 'r1',
  pool: 'main',
  node: 'n1',
  vendor: 'nvidia',
  model: 'H100',
  tenant: '',
  job: '',
  class: '',
}
const PLAIN = { ...PLAIN_DEVICE, allocation_source: '', billing: '' }

const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
const dateTimeMs = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

function sumsOf(minute: SeedMinute, minutes = 1) {
  const { knownMs = 60_000, busy = 0.5, capacityMs = 60_000, watts = 400 } = minute
  const { verificationMs = 0, states } = minute
  const known = knownMs * minutes
  return {
    capacity_ms: capacityMs * minutes,
    verification_ms: verificationMs * minutes,
    ...(states === undefined ? {} : statesOf(states, minutes)),
    known_ms: known,
    busy_ms_x1000: Math.round(busy * 1000) * known,
    active_known_ms: known,
    active_ms_x1000: 250 * known,
    effective_known_ms: 0,
    effective_ms_x1000: 0,
    power_known_ms: known,
    power_mw_ms: watts * 1000 * known,
    memory_known_ms: known,
    memory_ms_x1000: 500 * known,
    temperature_known_ms: known,
    temperature_mc_ms: 60_000 * known,
    temperature_max: known > 0 ? 61.5 : null,
    margin_min: null,
  }
}

const statesOf = (states: NonNullable<SeedMinute['states']>, minutes: number) =>
  Object.fromEntries(STORED_STATES.map((column) => [column, (states[column] ?? 0) * minutes]))

let token = 0
const insert = (store: Store, table: string, rows: readonly Record<string, unknown>[]) => {
  token += 1
  return store.insertJson(table, rows, `seed-${token}`)
}

/** Minutes in a bucket of each table of devices. */
const TABLE_MINUTES = { ledger_1m: 1, ledger_1h: 60, ledger_1d: 1440 } as const

/** Rows of a table of devices. */
export async function seedDevices(
  store: Store,
  buckets: readonly SeedMinute[],
  table: keyof typeof TABLE_MINUTES = 'ledger_1m',
) {
  const rows = buckets.map((bucket) => ({
    bucket: dateTime(bucket.bucketMs),
    device_id: bucket.deviceId ?? 1,
    revision: bucket.revision ?? 1,
    ...PLAIN,
    ...bucket.dims,
    busy_source: bucket.busySource ?? 2,
    ...sumsOf(bucket, TABLE_MINUTES[table]),
    ...(table === 'ledger_1h' ? { busy_histogram_ms: [] } : {}),
    // The tests' zone is ahead of UTC, so noon UTC is the same date there.
    ...(table === 'ledger_1d'
      ? { local_date: dateTime(bucket.bucketMs + 43_200_000).slice(0, 10) }
      : {}),
  }))
  await insert(store, table, rows)
}

/** Rows of ledger_1m_group; `devices` of them are alike. */
export async function seedGroups(
  store: Store,
  minutes: readonly (SeedMinute & { readonly devices: number })[],
) {
  const rows = minutes.map((minute) => {
    const { rack: _r, node: _n, job: _j, ...dims } = { ...PLAIN, ...minute.dims }
    const { temperature_max, margin_min, ...sums } = sumsOf(minute)
    const times = Object.entries(sums).map(([name, value]) => [name, value * minute.devices])
    return {
      bucket: dateTime(minute.bucketMs),
      revision: minute.revision ?? 1,
      ...dims,
      busy_source: minute.busySource ?? 2,
      devices: minute.devices,
      ...Object.fromEntries(times),
      temperature_max,
      margin_min,
    }
  })
  await insert(store, 'ledger_1m_group', rows)
}

/** Publishes a revision of some buckets. */
export async function publish(
  store: Store,
  buckets: readonly number[],
  { resolution = '1m', revision = 1 } = {},
) {
  const rows = buckets.map((ms) => ({
    resolution,
    bucket: dateTime(ms),
    revision,
    as_of: dateTimeMs(ms),
    row_count: 1,
    reason: 'settle',
  }))
  await insert(store, 'revisions', rows)
}

export interface SeedDevice {
  readonly id: number
  readonly dims?: SeedMinute['dims']
  readonly sinceMs: number
  /** Null = not accepted. */
  readonly acceptedMs?: number | null
  readonly key?: string
  readonly parentId?: number
  readonly index?: number
}

/** Descriptions, aliases and capacity intervals (open at the end), as fresh answers know them from then on. */
export async function seedInventory(store: Store, devices: readonly SeedDevice[]) {
  await insert(
    store,
    'devices',
    devices.map(({ id, dims, sinceMs, key, parentId, index }) => ({
      device_id: id,
      at: dateTimeMs(sinceMs),
      canonical_key: key ?? `uuid:GPU-${id}`,
      ...PLAIN_DEVICE,
      ...dims,
      device_index: index ?? id % 8,
      bus: '0000:01:00.0',
      parent_id: parentId ?? 0,
      partition_id: parentId === undefined ? '' : 'GI-1',
      partition_profile: '',
      partition_share: null,
      collector: 'c1',
      namespace: '',
      pod: '',
      container: '',
      sources: ['dcgm-exporter'],
      labels: { driver: '550.54' },
      simulated: 0,
      log_position: 1,
    })),
  )
  await insert(
    store,
    'device_aliases',
    devices.map(({ id, key, sinceMs }) => ({
      key: key ?? `uuid:GPU-${id}`,
      device_id: id,
      at: dateTimeMs(sinceMs),
    })),
  )
  const accepted = devices.filter(({ acceptedMs }) => acceptedMs !== null)
  await insert(
    store,
    'intervals',
    accepted.map(({ id, acceptedMs, sinceMs }) => ({
      kind: 'capacity',
      device_id: id,
      from_at: dateTimeMs(acceptedMs ?? sinceMs),
      to_at: '2100-01-01 00:00:00.000',
      reason: 'discovered',
      detail: '',
      version: 1,
    })),
  )
  const sinceMs = Math.min(...devices.map((device) => device.sinceMs))
  await createSpans(store, () => sinceMs).open(sinceMs)
}

/** Raw rows; columns as `samples` is read. */
export async function seedSamples(
  store: Store,
  samples: readonly ({ readonly tsMs: number; readonly id: number } & Record<string, unknown>)[],
) {
  await insert(
    store,
    'samples',
    samples.map(({ tsMs, id, ...columns }, at) => ({
      ts: dateTimeMs(tsMs),
      device_id: id,
      step_ms: 10_000,
      log_position: at + 1,
      busy_source: 2,
      flags: 0,
      ...storedSample(columns),
    })),
  )
}

/** Inserts rows as they are. */
export const seedRows = insert
