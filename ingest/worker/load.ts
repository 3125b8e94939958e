import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { BatchDevice, Holder } from '#schemas/batch.ts'
import { createBatchIdentifier } from '../identity/batch-devices.ts'
import {
  CHANGES_MAX,
  createDeviceHistory,
  deviceFacts,
  type StoredFacts,
} from '../identity/history.ts'
import { createIdentityRegistry } from '../identity/registry.ts'
import { createCapacity, type CapacityInterval, type Sighting } from '../settle/capacity.ts'
import type { IntentBody } from '../bus/intents.ts'
import type { Store } from '../store/store.ts'
import { createDeliveryState, type DeliveryState, type Sender } from './delivery.ts'
import type { DeviceKnowledge } from './stage.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  aliases: statement('load-aliases'),
  devices: statement('load-devices'),
  intervals: statement('load-intervals'),
  firstSeen: statement('load-first-seen'),
  collectors: statement('load-collectors'),
  delivery: statement('load-delivery'),
  hasLanded: statement('has-landed'),
} as const

const integer = z.coerce.number().int()
const id = z.string().transform(BigInt)

export const AliasRow = z.object({ key: z.string(), device_id: id, at_ms: integer })
export const DeviceRow = z.object({
  at_ms: integer,
  device_id: id,
  canonical_key: z.string(),
  cluster: z.string(),
  collector: z.string(),
  simulated: z.int(),
  parent_id: id,
  node: z.string(),
  vendor: z.string(),
  model: z.string(),
  device_index: z.int(),
  bus: z.string(),
  partition_id: z.string(),
  partition_profile: z.string(),
  partition_share: z.number().nullable(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  tenant: z.string(),
  job: z.string(),
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  class: z.string(),
  sources: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
})
export type DeviceRow = z.infer<typeof DeviceRow>
const IntervalRow = z.object({
  device_id: id,
  from_ms: integer,
  to_ms: integer,
  reason: z.string(),
  detail: z.string(),
  version: integer,
})
const SeenRow = z.object({
  device_id: id,
  first_ms: integer,
  node: z.string(),
  is_partition: z.union([z.boolean(), z.int()]).transform(Boolean),
  recent_first_ms: integer,
  recent_last_ms: integer,
})
const DeliveryRow = z.object({
  cluster: z.string(),
  collector: z.string(),
  boot: z.string(),
  lost: z.int(),
  from_seq: integer,
  to_seq: integer,
  heard_at_ms: integer,
  has_details: z.int(),
})
const CollectorRow = z.object({ collector: z.string(), rows: integer })

/** Samples of this time are looked at for devices that are not in capacity yet. */
const RECENT_MS = 3_600_000
/** Limits of the reads at start: a fleet of 100,000 devices with ten keys each. */
const LIMITS = { maxResultRows: 2_000_000, maxExecutionMs: 60_000, maxRowsToRead: 20_000_000_000 }

/** Everything that was known of devices, with the capacity intervals it was made of. */
export interface LoadedKnowledge {
  readonly knowledge: DeviceKnowledge
  readonly intervals: readonly CapacityInterval[]
}

/** Restores what is known of devices from the store. Rejects with E_STORE_AWAY when it does not answer. */
export async function loadKnowledge(
  store: Pick<Store, 'query'>,
  nowMs: number,
): Promise<LoadedKnowledge> {
  const read = (sql: string, params: Readonly<Record<string, number>> = {}) =>
    store.query(sql, params, LIMITS)
  const aliases = z.array(AliasRow).parse(await read(SQL.aliases))
  const registry = createIdentityRegistry(
    aliases.map((row) => ({ key: row.key, deviceId: row.device_id, atMs: row.at_ms })),
  )
  const devices = z.array(DeviceRow).parse(await read(SQL.devices, { changes: CHANGES_MAX }))
  const history = createDeviceHistory(devices.map(storedFacts))
  const intervals = await loadIntervals(store)
  const recentMs = nowMs - RECENT_MS
  const seen = z.array(SeenRow).parse(await read(SQL.firstSeen, { recent_ms: recentMs }))
  const capacity = createCapacity({
    intervals,
    nodes: new Map(seen.map((row) => [row.device_id, row.node])),
    pending: seen.flatMap((row): Sighting[] => {
      if (row.recent_last_ms < recentMs) return []
      const isNew = row.first_ms >= recentMs
      return [
        {
          deviceId: row.device_id,
          node: row.node,
          isPartition: row.is_partition,
          firstMs: isNew ? row.first_ms : row.recent_first_ms,
          lastMs: row.recent_last_ms,
        },
      ]
    }),
  })
  const identify = createBatchIdentifier(registry)
  return { knowledge: { registry, identify, history, capacity }, intervals }
}

/** Capacity as it is stored now, oldest first. */
export async function loadIntervals(store: Pick<Store, 'query'>): Promise<CapacityInterval[]> {
  return capacityIntervals(await store.query(SQL.intervals, {}, LIMITS))
}

/** Rows of capacity as the code names them. */
export const capacityIntervals = (rows: readonly unknown[]): CapacityInterval[] =>
  z
    .array(IntervalRow)
    .parse(rows)
    .map(({ device_id, from_ms, to_ms, ...rest }) => ({
      deviceId: device_id,
      fromMs: from_ms,
      toMs: to_ms,
      ...rest,
    }))

/** Rows that one statement puts in order, about 100 bytes of the store's memory each. */
const SLICE_ROWS = 1_000_000

/**
 * Restores which sequences are stored, of boots heard since `fromMs`, of collectors that `isOwn`: from
 * `batches`, and from what remains of its removed rows. Takes them in slices of collectors, so that weeks of
 * rows nobody compacted need time and not memory.
 */
export async function loadDelivery(
  store: Pick<Store, 'query'>,
  fromMs: number,
  isOwn: (collector: string) => boolean = () => true,
): Promise<DeliveryState> {
  const delivery = createDeliveryState()
  const found = await store.query(SQL.collectors, { from_ms: fromMs }, LIMITS)
  for (const slice of slicesOf(z.array(CollectorRow).parse(found))) {
    const rows = await store.query(SQL.delivery, { from_ms: fromMs, ...slice }, LIMITS)
    restore(delivery, z.array(DeliveryRow).parse(rows), isOwn)
  }
  return delivery
}

interface Slice {
  readonly first_collector: string
  readonly last_collector: string
}

/** Neighbours in the order of the key, together at most SLICE_ROWS, but for one that has more by itself. */
function slicesOf(collectors: readonly z.infer<typeof CollectorRow>[]): Slice[] {
  const slices: Slice[] = []
  let rows = Infinity
  for (const { collector, rows: own } of collectors) {
    const open = slices.at(-1)
    rows += own
    if (open !== undefined && rows <= SLICE_ROWS)
      slices[slices.length - 1] = { ...open, last_collector: collector }
    else {
      slices.push({ first_collector: collector, last_collector: collector })
      rows = own
    }
  }
  return slices
}

function restore(
  delivery: DeliveryState,
  rows: readonly z.infer<typeof DeliveryRow>[],
  isOwn: (collector: string) => boolean,
): void {
  const known = new Map<string, { readonly sender: Sender; hasDetails: boolean }>()
  for (const row of rows) {
    // What another shard stores of them later is not heard of here: it would look like a hole.
    if (!isOwn(row.collector)) continue
    const sender = { cluster: row.cluster, collector: row.collector, boot: row.boot }
    const range = { from: row.from_seq, to: row.to_seq }
    if (row.lost === 0) delivery.markStored(sender, range)
    else delivery.markLost(sender, range)
    delivery.heard(sender, row.heard_at_ms)
    const key = `${row.collector}:${row.boot}`
    const before = known.get(key)
    if (before === undefined) known.set(key, { sender, hasDetails: row.has_details === 1 })
    else if (row.has_details === 1) before.hasDetails = true
  }
  const whole = [...known.values()].filter(({ hasDetails }) => !hasDetails)
  delivery.written(
    whole.map(({ sender }) => sender),
    0,
  )
  delivery.removed(0)
}

/** Whether all of an insert is known to be stored: `batches` is written last, under the same token. */
export async function hasLanded(
  store: Pick<Store, 'query'>,
  intent: IntentBody,
  fromMs: number,
): Promise<boolean> {
  const { shard, epoch, first, last } = intent
  const params = { shard, epoch, first, last, from_ms: fromMs }
  const rows = await store.query(SQL.hasLanded, params, LIMITS)
  return rows.length > 0
}

/** A row of `devices` as the history compares it. */
export function storedFacts(row: DeviceRow): StoredFacts {
  const { node, vendor, model, bus, hall, rack, pool, sources, labels, cluster, collector } = row
  const { tenant, job, namespace, pod, container } = row
  const holder: Holder = { tenant, job, namespace, pod, container, class: row.class }
  const partition =
    row.partition_id === ''
      ? null
      : { id: row.partition_id, profile: row.partition_profile, share: row.partition_share }
  const device: BatchDevice = {
    keys: [row.canonical_key],
    index: row.device_index === -1 ? null : row.device_index,
    parent: null,
    node,
    vendor,
    model,
    bus,
    hall,
    rack,
    pool,
    sources,
    labels,
    holder,
    partition,
  }
  const { fingerprint } = deviceFacts({
    deviceId: row.device_id,
    canonicalKey: row.canonical_key,
    parentId: row.parent_id,
    simulated: row.simulated === 1,
    cluster,
    collector,
    device,
  })
  return { deviceId: row.device_id, atMs: row.at_ms, collector, fingerprint }
}
