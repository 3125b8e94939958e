import { z } from 'zod'
import type { Store } from '../../ingest/store/store.ts'
import { allParts, HOSTILE } from './fleet.ts'
import { readJournal, NUMBER_METRIC } from './journal.ts'
import type { ProducedBy, Reason, StoredRange, StoredRead } from './judge.ts'
import type { CapacitySpan, MinuteSums, RawSample } from './recount.ts'
import type { Site } from './site.ts'

/** Questions to the store; every one is bounded, so that a checker cannot eat the machine it checks. */
const LIMITS = { maxResultRows: 5_000_000, maxExecutionMs: 60_000, maxRowsToRead: 1_000_000_000 }

const number = z.coerce.number()
const RangeRow = z.object({
  collector: z.string(),
  boot: z.string(),
  first_seq: number,
  last_seq: number,
  row_count: number,
  lost: number,
})
const ReadRow = z.object({
  number,
  row_total: number,
  devices: number,
  ids: z.string().transform(BigInt),
  first_ms: number,
  last_ms: number,
  flags: number,
})
const EventRow = z.object({ collector: z.string(), code: z.string(), message: z.string() })
const QuarantineRow = z.object({ id: z.string(), subject: z.string(), reason: z.string() })
const SampleRow = z.object({
  device: z.string(),
  at_ms: number,
  step_ms: number,
  position: number,
  busy_source: number,
  busy: z.number().nullable(),
  power: z.number().nullable(),
})
const MinuteRow = z.object({
  minute_ms: number,
  device: z.string(),
  capacity: number,
  known: number,
  busy: number,
  power_known: number,
  power: number,
})
const CountRow = z.object({ n: number })

export type QuarantineRow = z.infer<typeof QuarantineRow>

async function rows<T>(
  store: Store,
  schema: z.ZodType<T>,
  sql: string,
  params: Readonly<Record<string, number>> = {},
): Promise<T[]> {
  return z.array(schema).parse(await store.query(sql, params, LIMITS))
}

export const producedIn = (site: Site): ProducedBy[] =>
  allParts(site.seed).map(({ collector, deviceIds }) => ({
    collector,
    deviceIds,
    batches: readJournal(site.journalOf(collector)),
    later: new Set(),
  }))

/** Device ids of the honest collectors, as text of a statement: they come from our own layout. */
const honest = (site: Site) => allParts(site.seed).flatMap(({ deviceIds }) => deviceIds)

export async function storedRanges({ store }: Site): Promise<StoredRange[]> {
  const found = await rows(
    store,
    RangeRow,
    `SELECT collector, boot, first_seq, last_seq, row_count, lost FROM batches
     WHERE collector != '${HOSTILE}' ORDER BY collector, boot, first_seq`,
  )
  return found.map(({ collector, boot, first_seq, last_seq, row_count, lost }) => ({
    collector,
    boot,
    from: first_seq,
    to: last_seq,
    rows: row_count,
    isLost: lost !== 0,
  }))
}

export async function storedReads(site: Site): Promise<StoredRead[]> {
  const found = await rows(
    site.store,
    ReadRow,
    `SELECT ifNull(${NUMBER_METRIC}, 0) AS number, count() AS row_total, uniqExact(device_id) AS devices,
       groupBitXor(device_id) AS ids, toUnixTimestamp64Milli(min(ts)) AS first_ms,
       toUnixTimestamp64Milli(max(ts)) AS last_ms, bitAnd(max(flags), 1) AS flags
     FROM samples WHERE device_id IN (${honest(site).join(', ')}) GROUP BY number`,
  )
  return found.map(({ number: read, row_total, devices, ids, first_ms, last_ms, flags }) => ({
    number: read,
    rows: row_total,
    devices,
    ids,
    firstMs: first_ms,
    lastMs: last_ms,
    isCorrected: flags !== 0,
  }))
}

const GAP = /\((\d+) to (\d+) of boot ([0-9a-f]{32})\)/
const ID = /^([^:]+):([0-9a-f]{32}):(\d+)$/

/** Gap records, and messages of honest collectors that the quarantine has. */
export async function storedReasons(
  { store }: Site,
  quarantined: readonly QuarantineRow[],
): Promise<Reason[]> {
  const events = await rows(
    store,
    EventRow,
    "SELECT collector, code, message FROM events WHERE type = 'gap'",
  )
  const gaps = events.flatMap(({ collector, code, message }) => {
    const [, from, to, boot] = GAP.exec(message) ?? []
    if (boot === undefined) return []
    return [{ collector, boot, from: Number(from), to: Number(to), reason: code }]
  })
  const refused = quarantined.flatMap(({ id, reason }) => {
    const [, collector, boot, seq] = ID.exec(id) ?? []
    if (collector === undefined || boot === undefined) return []
    return [
      { collector, boot, from: Number(seq), to: Number(seq), reason: `quarantine: ${reason}` },
    ]
  })
  return [...gaps, ...refused]
}

export const quarantine = ({ store }: Site) =>
  rows(store, QuarantineRow, 'SELECT id, subject, reason FROM quarantine')

/** Rows about honest devices that the hostile collector brought in. */
export async function takenOver(site: Site): Promise<number> {
  const [found] = await rows(
    site.store,
    CountRow,
    `SELECT count() AS n FROM devices WHERE collector = '${HOSTILE}' AND device_id IN (${honest(site).join(', ')})`,
  )
  return found?.n ?? 0
}

export async function rawSamples(site: Site, fromMs: number, toMs: number): Promise<RawSample[]> {
  const found = await rows(
    site.store,
    SampleRow,
    `SELECT toString(device_id) AS device, toUnixTimestamp64Milli(ts) AS at_ms, step_ms,
       log_position AS position, busy_source, busy_ratio AS busy, power_watts AS power
     FROM samples WHERE device_id IN (${honest(site).join(', ')})
       AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}) AND ts < fromUnixTimestamp64Milli({to_ms:Int64})`,
    { from_ms: fromMs - 180_000, to_ms: toMs },
  )
  return found.map(({ device, at_ms, step_ms, position, busy_source, busy, power }) => ({
    device,
    position,
    atMs: at_ms,
    stepMs: step_ms,
    busySource: busy === null ? 0 : busy_source,
    // Printed with few digits; the value is the nearest 32-bit float.
    busy: busy === null ? null : Math.fround(busy),
    power: power === null ? null : Math.fround(power),
  }))
}

/** What readers see: the highest published revision of each minute. */
export async function settledMinutes(
  site: Site,
  fromMs: number,
  toMs: number,
): Promise<Map<string, MinuteSums>> {
  const found = await rows(
    site.store,
    MinuteRow,
    `SELECT toUnixTimestamp(bucket) * 1000 AS minute_ms, toString(device_id) AS device, sum(capacity_ms) AS capacity,
       sum(known_ms) AS known, sum(busy_ms_x1000) AS busy, sum(power_known_ms) AS power_known, sum(power_mw_ms) AS power
     FROM ledger_1m
     INNER JOIN (
       SELECT bucket, max(revision) AS revision FROM revisions WHERE resolution = '1m' GROUP BY bucket
     ) AS published USING (bucket, revision)
     WHERE device_id IN (${honest(site).join(', ')})
       AND bucket >= toDateTime({from_s:Int64}, 'UTC') AND bucket < toDateTime({to_s:Int64}, 'UTC')
     GROUP BY minute_ms, device`,
    { from_s: fromMs / 1000, to_s: toMs / 1000 },
  )
  return new Map(
    found.map(({ minute_ms, device, power_known, ...sums }) => [
      `${minute_ms} ${device}`,
      { ...sums, powerKnown: power_known },
    ]),
  )
}

/** Minutes whose group rows do not sum to their device rows. */
export async function unevenGroups(site: Site): Promise<number> {
  const sums = (table: string) =>
    `SELECT bucket, sum(capacity_ms) AS capacity, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy,
       sum(idle_held_ms) + sum(unallocated_ms) AS idle, sum(productive_ms_x1000) AS productive FROM ${table}
     INNER JOIN (
       SELECT bucket, max(revision) AS revision FROM revisions WHERE resolution = '1m' GROUP BY bucket
     ) AS published USING (bucket, revision) GROUP BY bucket`
  const [found] = await rows(
    site.store,
    CountRow,
    `SELECT count() AS n FROM (${sums('ledger_1m')}) AS a FULL JOIN (${sums('ledger_1m_group')}) AS b USING (bucket)
     WHERE a.capacity != b.capacity OR a.known != b.known OR a.busy != b.busy OR a.idle != b.idle
       OR a.productive != b.productive`,
  )
  return found?.n ?? 0
}

/** Every honest device is in capacity from the beginning to the end. */
export const capacitySpans = (site: Site): CapacitySpan[] =>
  honest(site).map((id) => ({
    device: id.toString(),
    fromMs: site.capacityFromMs,
    toMs: Number.MAX_SAFE_INTEGER,
  }))
