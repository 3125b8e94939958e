import { IngestReport, SILENT_AFTER_INTERVALS } from '#schemas/pipeline-report.ts'
import type { CollectorTotals, GapRow, RefusalRow } from './queries/pipeline.ts'

/** A process that stores and settles, as it was last heard. */
export interface ProcessFacts {
  readonly report: IngestReport
  readonly status: 'reporting' | 'silent'
  readonly inProcess: boolean
}

/** Everything the verdict is made of. Null is unknown. */
export interface PipelineFacts {
  readonly nowMs: number
  readonly storeAnswers: boolean
  readonly storeAnsweredAtMs: number | null
  readonly processes: readonly ProcessFacts[]
  readonly newestSampleMs: number | null
  readonly settledUntilMs: number | null
  readonly collectors: CollectorTotals | null
  readonly gaps: readonly GapRow[]
  readonly refusals: readonly RefusalRow[]
}

/** The reports that can be read; what another version wrote differently is left out, and so is silent. */
export function readReports(rows: readonly { readonly report: string }[]): IngestReport[] {
  return rows.flatMap(({ report }) => {
    try {
      const parsed = IngestReport.safeParse(JSON.parse(report))
      return parsed.success ? [parsed.data] : []
    } catch {
      return []
    }
  })
}

/**
 * Who reports and who is silent. The report of this very process replaces what the store has of it; a
 * silent process whose work others do now was replaced by them, and is no longer told of. Pure.
 */
export function processesOf(
  stored: readonly IngestReport[],
  own: IngestReport | null,
  nowMs: number,
): ProcessFacts[] {
  const others = stored.filter((report) => report.process !== own?.process)
  const heard = others.map((report): ProcessFacts => ({
    report,
    status: isSilent(report, nowMs) ? 'silent' : 'reporting',
    inProcess: false,
  }))
  const mine: ProcessFacts[] =
    own === null ? [] : [{ report: own, status: 'reporting', inProcess: true }]
  const all = [...mine, ...heard]
  const speaking = all.filter(({ status }) => status === 'reporting')
  const shards = new Set(speaking.flatMap(({ report }) => report.shards.map(({ shard }) => shard)))
  const isReplaced = ({ report }: ProcessFacts) =>
    report.shards.length === 0
      ? speaking.some((other) => other.report.settle !== null)
      : report.shards.every(({ shard }) => shards.has(shard))
  return all.filter((one) => one.status === 'reporting' || !isReplaced(one))
}

const isSilent = ({ at_ms, interval_ms }: IngestReport, nowMs: number) =>
  nowMs - at_ms > SILENT_AFTER_INTERVALS * interval_ms

/** Messages that wait, over all processes; null when one of them is silent or does not know. Pure. */
export function lagMessages(processes: readonly ProcessFacts[]): number | null {
  if (processes.length === 0 || processes.some(({ status }) => status === 'silent')) return null
  const lags = processes.flatMap(({ report }) => report.shards.map((shard) => shard.lag_messages))
  if (lags.length === 0 || lags.includes(null)) return null
  return lags.reduce<number>((sum, lag) => sum + (lag ?? 0), 0)
}

/** The later of two moments, of which either may be unknown. */
export const latest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b)
