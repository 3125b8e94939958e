import { z } from 'zod'
import { deviceId, fleetKey } from '../../ingest/identity/device-id.ts'
import { deviceFacts, type DeviceFacts } from '../../ingest/identity/history.ts'
import { insertRows, storeCapacity } from '../../ingest/history/known-devices.ts'
import { nodeColumns, type NodeRow } from '../../ingest/history/node-rows.ts'
import { createSampleRows } from '../../ingest/history/sample-rows.ts'
import type { Span } from '../../ingest/history/spans.ts'
import type { PartSpan } from '../../ingest/history/stored-parts.ts'
import { FLAG_BUSY_IS_COUNTER } from '../../ingest/store/whole-numbers.ts'
import type { Store } from '../../ingest/store/store.ts'
import { aliasRow, deviceRow, type JsonRow } from '../../ingest/worker/rows.ts'
import type { BatchDevice } from '#schemas/batch.ts'
import { BUSY_SOURCES, DEVICE_METRICS } from '#schemas/metrics.ts'
import { isNodeMetricName } from '#schemas/node-metrics.ts'
import type { Clock } from '#schemas/role.ts'
import type { PastReading, PastRow } from './prometheus-readings.ts'

export interface PastStoreOptions {
  readonly store: Pick<Store, 'query' | 'insertNative' | 'insertJson'>
  readonly clock: Clock
  readonly cluster: string
  readonly stepMs: number
}

/** Puts what exporters said in the past into the tables: under the identities that their devices have now. */
export interface PastStore {
  /** Takes a reading of one instant; samples may be stored under the part's token. */
  add(reading: PastReading, token: string): Promise<void>
  /** Ends a part: devices, capacity and the rest of its samples. */
  finish(token: string): Promise<PartSpan>
  readonly deviceCount: number
}

const ROWS_MAX = 200_000
const WORD = 2n ** 32n
const VENDOR_UTIL = BUSY_SOURCES.indexOf('vendor_util')
const BUSY_SLOT = DEVICE_METRICS.findIndex(({ name }) => name === 'busy_ratio')
const Aliases = z.array(z.object({ key: z.string(), device_id: z.string() }))

/** A device over all it is described as. */
interface Life {
  readonly id: bigint
  /** The id as two words. */
  readonly low: number
  readonly high: number
  /** What was last said of it, so that only changes become rows. */
  told: string
  /** Its time in the part that is under way. */
  span: { readonly fromMs: number; toMs: number } | null
}

interface Known {
  readonly life: Life
  readonly facts: DeviceFacts
}

/** Reads which keys devices are known under, so that history joins the living device. */
export async function createPastStore(options: PastStoreOptions): Promise<PastStore> {
  const { store, clock, cluster, stepMs } = options
  const stored = await store.query(
    'SELECT key, toString(device_id) AS device_id FROM device_aliases FINAL',
    {},
    { maxResultRows: 10_000_000 },
  )
  const aliases = new Map(Aliases.parse(stored).map((row) => [row.key, BigInt(row.device_id)]))
  const lives = new Map<bigint, Life>()
  /** Descriptions of the part that is under way: found by the object, because that is asked for every row. */
  const byDevice = new Map<BatchDevice, Known>()
  const rows = createSampleRows(ROWS_MAX)
  /** The rows of the last reading, and who they are: mostly the same ones come again. */
  let lastRows: readonly PastRow[] = []
  let lastKnown: readonly Known[] = []
  let words: JsonRow[] = []
  let news: JsonRow[] = []
  let nodes: NodeRow[] = []
  let part = emptySpan()
  let inserts = 0

  const idOf = (keys: readonly string[], atMs: number): bigint => {
    const known = keys.map((key) => aliases.get(key)).find((id) => id !== undefined)
    const id = known ?? deviceId(keys[0] ?? '')
    for (const key of keys) {
      if (aliases.has(key)) continue
      aliases.set(key, id)
      news.push(aliasRow({ key, deviceId: id, atMs }))
    }
    return id
  }
  const meet = (device: BatchDevice, atMs: number): Known => {
    const partition = device.partition?.id ?? null
    const keys = device.keys.map((key) => fleetKey(cluster, key, partition))
    const id = idOf(keys, atMs)
    const parent = device.parent === null ? null : fleetKey(cluster, device.parent, null)
    const facts = deviceFacts({
      deviceId: id,
      canonicalKey: keys[0] ?? '',
      parentId: parent === null ? 0n : (aliases.get(parent) ?? deviceId(parent)),
      cluster,
      collector: 'import',
      simulated: false,
      device,
    })
    const life = lives.get(id) ?? newLife(id)
    lives.set(id, life)
    const known = { life, facts }
    byDevice.set(device, known)
    return known
  }
  const knownOf = (reading: PastReading): readonly Known[] => {
    if (reading.rows !== lastRows) {
      lastKnown = reading.rows.map(
        ({ device }) => byDevice.get(device) ?? meet(device, reading.atMs),
      )
      lastRows = reading.rows
    }
    return lastKnown
  }
  const take = ({ life, facts }: Known, row: PastRow, atMs: number): void => {
    const { busySource, values, offset, slots } = row
    if (life.told !== facts.fingerprint) {
      life.told = facts.fingerprint
      words.push(deviceRow({ facts, atMs, logPosition: 0 }))
    }
    const isCopy = busySource > 0 && busySource !== VENDOR_UTIL
    const flags = isCopy ? FLAG_BUSY_IS_COUNTER : 0
    rows.add({ low: life.low, high: life.high, atMs, stepMs, busySource, flags })
    rows.putSlots(isCopy ? withoutBusy(slots) : slots, values, offset)
    if (life.span === null) life.span = { fromMs: atMs, toMs: atMs + stepMs }
    else life.span.toMs = atMs + stepMs
  }
  const flush = async (token: string): Promise<void> => {
    inserts += 1
    if (rows.rows > 0) {
      const { columns, ...span } = rows.take()
      await store.insertNative('samples', columns, span.rows, `${token}:${inserts}`)
      part = joined(part, span)
    }
    const readings = nodes
    nodes = []
    if (readings.length === 0) return
    const columns = nodeColumns(readings, stepMs)
    await store.insertNative('samples_node', columns, readings.length, `${token}:${inserts}:nodes`)
  }
  return {
    async add(reading, token) {
      const { atMs } = reading
      const known = knownOf(reading)
      for (let at = 0; at < known.length; at += 1) {
        const [who, row] = [known[at], reading.rows[at]]
        if (rows.isFull(atMs)) await flush(token)
        if (who !== undefined && row !== undefined) take(who, row, atMs)
      }
      for (const one of reading.nodes)
        for (const [metric, value] of Object.entries(one.metrics))
          if (typeof value === 'number' && isNodeMetricName(metric))
            nodes.push({ atMs, cluster, node: one.node ?? reading.node, metric, value })
      if (nodes.length >= ROWS_MAX) await flush(token)
    },
    async finish(token) {
      await flush(token)
      // Before the part is noted as stored: a part that is known has its devices.
      await insertRows(store, 'device_aliases', { rows: news, token })
      await insertRows(store, 'devices', { rows: words, token })
      const capacity = new Map<bigint, Span[]>()
      for (const { id, span } of lives.values()) if (span !== null) capacity.set(id, [span])
      if (capacity.size > 0) await storeCapacity(store, capacity, { token, clock, isWatched: true })
      const span = part
      news = []
      words = []
      for (const life of lives.values()) life.span = null
      byDevice.clear()
      lastRows = []
      part = emptySpan()
      inserts = 0
      return span
    },
    get deviceCount() {
      return lives.size
    },
  }
}

/** Slots without `busy_ratio`, found once for each list. */
const withoutBusyOf = new WeakMap<readonly number[], readonly number[]>()

function withoutBusy(slots: readonly number[]): readonly number[] {
  const known = withoutBusyOf.get(slots)
  if (known !== undefined) return known
  const rest = slots.filter((slot) => slot !== BUSY_SLOT)
  withoutBusyOf.set(slots, rest)
  return rest
}

const newLife = (id: bigint): Life => ({
  id,
  low: Number(id % WORD),
  high: Number(id / WORD),
  told: '',
  span: null,
})

const emptySpan = (): PartSpan => ({ rows: 0, minMs: 0, maxMs: 0 })

const joined = (a: PartSpan, b: PartSpan): PartSpan =>
  a.rows === 0
    ? b
    : {
        rows: a.rows + b.rows,
        minMs: Math.min(a.minMs, b.minMs),
        maxMs: Math.max(a.maxMs, b.maxMs),
      }
