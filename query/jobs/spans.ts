import type { Filters } from '../filters.ts'
import { rangesOf } from '../device-count.ts'
import type { LedgerDeps } from '../ledger/cells.ts'
import { planOf } from '../plan-of.ts'
import { jobSpans } from '../queries/jobs.ts'
import type { PublishedMinutes, Segment } from '../resolution.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type TimeWindow } from '../window.ts'

/** From when until when a job held how many devices, in a window. */
export interface JobSpan {
  readonly cluster: string
  readonly job: string
  readonly devices: number
  readonly nodes: number
  readonly devicesAtEnd: number
  /** It held devices in the first minute of the window. */
  readonly wasBefore: boolean
  readonly isRunning: boolean
  readonly firstMs: number
  readonly lastMs: number
  /** Widths of the buckets that say so. */
  readonly firstWidthMs: number
  readonly lastWidthMs: number
}

/** A job's name in every map here. */
export const jobKey = ({ cluster, job }: { readonly cluster: string; readonly job: string }) =>
  JSON.stringify([cluster, job])

/** Beyond this begin and end are told by days: the hours of every device are too many rows. */
const HOURS_WINDOW_MS_MAX = 35 * DAY_MS

interface SpanQuestion {
  /** Settled time. */
  readonly window: TimeWindow
  readonly filters: Filters
}

/** Spans of all jobs of a window, to the hour; to the minute where minutes answer. */
export async function readSpans(
  deps: LedgerDeps,
  question: SpanQuestion & { readonly published: PublishedMinutes },
): Promise<JobSpan[]> {
  const { window, published } = question
  // Steps of hours keep days away, which would tell a begin to the day only.
  const stepMs = window.toMs - window.fromMs <= HOURS_WINDOW_MS_MAX ? HOUR_MS : null
  const plan = await planOf(deps, { ...window, fields: ['job'], stepMs }, published)
  return spansOf(deps, question, plan.segments)
}

/** The same to the minute, for jobs whose first and last hour are known. */
export function readEdges(
  deps: LedgerDeps,
  question: SpanQuestion,
  span: JobSpan,
): Promise<JobSpan[]> {
  const { window } = question
  const edge = (fromMs: number, toMs: number): Segment => ({
    table: 'ledger_1m',
    fromMs: Math.max(window.fromMs, fromMs),
    toMs: Math.min(window.toMs, toMs),
  })
  const { firstMs, lastMs, firstWidthMs, lastWidthMs } = span
  if (Math.max(firstWidthMs, lastWidthMs) > HOUR_MS) return Promise.resolve([span])
  return spansOf(deps, question, [
    edge(firstMs, firstMs + firstWidthMs),
    edge(lastMs - lastWidthMs, lastMs),
  ])
}

async function spansOf(
  deps: LedgerDeps,
  { window, filters }: SpanQuestion,
  segments: readonly Segment[],
): Promise<JobSpan[]> {
  const rows = await jobSpans.run(deps.reader, {
    ...filters.params,
    ...rangesOf({ segments, timeZone: deps.timeZone }),
    from_s: window.fromMs / 1000,
    to_s: window.toMs / 1000,
    first_s: window.fromMs / 1000,
    last_s: (window.toMs - MINUTE_MS) / 1000,
  })
  return rows.map((row) => ({
    cluster: row.of_cluster,
    job: row.of_job,
    devices: row.devices,
    nodes: row.nodes,
    devicesAtEnd: row.devices_at_end,
    wasBefore: row.was_before === 1,
    isRunning: row.is_running === 1,
    firstMs: row.first[0] * 1000,
    lastMs: row.last[0] * 1000,
    firstWidthMs: row.first[1] * 1000,
    lastWidthMs: -row.last[1] * 1000,
  }))
}
