import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { LedgerCheckReport } from '#schemas/pipeline-report.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { createLocalDays } from '../settle/local-day.ts'
import type { Settler } from '../settle/settle.ts'
import type { Store } from '../store/store.ts'
import { brokenEvent, type BrokenGroup, groupName, rulesOf } from './ledger-broken.ts'
import { type AskPublished, type Pair, pairsOf, type PublishedBucket } from './ledger-pairs.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')
const SQL = {
  check: statement('ledger-check'),
  published: statement('ledger-published'),
  parts: statement('ledger-parts'),
} as const

const integer = z.coerce.number().int()
const Published = z.array(
  z.object({
    resolution: z.enum(['1m', '1h', '1d']),
    bucket_s: integer,
    as_of_ms: integer,
    row_count: integer,
  }),
)
const Parts = z.tuple([z.object({ as_of_ms: integer, buckets_s: z.array(integer) })])
const Rows = z.array(
  z.object({
    bucket_s: integer,
    cluster: z.string(),
    hall: z.string(),
    pool: z.string(),
    model: z.string(),
    tenant: z.string(),
    broken_states: integer,
    broken_known: integer,
    is_impossible: integer,
    is_other: integer,
    own_capacity_ms: integer,
    other_capacity_ms: integer,
  }),
)

/** How often the ledger is looked at: every closed five minutes. */
export const LEDGER_CHECK_MS = 300_000
/** Idle time is found with hindsight of two hours: buckets are looked at again when that has passed. */
export const FINAL_AFTER_MS = 125 * 60_000
/** Looked back on at a start: what another process published just before. */
const SINCE_START_MS = 900_000
/** Buckets of one look; what is left over is looked at in the next, which comes at once. */
const BUCKETS_MAX = 240
/** Groups of one comparison that are told of. */
const GROUPS_MAX = 20
const AGAIN_MS = 60_000
const LIMITS = { maxExecutionMs: 30_000 }

export interface LedgerCheckDeps {
  readonly store: Pick<Store, 'query' | 'insertJson'>
  readonly clock: Clock
  readonly log: Logger
  /** IANA zone of the site's days. */
  readonly timeZone: string
  /** Buckets that begin before this moment, epoch ms, are settled by somebody else, perhaps just now (the demo's history). */
  readonly earliestMs?: number
}

/**
 * The ledger's check of itself: of every bucket that was published, and once more when hindsight is over, that nine states
 * sum to capacity, that known and unknown time do, that nothing is impossible, and that minutes, groups, hours and days
 * hold the same sums. What breaks is an event with advice, counted and reported until it is whole again.
 */
export interface LedgerCheck {
  /** Looks when it is time to and settling has nothing left to do; never rejects. */
  look(settler: Pick<Settler, 'settledUntilMs' | 'status'>): Promise<void>
  readonly report: LedgerCheckReport
}

/** `look` is called between pieces of settling: nothing may be half written meanwhile. */
export function createLedgerCheck(deps: LedgerCheckDeps): LedgerCheck {
  const { store, clock, log, earliestMs = 0 } = deps
  const dayOf = createLocalDays(deps.timeZone)
  const dayEndS = (startS: number) => dayOf(startS * 1_000).endMs / 1_000
  const broken = createBroken(deps)
  let sinceMs = clock() - SINCE_START_MS
  let finalMs: number | null = null
  let dueMs = 0
  let isAway = false
  let seconds = 0
  let runs = 0

  const ask: AskPublished = async (resolution, from_s, to_s) => {
    const [parts] = Parts.parse(await store.query(SQL.parts, { resolution, from_s, to_s }, LIMITS))
    return parts
  }
  const run = async (settledUntilMs: number) => {
    const startedMs = clock()
    const finalToMs = settledUntilMs - FINAL_AFTER_MS
    const asked = { since_ms: sinceMs, final_from_ms: finalMs ?? finalToMs, final_to_ms: finalToMs }
    const params = { ...asked, earliest_ms: earliestMs, limit: BUCKETS_MAX }
    const found = Published.parse(await store.query(SQL.published, params, LIMITS))
    const isFound = ({ resolution, bucket_s }: PublishedBucket) =>
      found.some((one) => one.resolution === resolution && one.bucket_s === bucket_s)
    const again = broken.buckets().filter((bucket) => !isFound(bucket))
    for (const pair of await pairsOf([...found, ...again], { ask, dayEndS })) {
      const groups = Map.groupBy(await compare(store, pair), ({ bucket_s }) => bucket_s)
      for (const bucket of pair.own.buckets)
        await broken.note(pair, bucket, groups.get(bucket) ?? [])
    }
    const isCut = found.length === BUCKETS_MAX
    // Whole pieces of work share one moment of reading: the next look must not begin with the same ones.
    sinceMs = isCut ? Math.max(found.at(-1)?.as_of_ms ?? 0, sinceMs + 1) : startedMs
    finalMs = isCut ? finalMs : finalToMs
    dueMs = isCut ? 0 : startedMs + LEDGER_CHECK_MS
  }

  return {
    async look({ settledUntilMs, status }) {
      // Before this process settled anything, what another one left half written is not whole yet.
      if (settledUntilMs === null || status.minutesSettled + status.minutesRestated === 0) return
      if (clock() < dueMs) return
      const started = performance.now()
      try {
        await run(settledUntilMs)
        isAway = false
      } catch (error) {
        dueMs = clock() + AGAIN_MS
        if (!isAway) log.warn('the ledger cannot be checked', { cause: String(error) })
        isAway = true
      }
      runs += 1
      seconds += (performance.now() - started) / 1_000
    },
    get report() {
      const groups = broken.groups()
      const [first] = groups
      const example = first === undefined ? null : groupName(first).slice(0, 512)
      return { runs, seconds, broken_groups: groups.length, example, failing: isAway }
    },
  }
}

async function compare(
  store: LedgerCheckDeps['store'],
  { own, other, asOne }: Pair,
): Promise<BrokenGroup[]> {
  const params = {
    own: own.table,
    own_resolution: own.resolution,
    own_s: [...own.buckets],
    other: other.table,
    other_resolution: other.resolution,
    other_s: [...other.buckets],
    as_one: asOne === null ? 0 : 1,
    at_s: asOne ?? 0,
    limit: GROUPS_MAX,
  }
  const rows = Rows.parse(await store.query(SQL.check, params, LIMITS))
  const tables = [own.table, other.table] as const
  return rows.map((row) => ({ ...row, tables, rules: rulesOf(row) }))
}

/** What is broken, by comparison and bucket, until a look finds it whole. */
function createBroken({ store, clock, log }: LedgerCheckDeps) {
  const known = new Map<string, readonly BrokenGroup[]>()
  return {
    groups: () => [...known.values()].flat(),
    /** To be looked at again, whether they were published since or not. */
    buckets: (): PublishedBucket[] =>
      [...known.values()].flatMap((groups) => groups.slice(0, 1).map(bucketOf)),
    /** What one comparison says of a bucket now: an event for each group that broke or is whole again. */
    async note({ own, other }: Pair, bucket: number, groups: readonly BrokenGroup[]) {
      const key = `${own.table}:${other.table}:${bucket}`
      const before = known.get(key) ?? []
      const [was, is] = [new Set(before.map(groupName)), new Set(groups.map(groupName))]
      const opened = groups.filter((group) => !was.has(groupName(group)))
      const closed = before.filter((group) => !is.has(groupName(group)))
      const rows = [
        ...opened.map((group) => brokenEvent(group, 'open', clock())),
        ...closed.map((group) => brokenEvent(group, 'closed', clock())),
      ]
      if (rows.length > 0) await store.insertJson('events', rows, `ledger:${key}:${clock()}`)
      for (const group of opened)
        log.error('the ledger does not add up', { group: groupName(group) })
      if (groups.length === 0) known.delete(key)
      else known.set(key, groups)
    },
  }
}

function bucketOf({ tables: [own], bucket_s }: BrokenGroup): PublishedBucket {
  const resolution = own.startsWith('ledger_1m') ? '1m' : own.startsWith('ledger_1h') ? '1h' : '1d'
  return { resolution, bucket_s, as_of_ms: Number.MAX_SAFE_INTEGER, row_count: 0 }
}
