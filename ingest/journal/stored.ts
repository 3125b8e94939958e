import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { JournalBody, type JournalEntry, type Owner } from '#schemas/journal.ts'
import { INTERVAL_KINDS } from '#schemas/ledger.ts'
import type { QueryValue } from '#schemas/ports.ts'
import type { Store } from '../store/store.ts'
import type { StoredClaim, StoredScope } from './claims.ts'
import { FACILITY_KINDS, type StoredFacilityRow } from './facility.ts'
import type { StoredInterval } from './interval-book.ts'
import type { StoredPlace } from './place-book.ts'
import type { StoredReference } from './references.ts'
import { createSeats, type Seats } from './seats.ts'
import type { Span } from './spans.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  applied: statement('applied'),
  waiting: statement('waiting'),
  owners: statement('owners'),
  deviceNews: statement('device-news'),
  seats: statement('seats'),
  listed: statement('listed'),
  intervals: statement('stored-intervals'),
  places: statement('stored-places'),
  claims: statement('stored-allocations'),
  scopes: statement('stored-scopes'),
  references: statement('stored-references'),
  facility: statement('stored-facility'),
} as const

const integer = z.coerce.number().int()
const id = z.string().transform(BigInt)
const AppliedRow = z.object({ sequence: integer, body: z.string() })
const WaitingRow = z.object({
  sequence: integer,
  at_ms: integer,
  who: z.string(),
  body: z.string(),
})
const OwnersRow = z.object({ body: z.string() })
const NewsRow = z.object({ rows: z.string(), newest_ms: integer })
const ListedRow = z.object({ device_id: id })
const SeatRow = z.object({
  device_id: id,
  key: z.string(),
  cluster: z.string(),
  node: z.string(),
  device_index: z.int(),
  bus: z.string(),
  from_ms: integer,
  last_ms: integer,
})
const IntervalRow = z.object({
  kind: z.enum(INTERVAL_KINDS),
  device_id: id,
  from_ms: integer,
  to_ms: integer,
  reason: z.string(),
  detail: z.string(),
  version: integer,
})
const PlaceRow = z.object({
  device_id: id,
  node: z.string(),
  from_ms: integer,
  site: z.string(),
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  version: integer,
})
const ClaimRow = z.object({
  device_id: id,
  from_ms: integer,
  to_ms: integer,
  source: z.string(),
  holder: z.string(),
  job: z.string(),
  tenant: z.string(),
  account: z.string(),
  class: z.string(),
  billing: z.string(),
  confidence: z.string(),
  share_ppm: z.int(),
  version: integer,
})
const ScopeRow = z.object({
  source: z.string(),
  cluster: z.string(),
  node: z.string(),
  from_ms: integer,
  to_ms: integer,
  version: integer,
})
const ReferenceRow = z.object({
  class: z.string(),
  model: z.string(),
  from_ms: integer,
  effective_ppm: z.int(),
  version: integer,
})
const FacilityRow = z.object({
  kind: z.enum(FACILITY_KINDS),
  name: z.string(),
  from_ms: integer,
  row: z.string(),
  version: integer,
})

/** A fleet of 100,000 devices, and rows of one entry over them. */
const LIMITS = { maxResultRows: 2_000_000, maxExecutionMs: 60_000, maxRowsToRead: 20_000_000_000 }
/** Ids of one statement: some 30 bytes each of a URL that may be 1 MiB. */
const IDS_AT_ONCE = 2_000

/** An entry of which a part still waits for its devices. */
export type WaitingEntry = JournalEntry

/** What the mirror reads of the store. Everything rejects with E_STORE_AWAY when it does not answer. */
export interface StoredJournal {
  /** The last entry that is mirrored whole; null = none is. */
  applied(): Promise<Pick<JournalEntry, 'sequence' | 'body'> | null>
  waiting(): Promise<WaitingEntry[]>
  owners(): Promise<readonly Owner[]>
  /** Changes whenever `seats` may. */
  deviceNews(): Promise<string>
  seats(): Promise<Seats>
  /** Devices of whose capacity an inventory speaks. */
  listed(): Promise<bigint[]>
  intervals(devices: readonly bigint[]): Promise<StoredInterval[]>
  places(devices: readonly bigint[], nodes: readonly string[]): Promise<StoredPlace[]>
  /** Of these devices, beginning within the span, its end included. */
  claims(devices: readonly bigint[], starts: Span): Promise<StoredClaim[]>
  scopes(starts: Span): Promise<StoredScope[]>
  references(): Promise<StoredReference[]>
  facility(names: readonly string[]): Promise<StoredFacilityRow[]>
}

export function storedJournal(store: Pick<Store, 'query'>): StoredJournal {
  const read = async <Row>(
    row: z.ZodType<Row>,
    sql: string,
    params: Readonly<Record<string, QueryValue>> = {},
  ): Promise<Row[]> => z.array(row).parse(await store.query(sql, params, LIMITS))
  const byIds = async <Row>(
    row: z.ZodType<Row>,
    sql: string,
    ids: readonly bigint[],
    params: Readonly<Record<string, QueryValue>> = {},
  ): Promise<Row[]> => {
    const found: Row[] = []
    for (const part of chunks([...new Set(ids)].map(String), IDS_AT_ONCE))
      found.push(...(await read(row, sql, { ...params, ids: part })))
    return found
  }
  const startsOf = ({ fromMs, toMs }: Span) => ({ from_ms: fromMs, last_ms: toMs })
  return {
    async applied() {
      const [row] = await read(AppliedRow, SQL.applied)
      return row === undefined ? null : { sequence: row.sequence, body: bodyOf(row.body) }
    },
    async waiting() {
      const rows = await read(WaitingRow, SQL.waiting)
      return rows.map(({ body, ...rest }) => ({ ...rest, body: bodyOf(body) }))
    },
    async owners() {
      const [row] = await read(OwnersRow, SQL.owners)
      const body = row === undefined ? null : bodyOf(row.body)
      return body?.kind === 'owners' ? body.owners : []
    },
    async deviceNews() {
      const [row] = await read(NewsRow, SQL.deviceNews)
      return `${row?.rows}:${row?.newest_ms}`
    },
    async seats() {
      const rows = await read(SeatRow, SQL.seats)
      return createSeats(
        rows.map(({ device_id, key, device_index, from_ms, last_ms, ...rest }) => ({
          ...rest,
          deviceId: device_id,
          canonicalKey: key,
          index: device_index,
          fromMs: from_ms,
          lastMs: last_ms,
        })),
      )
    },
    listed: async () => (await read(ListedRow, SQL.listed)).map((row) => row.device_id),
    intervals: async (devices) => (await byIds(IntervalRow, SQL.intervals, devices)).map(named),
    places: async (devices, nodes) =>
      // Device 0 stands for the nodes.
      (await byIds(PlaceRow, SQL.places, [0n, ...devices], { nodes })).map(
        ({ device_id, from_ms, ...rest }) => ({ ...rest, deviceId: device_id, fromMs: from_ms }),
      ),
    claims: async (devices, starts) =>
      (await byIds(ClaimRow, SQL.claims, devices, startsOf(starts))).map(
        ({ share_ppm, ...row }) => ({ ...named(row), sharePpm: share_ppm }),
      ),
    scopes: async (starts) =>
      (await read(ScopeRow, SQL.scopes, startsOf(starts))).map(({ from_ms, to_ms, ...rest }) => ({
        ...rest,
        fromMs: from_ms,
        toMs: to_ms,
      })),
    references: async () =>
      (await read(ReferenceRow, SQL.references)).map(({ from_ms, effective_ppm, ...rest }) => ({
        ...rest,
        fromMs: from_ms,
        effectivePpm: effective_ppm,
      })),
    async facility(names) {
      const found: StoredFacilityRow[] = []
      for (const part of chunks([...new Set(names)], IDS_AT_ONCE))
        for (const { from_ms, ...rest } of await read(FacilityRow, SQL.facility, { names: part }))
          found.push({ ...rest, fromMs: from_ms })
      return found
    },
  }
}

/** Columns as the code names them. */
function named<Row extends { device_id: bigint; from_ms: number; to_ms: number }>(row: Row) {
  const { device_id, from_ms, to_ms, ...rest } = row
  return { ...rest, deviceId: device_id, fromMs: from_ms, toMs: to_ms }
}

/** Whether two bodies say the same: fields that an older version did not know have their defaults. */
export const isSameBody = (one: JournalBody, other: JournalBody): boolean =>
  JSON.stringify(JournalBody.parse(one)) === JSON.stringify(JournalBody.parse(other))

const bodyOf = (text: string): JournalBody => JournalBody.parse(JSON.parse(text))

export function chunks<Value>(values: readonly Value[], size: number): readonly Value[][] {
  const parts: Value[][] = []
  for (let at = 0; at < values.length; at += size) parts.push(values.slice(at, at + size))
  return parts
}
