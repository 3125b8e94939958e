import type {
  PipelineAnswer,
  PipelineCollectors,
  PipelineRecent,
  PipelineSeries,
} from '#schemas/api-pipeline.ts'
import { PIPELINE_SERIES } from '#schemas/api-pipeline.ts'
import type { IngestReport } from '#schemas/pipeline-report.ts'
import type { Reader } from '#schemas/ports.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import type { QueryDeps } from './deps.ts'
import {
  lagMessages,
  latest,
  type PipelineFacts,
  processesOf,
  readReports,
} from './pipeline-facts.ts'
import { ageOrNull, pipelineCollector, pipelineProcess } from './pipeline-rows.ts'
import { judgePipeline } from './pipeline-verdict.ts'
import {
  type CollectorRow,
  type CollectorTotals,
  type GapRow,
  pipelineCollectors,
  pipelineCollectorTotals,
  pipelineFacts,
  pipelineGaps,
  pipelineProcesses,
  pipelineRefusals,
  pipelineSeries,
  type RefusalRow,
} from './queries/pipeline.ts'
import { iso, isoOrNull, MINUTE_MS } from './window.ts'

export type PipelineDeps = Pick<
  QueryDeps,
  'reader' | 'clock' | 'simulated' | 'pipeline' | 'roles' | 'log'
>

export interface PipelineQuestion {
  /** Collectors, worst first. */
  readonly limit: number
  readonly cursor?: string | undefined
}

export const COLLECTORS_LIMIT_MAX = 200
const PROCESSES_MAX = 200
const GAPS_MAX = 20
const REASONS_MAX = 50
const RESENDS_MAX = 20
const SERIES_MINUTES = 60
const LIMITS = { maxExecutionMs: 5_000 } as const
/** A store that hangs must not make the page about it wait: then its last word is shown. */
const WAIT_MS = 3_000

/** What the store said last. */
interface StoreWord {
  readonly atMs: number
  readonly reports: readonly IngestReport[]
  readonly newestSampleMs: number | null
  readonly settledUntilMs: number | null
  readonly totals: CollectorTotals | null
  readonly collectors: readonly CollectorRow[]
  readonly gaps: readonly GapRow[]
  readonly refusals: readonly RefusalRow[]
  readonly series: PipelineSeries
}

export interface PipelineView {
  /**
   * GET /api/v1/pipeline. Answers also while the store does not: with what this process knows itself and
   * with the store's last word. Throws E_CURSOR_INVALID.
   */
  answer(question: PipelineQuestion): Promise<PipelineAnswer>
}

/** Keeps the store's last word, so that a page about a broken store still has something to show. */
export function createPipelineView(deps: PipelineDeps): PipelineView {
  let last: StoreWord | null = null
  let isAway = false

  /** The store's word for this page; null while it does not answer. */
  const ask = async (page: Page): Promise<StoreWord | null> => {
    try {
      const word = await withinTime(askStore(deps.reader, deps.clock(), page))
      isAway = false
      last = word
      return word
    } catch (error) {
      if (!isAway)
        deps.log.warn('the pipeline page has no answer of the store', { cause: String(error) })
      isAway = true
      return null
    }
  }
  return {
    async answer({ limit, cursor }) {
      const mark = { pipeline: 'collectors' }
      const page = { limit, offset: cursorOffset(mark, cursor) }
      const fresh = await ask(page)
      const word = fresh ?? last
      const nowMs = deps.clock()
      const own = deps.pipeline()?.report ?? null
      const facts: PipelineFacts = {
        nowMs,
        storeAnswers: fresh !== null,
        storeAnsweredAtMs: word?.atMs ?? null,
        processes: processesOf(word?.reports ?? [], own, nowMs),
        newestSampleMs: latest(word?.newestSampleMs ?? null, newestOf(own)),
        settledUntilMs: latest(word?.settledUntilMs ?? null, own?.settle?.settled_until_ms ?? null),
        collectors: word?.totals ?? null,
        gaps: word?.gaps ?? [],
        refusals: word?.refusals ?? [],
      }
      return {
        simulated: deps.simulated,
        at: iso(nowMs),
        store_answered_at: isoOrNull(facts.storeAnsweredAtMs),
        store_answers: fresh !== null,
        verdict: judgePipeline(facts),
        lag_messages: lagMessages(facts.processes),
        newest_sample_at: isoOrNull(facts.newestSampleMs),
        lag_seconds: ageOrNull(facts.newestSampleMs, nowMs),
        settled_until: isoOrNull(facts.settledUntilMs),
        settled_age_seconds: ageOrNull(facts.settledUntilMs, nowMs),
        processes: facts.processes.map((one) => pipelineProcess(one, nowMs)),
        collectors: word === null ? null : collectorsOf(word, { nowMs, offset: page.offset, mark }),
        recent: recentOf(facts),
        series: word?.series ?? emptySeries(nowMs),
        roles: deps.roles().map(({ name, health: { state, detail } }) => ({ name, state, detail })),
      }
    },
  }
}

async function withinTime<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${WAIT_MS} ms`)), WAIT_MS)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Page {
  readonly limit: number
  readonly offset: number
}

async function askStore(reader: Reader, nowMs: number, page: Page): Promise<StoreWord> {
  const now_ms = nowMs
  const to_ms = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS
  const from_ms = to_ms - SERIES_MINUTES * MINUTE_MS
  const [processes, [facts], [totals], collectors, gaps, refusals, series] = await Promise.all([
    pipelineProcesses.run(reader, { now_ms, limit: PROCESSES_MAX }, LIMITS),
    pipelineFacts.run(reader, {}, LIMITS),
    pipelineCollectorTotals.run(reader, { now_ms }, LIMITS),
    pipelineCollectors.run(reader, { now_ms, ...page }, LIMITS),
    pipelineGaps.run(reader, { now_ms, limit: GAPS_MAX }, LIMITS),
    pipelineRefusals.run(reader, { now_ms, limit: REASONS_MAX }, LIMITS),
    pipelineSeries.run(reader, { from_ms, to_ms }, LIMITS),
  ])
  const newestMinute = facts?.newest_minute_ms ?? null
  return {
    atMs: nowMs,
    reports: readReports(processes),
    newestSampleMs: facts?.newest_sample_ms ?? null,
    settledUntilMs: newestMinute === null ? null : newestMinute + MINUTE_MS,
    totals: totals ?? null,
    collectors,
    gaps,
    refusals,
    series: seriesOf(series, from_ms),
  }
}

type SeriesRow = Awaited<ReturnType<typeof pipelineSeries.run>>[number]

/** Minutes nobody reported in are null: a line that goes on over them would be made up. */
function seriesOf(rows: readonly SeriesRow[], fromMs: number): PipelineSeries {
  const byMinute = new Map(rows.map((row) => [row.minute_ms, row]))
  const minutes = Array.from({ length: SERIES_MINUTES }, (_, at) => fromMs + at * MINUTE_MS)
  const values = Object.fromEntries(
    PIPELINE_SERIES.map((name) => [name, minutes.map((ms) => byMinute.get(ms)?.[name] ?? null)]),
  )
  return { t0: fromMs, step_ms: MINUTE_MS, values: { ...emptySeries(fromMs).values, ...values } }
}

function emptySeries(nowMs: number): PipelineSeries {
  const nothing = () => Array.from({ length: SERIES_MINUTES }, () => null)
  const t0 = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - (SERIES_MINUTES - 1) * MINUTE_MS
  const values: PipelineSeries['values'] = {
    lag_messages: nothing(),
    lag_seconds: nothing(),
    rows_per_second: nothing(),
    insert_p99_seconds: nothing(),
    settle_p99_seconds: nothing(),
    settled_age_seconds: nothing(),
    spool_bytes: nothing(),
    stream_used_ratio: nothing(),
    disk_used_ratio: nothing(),
    memory_bytes: nothing(),
  }
  return { t0, step_ms: MINUTE_MS, values }
}

function collectorsOf(
  { totals, collectors }: StoreWord,
  page: { readonly nowMs: number; readonly offset: number; readonly mark: unknown },
): PipelineCollectors {
  const { nowMs, offset, mark } = page
  const total = totals?.total ?? 0
  // Sums over nobody are not known; they are not 0.
  const told = totals === null || total === 0 ? null : totals
  return {
    total,
    reporting: told?.reporting ?? 0,
    late: told?.late ?? 0,
    silent: told?.silent ?? 0,
    stopped: told?.stopped ?? 0,
    alarmed: told?.alarmed ?? 0,
    spool_bytes: told?.spool_bytes ?? null,
    spool_waiting_batches: told?.spool_waiting_batches ?? null,
    worst_spool_used_ratio: told?.worst_spool_used_ratio ?? null,
    worst_spool_age_seconds: ageOrNull(told?.oldest_ms ?? null, nowMs),
    worst: collectors.map((row) => pipelineCollector(row, nowMs)),
    next_cursor: nextCursor(mark, { offset, given: collectors.length, total }),
  }
}

function recentOf({ gaps, refusals, processes }: PipelineFacts): PipelineRecent {
  const told = (kind: RefusalRow['kind']) =>
    refusals
      .filter((row) => row.kind === kind)
      .map(({ reason, found, newest_ms }) => ({ reason, count: found, newest_at: iso(newest_ms) }))
  const resends = processes
    .flatMap(({ report }) => report.shards.flatMap((shard) => shard.recent_resends))
    .toSorted((a, b) => b.at_ms - a.at_ms)
    .slice(0, RESENDS_MAX)
  return {
    gaps: gaps.map(({ at_ms, cluster, collector, reason, message, message_zh }) => ({
      at: iso(at_ms),
      cluster,
      collector,
      reason,
      message,
      message_zh,
    })),
    quarantine: told('quarantine'),
    restatements: told('restatement'),
    resends: resends.map(({ at_ms, ...resend }) => ({ at: iso(at_ms), ...resend })),
  }
}

/** The newest sample any shard of this process stored. */
function newestOf(report: IngestReport | null): number | null {
  const known = (report?.shards ?? []).flatMap((shard) => shard.newest_sample_ms ?? [])
  return known.length === 0 ? null : Math.max(...known)
}
