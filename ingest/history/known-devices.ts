import { z } from 'zod'
import type { Clock } from '#schemas/role.ts'
import { deviceId } from '../identity/device-id.ts'
import type { Store } from '../store/store.ts'
import { aliasRow, iso, type JsonRow } from '../worker/rows.ts'
import type { DimensionName } from './map.ts'
import { changedSpans, type Span } from './spans.ts'

/** A device of a file, as its rows describe it. */
export interface FileDevice {
  readonly key: string
  readonly index: number
  readonly dimensions: Readonly<Partial<Record<DimensionName, string>>>
}

/** What the `devices` table has to say of a device from a moment on. */
export interface DeviceWord {
  readonly device: FileDevice
  readonly atMs: number
}

const ROWS_PER_INSERT = 20_000

/** Stores rows as objects, some at a time; the token tells the inserts of one list apart. */
export async function insertRows(
  store: Pick<Store, 'insertJson'>,
  table: string,
  { rows, token }: { readonly rows: readonly JsonRow[]; readonly token: string },
): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT)
    await store.insertJson(table, rows.slice(at, at + ROWS_PER_INSERT), `${token}:${table}:${at}`)
}

/** Who the devices are and what they were. The rows are keyed by device and time: again changes nothing. */
export async function storeDevices(
  store: Pick<Store, 'insertJson'>,
  words: readonly DeviceWord[],
  token: string,
): Promise<void> {
  const aliases = words.map(({ device: { key }, atMs }) =>
    aliasRow({ key, deviceId: deviceId(key), atMs }),
  )
  await insertRows(store, 'device_aliases', { rows: aliases, token })
  await insertRows(store, 'devices', { rows: words.map(deviceRow), token })
}

const deviceRow = ({ device, atMs }: DeviceWord): JsonRow => ({
  device_id: deviceId(device.key),
  at: iso(atMs),
  canonical_key: device.key,
  device_index: device.index,
  node: '',
  ...device.dimensions,
  parent_id: 0,
  partition_share: null,
  collector: 'import',
  sources: ['import'],
  labels: {},
  simulated: 0,
  log_position: 0,
})

/** Spans that reach from the end of what is known before them to the beginning of what is known after them. */
function bridged(known: readonly Span[], spans: readonly Span[]): Span[] {
  const lived = known.filter(({ fromMs, toMs }) => toMs > fromMs)
  return spans.map(({ fromMs, toMs }) => {
    const before = lived.filter((one) => one.toMs <= fromMs).map((one) => one.toMs)
    const after = lived.filter((one) => one.fromMs >= toMs).map((one) => one.fromMs)
    return {
      fromMs: before.length > 0 ? Math.max(...before) : fromMs,
      toMs: after.length > 0 ? Math.min(...after) : toMs,
    }
  })
}

const SpanRow = z.object({
  device_id: z.string(),
  from_ms: z.coerce.number().int(),
  to_ms: z.coerce.number().int(),
})

export interface CapacityOptions {
  readonly token: string
  readonly clock: Clock
  /** True where somebody watched all the time: between what is known and these spans the device was there, unknown. */
  readonly isWatched?: boolean
}

/** Capacity of devices by id: joined with what earlier files said, so that no second counts twice. */
export async function storeCapacity(
  store: Pick<Store, 'query' | 'insertJson'>,
  capacity: ReadonlyMap<bigint, readonly Span[]>,
  { token, clock, isWatched }: CapacityOptions,
): Promise<void> {
  const stored = z.array(SpanRow).parse(
    await store.query(
      `SELECT toString(device_id) AS device_id, toUnixTimestamp64Milli(from_at) AS from_ms,
         toUnixTimestamp64Milli(to_at) AS to_ms
       FROM intervals FINAL WHERE kind = 'capacity' ORDER BY device_id, from_ms`,
      {},
      { maxResultRows: 10_000_000 },
    ),
  )
  const byDevice = Map.groupBy(stored, (row) => row.device_id)
  const version = clock()
  const rows: JsonRow[] = []
  for (const [id, spans] of capacity) {
    const known = (byDevice.get(String(id)) ?? []).map(({ from_ms, to_ms }) => ({
      fromMs: from_ms,
      toMs: to_ms,
    }))
    for (const { fromMs, toMs } of changedSpans(
      known,
      isWatched === true ? bridged(known, spans) : spans,
    ))
      rows.push({
        kind: 'capacity',
        device_id: id,
        from_at: iso(fromMs),
        to_at: iso(toMs),
        reason: 'import',
        detail: '',
        version,
      })
  }
  await insertRows(store, 'intervals', { rows, token: `${token}:${version}` })
}
