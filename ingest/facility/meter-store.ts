import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { LoopRow, MeterRow, SiteRow } from '#schemas/facility.ts'
import type { QueryValue } from '#schemas/ports.ts'
import { METER_FLAGS } from '#schemas/meter-flags.ts'
import { FACILITY_KINDS } from '../journal/facility.ts'
import { chunks } from '../journal/stored.ts'
import type { Store } from '../store/store.ts'
import { BRIDGE_MAX_MS } from './counter.ts'
import { BUCKET_MS, type MeterBucket, type Span } from './meter-energy.ts'
import type { MeterReadings, StoredReading } from './readings.ts'
import type { ScopeBucket } from './scope-energy.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  readings: statement('meter-readings'),
  far: statement('far-readings'),
  late: statement('late-readings'),
  first: statement('first-reading'),
  tree: statement('facility-tree'),
  news: statement('facility-news'),
  settled: statement('settled-buckets'),
  known: statement('known-meters'),
  meters: statement('stored-meters'),
  scopes: statement('stored-scopes'),
  usual: statement('usual-energy'),
  revision: statement('next-meter-revision'),
} as const

const integer = z.coerce.number().int()
const numbers = z.array(z.number())
const SeriesRow = z.object({
  meter: z.string(),
  metric: z.enum(['energy_joules_total', 'power_watts', 'energy_reset_seconds']),
  at_ms: numbers,
  values: numbers,
  longest_ms: z.number(),
  inserted_ms: numbers,
})
const FarRow = z.object({
  meter: z.string(),
  at_ms: z.number(),
  value: z.number(),
  step_ms: z.number(),
  inserted_ms: z.number(),
})
const LateRow = z.object({ from_ms: integer, inserted_ms: integer })
const FirstRow = z.tuple([z.object({ from_ms: integer })])
const TreeRow = z.object({
  kind: z.enum(FACILITY_KINDS),
  name: z.string(),
  from_ms: integer,
  row: z.string(),
  inserted_ms: integer,
})
const NewsRow = z.tuple([z.object({ rows: z.string(), version: z.string(), inserted_ms: integer })])
const KnownRow = z.object({ meter: z.string() })
const SettledRow = z.object({ resolution: z.string(), from_ms: integer, as_of_ms: integer })
const StoredMeter = z.object({
  from_ms: integer,
  meter: z.string(),
  energy_mj: integer,
  known_ms: integer,
  estimated_ms: integer,
  flags: integer,
})
const StoredScope = z.object({
  from_ms: integer,
  scope: z.string(),
  category: integer,
  total_mj: integer,
  total_known_ms: integer,
  total_expected_ms: integer,
  it_mj: integer,
  it_known_ms: integer,
  it_expected_ms: integer,
  cooling_mj: integer,
  distribution_mj: integer,
  other_mj: integer,
  estimated_ms: integer,
  flags: integer,
  faulty: z.array(z.string()),
})
const UsualRow = z.object({ meter: z.string(), usual_mj: integer })
const RevisionRow = z.tuple([z.object({ revision: integer.min(1) })])

const LIMITS = { maxResultRows: 5_000_000, maxExecutionMs: 60_000, maxRowsToRead: 20_000_000_000 }
/** Names of one statement: they travel in a URL that may be 1 MiB. */
const NAMES_AT_ONCE = 2_000
/** What is read round a bucket: enough to tell a wrong reading from a reset (counter.ts). */
export const REACH_MS = BUCKET_MS

/** A dated row of the facility, and when it was written. */
export interface TreeNews {
  readonly key: string
  readonly fromMs: number
  readonly insertedMs: number
}

export interface StoredTree {
  readonly sites: readonly SiteRow[]
  readonly meters: readonly MeterRow[]
  readonly loops: readonly LoopRow[]
  readonly rows: readonly TreeNews[]
}

/** What settling of meters reads of the store. Everything rejects with E_STORE_AWAY when it does not answer. */
export interface MeterStore {
  readings(span: Span): Promise<Map<string, MeterReadings>>
  /** The last counter reading before a window, or the first after it, within the longest silence that is bridged. */
  far(
    names: readonly string[],
    span: Span,
    side: 'before' | 'after',
  ): Promise<Map<string, StoredReading>>
  /** Buckets that rows stored since then reach, with when the newest of them was stored. */
  late(sinceMs: number, horizonMs: number): Promise<{ fromMs: number; insertedMs: number }[]>
  /** Since when meters are read; null = none was. */
  firstMs(): Promise<number | null>
  /** Changes whenever `tree` may. */
  treeNews(): Promise<string>
  tree(): Promise<StoredTree>
  /** Meters that had energy since then. */
  knownMeters(sinceMs: number): Promise<string[]>
  settled(): Promise<{ buckets: [number, number][]; seenMs: number }>
  meters(span: Span): Promise<Map<string, MeterBucket>>
  scopes(span: Span): Promise<Map<string, ScopeBucket>>
  /** What meters usually carry in a bucket, by the day before. */
  usual(fromMs: number): Promise<Map<string, number>>
  nextRevision(span: Span): Promise<number>
}

/** How stored rows are called. */
export const bucketKey = (fromMs: number, name: string): string => `${fromMs} ${name}`

export function meterStore(store: Pick<Store, 'query'>): MeterStore {
  const read = async <Row extends z.ZodType>(
    row: Row,
    sql: string,
    params: Readonly<Record<string, QueryValue>> = {},
  ): Promise<z.infer<Row>[]> => z.array(row).parse(await store.query(sql, params, LIMITS))
  const one = async <Row extends z.ZodType>(row: Row, sql: string, params = {}) =>
    row.parse(await store.query(sql, params, LIMITS))
  const window = ({ fromMs, toMs }: Span) => ({ from_ms: fromMs, to_ms: toMs })
  return {
    async readings({ fromMs, toMs }) {
      const span = window({ fromMs: fromMs - REACH_MS, toMs: toMs + REACH_MS })
      return bySeries(await read(SeriesRow, SQL.readings, span), span.from_ms)
    },
    async far(names, { fromMs, toMs }, side) {
      const span =
        side === 'before'
          ? window({ fromMs: fromMs - BRIDGE_MAX_MS, toMs: fromMs - REACH_MS })
          : window({ fromMs: toMs + REACH_MS, toMs: toMs + BRIDGE_MAX_MS })
      const found = new Map<string, StoredReading>()
      for (const part of chunks(names, NAMES_AT_ONCE)) {
        const params = { ...span, names: part, is_last: side === 'before' }
        for (const row of await read(FarRow, SQL.far, params)) {
          const { at_ms: atMs, value, step_ms: stepMs, inserted_ms: insertedMs } = row
          found.set(row.meter, { atMs, value, stepMs, insertedMs })
        }
      }
      return found
    },
    async late(sinceMs, horizonMs) {
      const params = { since_ms: sinceMs, horizon_ms: horizonMs, bucket_ms: BUCKET_MS }
      const rows = await read(LateRow, SQL.late, params)
      return rows.map((row) => ({ fromMs: row.from_ms, insertedMs: row.inserted_ms }))
    },
    async firstMs() {
      const [{ from_ms }] = await one(FirstRow, SQL.first)
      return from_ms === 0 ? null : from_ms
    },
    async treeNews() {
      return JSON.stringify(await one(NewsRow, SQL.news))
    },
    tree: async () => treeOf(await read(TreeRow, SQL.tree)),
    async knownMeters(sinceMs) {
      const rows = await read(KnownRow, SQL.known, { from_ms: Math.max(0, sinceMs) })
      return rows.map(({ meter }) => meter)
    },
    async settled() {
      const rows = await read(SettledRow, SQL.settled)
      const buckets = rows.filter(({ resolution }) => resolution === METER_RESOLUTION)
      const seen = rows.find(({ resolution }) => resolution === SEEN_RESOLUTION)
      return {
        buckets: buckets.map((row): [number, number] => [row.from_ms, row.as_of_ms]),
        seenMs: seen?.as_of_ms ?? 0,
      }
    },
    async meters(span) {
      const rows = await read(StoredMeter, SQL.meters, window(span))
      return new Map(rows.map((row) => [bucketKey(row.from_ms, row.meter), bucketOf(row)]))
    },
    async scopes(span) {
      const rows = await read(StoredScope, SQL.scopes, window(span))
      return new Map(rows.map((row) => [bucketKey(row.from_ms, row.scope), scopeOf(row)]))
    },
    async usual(fromMs) {
      const rows = await read(UsualRow, SQL.usual, {
        from_ms: fromMs,
        refused: METER_FLAGS.implausible,
      })
      return new Map(rows.map((row) => [row.meter, row.usual_mj]))
    },
    async nextRevision(span) {
      const [{ revision }] = await one(RevisionRow, SQL.revision, window(span))
      return revision
    },
  }
}

/** As `revisions` calls the buckets of meters. */
export const METER_RESOLUTION = '15m-meters'
/** Its bucket 0 says up to when everything that was stored is settled. */
export const SEEN_RESOLUTION = '15m-meters-seen'

function bySeries(
  rows: readonly z.infer<typeof SeriesRow>[],
  fromMs: number,
): Map<string, MeterReadings> {
  const found = new Map<
    string,
    { energy: StoredReading[]; power: StoredReading[]; resets: StoredReading[] }
  >()
  for (const row of rows) {
    const own = found.get(row.meter) ?? { energy: [], power: [], resets: [] }
    found.set(row.meter, own)
    const readings = row.at_ms.map((afterMs, at) => ({
      atMs: fromMs + afterMs,
      value: row.values[at] ?? 0,
      stepMs: row.longest_ms,
      insertedMs: fromMs + (row.inserted_ms[at] ?? 0),
    }))
    if (row.metric === 'energy_joules_total') own.energy = readings
    else if (row.metric === 'power_watts') own.power = readings
    else own.resets = readings
  }
  return found
}

function treeOf(rows: readonly z.infer<typeof TreeRow>[]): StoredTree {
  const of = <Row>(kind: z.infer<typeof TreeRow>['kind'], schema: z.ZodType<Row>) =>
    rows.filter((row) => row.kind === kind).map(({ row }) => schema.parse(JSON.parse(row)))
  return {
    sites: of('site', SiteRow),
    meters: of('meter', MeterRow),
    loops: of('loop', LoopRow),
    rows: rows.map(({ kind, name, from_ms, inserted_ms }) => ({
      key: `${kind} ${name}`,
      fromMs: from_ms,
      insertedMs: inserted_ms,
    })),
  }
}

const bucketOf = (row: z.infer<typeof StoredMeter>): MeterBucket => ({
  fromMs: row.from_ms,
  energyMj: row.energy_mj,
  knownMs: row.known_ms,
  estimatedMs: row.estimated_ms,
  flags: row.flags,
})

const scopeOf = (row: z.infer<typeof StoredScope>): ScopeBucket => ({
  scope: row.scope,
  category: row.category,
  totalMj: row.total_mj,
  totalKnownMs: row.total_known_ms,
  totalExpectedMs: row.total_expected_ms,
  itMj: row.it_mj,
  itKnownMs: row.it_known_ms,
  itExpectedMs: row.it_expected_ms,
  coolingMj: row.cooling_mj,
  distributionMj: row.distribution_mj,
  otherMj: row.other_mj,
  estimatedMs: row.estimated_ms,
  flags: row.flags,
  faulty: row.faulty,
})
