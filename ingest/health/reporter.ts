import { z } from 'zod'
import type { IngestReport, StoreReport } from '#schemas/pipeline-report.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'
import { iso, type JsonRow } from '../worker/rows.ts'
import type { CollectorTable } from './collectors.ts'
import { ageSeconds } from './metrics.ts'

/** How often a process reports unless told otherwise. */
export const REPORT_EVERY_MS = 10_000
/** Rows of collectors in one insert. */
const ROWS_MAX = 10_000
/** A store that takes longer than this to say how it is counts as away. */
const LOOK_MS_MAX = 5_000

export interface ReporterDeps {
  readonly store: Pick<Store, 'query' | 'insertJson'>
  readonly collectors: CollectorTable
  /** What this process says of itself now. */
  readonly report: () => IngestReport
  readonly clock: Clock
  readonly log: Logger
}

export interface Reporter {
  /** Looks at the store and writes one report. Never rejects: a failure is counted and told once. */
  report(): Promise<void>
  /** What the store said of itself at the last look; null when it did not answer. */
  readonly store: StoreReport | null
  readonly failures: number
}

/** Writes what this process says of itself, and what it heard of collectors, to the store. Holds no timer. */
export function createReporter({ store, collectors, report, clock, log }: ReporterDeps): Reporter {
  let facts: StoreReport | null = null
  let failures = 0
  let isFailing = false
  let before: { readonly atMs: number; readonly rows: number } | null = null

  const write = async () => {
    const now = report()
    const { process, at_ms } = now
    const rows = now.shards.reduce((sum, shard) => sum + shard.inserted_rows, 0)
    const figures = figuresOf(now, {
      rowsPerSecond: rate(before, { atMs: at_ms, rows }),
      spoolBytes: collectors.spoolBytes(at_ms),
    })
    before = { atMs: at_ms, rows }
    const at = iso(at_ms)
    const token = `pipeline:${process}:${at_ms}`
    const last = { process, role: 'ingest', at, report: JSON.stringify(now) }
    await store.insertJson('pipeline_processes', [last], `${token}:process`)
    await store.insertJson('pipeline_status', [{ process, at, ...figures }], `${token}:status`)
    await writeCollectors(token)
  }
  const writeCollectors = async (token: string) => {
    const rows = collectors.takeRows()
    for (let start = 0; start < rows.length; start += ROWS_MAX) {
      const part = rows.slice(start, start + ROWS_MAX)
      try {
        await store.insertJson('collector_status', part, `${token}:collectors:${start}`)
      } catch (error) {
        collectors.restore(rows.slice(start))
        throw error
      }
    }
  }
  return {
    async report() {
      facts = await lookAtStore(store)
      try {
        await write()
        if (isFailing) log.info('the store takes reports of the pipeline again')
        isFailing = false
      } catch (error) {
        failures += 1
        if (!isFailing)
          log.warn('a report of the pipeline could not be written', { cause: String(error) })
        isFailing = true
      }
    },
    get store() {
      return facts
    },
    get failures() {
      return failures
    },
  }

  function rate(
    from: typeof before,
    to: { readonly atMs: number; readonly rows: number },
  ): number | null {
    if (from === null || to.atMs <= from.atMs || clock() < from.atMs) return null
    return ((to.rows - from.rows) * 1_000) / (to.atMs - from.atMs)
  }
}

/** The figures that a screen draws over time. Null = not known now. Pure. */
export function figuresOf(
  report: IngestReport,
  more: { readonly rowsPerSecond: number | null; readonly spoolBytes: number | null },
): JsonRow {
  const { shards, settle, streams, disks, store, at_ms } = report
  const lags = shards.map((shard) => shard.lag_messages)
  const p99s = shards.flatMap((shard) => shard.insert_seconds?.p99 ?? [])
  const fills = streams.flatMap(({ bytes, max_bytes }) =>
    max_bytes === null || max_bytes === 0 ? [] : [bytes / max_bytes],
  )
  return {
    lag_messages: shards.length === 0 || lags.includes(null) ? null : sum(lags),
    lag_seconds: ageSeconds(behindMs(shards), at_ms),
    rows_per_second: more.rowsPerSecond,
    insert_p99_seconds: largest(p99s),
    settle_p99_seconds: settle?.step_seconds?.p99 ?? null,
    settled_age_seconds: ageSeconds(settle?.settled_until_ms ?? null, at_ms),
    spool_bytes: more.spoolBytes,
    stream_used_ratio: largest(fills),
    disk_used_ratio: largest(disks.flatMap(({ used_ratio }) => used_ratio ?? [])),
    memory_bytes: store?.memory_bytes ?? null,
  }
}

/**
 * Time of the newest stored sample of the shard that is furthest behind; of shards where nothing waits the
 * newest of all, because one whose collectors are gone is not behind. Pure.
 */
function behindMs(shards: IngestReport['shards']): number | null {
  const newest = (some: IngestReport['shards']) =>
    some.flatMap((shard) => shard.newest_sample_ms ?? [])
  const waiting = newest(shards.filter(({ lag_messages }) => lag_messages !== 0))
  if (waiting.length > 0) return Math.min(...waiting)
  return largest(newest(shards))
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0)
const largest = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values))

const STORE_FACTS = `SELECT version() AS version, toUInt32(uptime()) AS uptime_seconds,
  (SELECT value FROM system.metrics WHERE metric = 'MemoryTracking') AS memory_bytes,
  (SELECT toInt64OrNull(value) FROM system.server_settings WHERE name = 'max_server_memory_usage')
    AS memory_limit_bytes`
const bytesOrNull = z.coerce
  .number()
  .nullable()
  .transform((value) => (value === null || value <= 0 ? null : value))
const StoreFacts = z.object({
  version: z.string(),
  uptime_seconds: z.coerce.number(),
  memory_bytes: z.preprocess((value) => value ?? null, bytesOrNull),
  memory_limit_bytes: z.preprocess((value) => value ?? null, bytesOrNull),
})

async function lookAtStore(store: Pick<Store, 'query'>): Promise<StoreReport | null> {
  try {
    const [row] = await store.query(STORE_FACTS, {}, { maxExecutionMs: LOOK_MS_MAX })
    const facts = StoreFacts.safeParse(row)
    return facts.success ? facts.data : null
  } catch {
    return null
  }
}
