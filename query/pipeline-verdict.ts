import type { PipelineFinding, PipelineVerdict } from '#schemas/api-pipeline.ts'
import type { ShardReport } from '#schemas/pipeline-report.ts'
import type { PipelineFacts, ProcessFacts } from './pipeline-facts.ts'
import { FINDINGS, type FindingCode, percentOf, type Said, spanOf } from './pipeline-words.ts'
import { iso } from './window.ts'

/** From where on a figure is worth a person's time. */
export const PIPELINE_LIMITS = {
  /** Newest sample, seconds: a collector that reads once a minute is never fresher than this. */
  lagSeconds: { warning: 120, failing: 600 },
  /** End of the newest settled minute, seconds: 20 s after it closed is the rule. */
  settledSeconds: { warning: 300, failing: 1_800 },
  spoolRatio: { warning: 0.5, failing: 0.9 },
  streamRatio: { warning: 0.8, failing: 0.97 },
  storeMemoryRatio: 0.9,
  storeRestartedSeconds: 600,
  startTogetherMs: 60_000,
} as const

type Value = string | Said
type Severity = PipelineFinding['severity']
const RANK: Readonly<Record<Severity, number>> = { failing: 0, unknown: 1, warning: 2 }

/** What is wrong, worst first, and one sentence for all of it. Pure. */
export function judgePipeline(facts: PipelineFacts): PipelineVerdict {
  const findings = [
    ...storeFindings(facts),
    ...facts.processes.flatMap((one) => processFindings(one, facts.nowMs)),
    ...arrivalFindings(facts),
    ...settleFindings(facts),
    ...collectorFindings(facts),
    ...lossFindings(facts),
  ].toSorted((a, b) => RANK[a.severity] - RANK[b.severity])
  const worst = findings[0]
  if (worst === undefined) return { state: 'ok', ...wellSaid(facts), findings }
  const more = findings.length - 1
  return {
    state: worst.severity,
    message: sentence(worst.message) + (more === 0 ? '' : ` And ${more} more below.`),
    message_zh: `${worst.message_zh}。${more === 0 ? '' : `另有 ${more} 项见下。`}`,
    findings,
  }
}

function wellSaid({ nowMs, newestSampleMs, settledUntilMs, collectors }: PipelineFacts) {
  const lag = spanOf(secondsSince(newestSampleMs ?? nowMs, nowMs))
  const settled = settledUntilMs === null ? null : spanOf(secondsSince(settledUntilMs, nowMs))
  const count = collectors?.reporting ?? 0
  const who = count === 0 ? '' : `, ${count} collector${count === 1 ? '' : 's'} report`
  const whoZh = count === 0 ? '' : `，${count} 个采集器正常报告`
  const behind = settled === null ? 'nothing settled yet' : `settled ${settled.en} behind`
  const behindZh = settled === null ? '尚无结算' : `结算落后 ${settled.zh}`
  return {
    message: `Everything arrives: lag ${lag.en}, ${behind}${who}.`,
    message_zh: `数据全部到达：延迟 ${lag.zh}，${behindZh}${whoZh}。`,
  }
}

function storeFindings({ storeAnswers, storeAnsweredAtMs }: PipelineFacts): PipelineFinding[] {
  return storeAnswers ? [] : [finding('store_away', 'failing', storeAnsweredAtMs)]
}

function processFindings(one: ProcessFacts, nowMs: number): PipelineFinding[] {
  const { report, status } = one
  if (status === 'silent') {
    const age = spanOf(secondsSince(report.at_ms, nowMs))
    return [finding('ingest_silent', 'failing', report.at_ms, [report.process, age])]
  }
  const alarms = report.shards.reduce((sum, shard) => sum + shard.alarms, 0)
  return [
    ...report.disks.flatMap(({ name, state, used_ratio }) => {
      if (used_ratio === null || (state !== 'stopped' && state !== 'warning')) return []
      const code = state === 'stopped' ? 'disk_stopped' : 'disk_warning'
      const severity = state === 'stopped' ? 'failing' : 'warning'
      return [finding(code, severity, null, [name, percentOf(used_ratio)])]
    }),
    ...report.shards.flatMap((shard) => shardFindings(shard, nowMs)),
    ...report.streams.flatMap(({ name, bytes, max_bytes }) => {
      if (max_bytes === null || max_bytes === 0) return []
      const severity = level(bytes / max_bytes, PIPELINE_LIMITS.streamRatio)
      return severity === null
        ? []
        : [finding('stream_full', severity, null, [name, percentOf(bytes / max_bytes)])]
    }),
    ...memoryFindings(one),
    ...(alarms === 0
      ? []
      : [finding('log_alarm', 'warning', report.started_at_ms, [String(alarms)])]),
    ...(report.settle?.failure == null
      ? []
      : [finding('settle_failing', 'failing', null, [report.settle.failure])]),
    ...ledgerFindings(report),
  ]
}

function ledgerFindings({ settle }: ProcessFacts['report']): PipelineFinding[] {
  const check = settle?.ledger ?? null
  if (check === null || check.broken_groups === 0) return []
  const values = [String(check.broken_groups), check.example ?? '']
  return [finding('ledger_broken', 'failing', null, values)]
}

function memoryFindings({ report }: ProcessFacts): PipelineFinding[] {
  const { store, at_ms, started_at_ms } = report
  if (store === null) return []
  const { memory_bytes, memory_limit_bytes, uptime_seconds } = store
  const used =
    memory_bytes === null || memory_limit_bytes === null ? 0 : memory_bytes / memory_limit_bytes
  const startedMs = at_ms - uptime_seconds * 1_000
  // A store that starts with the process that uses it did not start again.
  const isAgain = startedMs > started_at_ms + PIPELINE_LIMITS.startTogetherMs
  return [
    ...(used < PIPELINE_LIMITS.storeMemoryRatio
      ? []
      : [finding('store_memory', 'warning', null, [percentOf(used)])]),
    ...(!isAgain || uptime_seconds >= PIPELINE_LIMITS.storeRestartedSeconds
      ? []
      : [finding('store_restarted', 'warning', startedMs, [spanOf(uptime_seconds)])]),
  ]
}

function shardFindings(shard: ShardReport, nowMs: number): PipelineFinding[] {
  const { name, state, detail, lag_messages, newest_sample_ms, last_insert_ms } = shard
  if (state === 'failed' || state === 'taken')
    return [finding('shard_failed', 'failing', null, [name, detail])]
  if (state === 'bus_away') return [finding('shard_bus_away', 'failing', null, [name, detail])]
  if (state === 'store_away')
    return [finding('shard_store_away', 'failing', last_insert_ms, [name, detail])]
  if (lag_messages === null || lag_messages === 0) return []
  const ageMs = newest_sample_ms ?? last_insert_ms
  const age = ageMs === null ? null : secondsSince(ageMs, nowMs)
  const severity = age === null ? null : level(age, PIPELINE_LIMITS.lagSeconds)
  if (severity === null || age === null) return []
  return [finding('lag', severity, ageMs, [name, String(lag_messages), spanOf(age)])]
}

/** Whether anything comes at all; what waits in a shard is said there. */
function arrivalFindings(facts: PipelineFacts): PipelineFinding[] {
  const { processes, newestSampleMs, nowMs, storeAnswers } = facts
  if (processes.length === 0) {
    if (!storeAnswers) return []
    return [finding('ingest_never', 'unknown', null)]
  }
  if (newestSampleMs === null) return [finding('nothing_yet', 'unknown', null)]
  const isWaiting = processes.some(
    ({ status, report }) =>
      status === 'silent' || report.shards.some(({ lag_messages }) => lag_messages !== 0),
  )
  const age = secondsSince(newestSampleMs, nowMs)
  const severity = level(age, PIPELINE_LIMITS.lagSeconds)
  if (isWaiting || severity === null) return []
  return [finding('nothing_arrives', severity, newestSampleMs, [spanOf(age)])]
}

function settleFindings({ settledUntilMs, nowMs, processes }: PipelineFacts): PipelineFinding[] {
  if (settledUntilMs === null) return []
  const age = secondsSince(settledUntilMs, nowMs)
  const severity = level(age, PIPELINE_LIMITS.settledSeconds)
  if (severity === null) return []
  const waiting = processes.reduce(
    (sum, { report }) => sum + (report.settle?.minutes_waiting ?? 0),
    0,
  )
  return [finding('settle_behind', severity, settledUntilMs, [spanOf(age), String(waiting)])]
}

function collectorFindings({ collectors, nowMs }: PipelineFacts): PipelineFinding[] {
  if (collectors === null) return []
  const { silent, total, stopped, alarmed, worst_spool_used_ratio: ratio } = collectors
  const sinceMs = collectors.silent_since_ms
  const spool = ratio === null ? null : level(ratio, PIPELINE_LIMITS.spoolRatio)
  return [
    ...(silent === 0 || sinceMs === null
      ? []
      : [
          finding('collectors_silent', 'warning', sinceMs, [
            String(silent),
            String(total - stopped),
            collectors.silent_longest,
            spanOf(secondsSince(sinceMs, nowMs)),
          ]),
        ]),
    ...(alarmed === 0 ? [] : [finding('collectors_alarm', 'failing', null, [String(alarmed)])]),
    ...(spool === null || ratio === null
      ? []
      : [finding('spool_full', spool, null, [percentOf(ratio), collectors.fullest])]),
  ]
}

function lossFindings({ gaps, refusals }: PipelineFacts): PipelineFinding[] {
  const [gap] = gaps
  const put = refusals.filter(({ kind }) => kind === 'quarantine')
  const [most] = put
  const count = put.reduce((sum, { found }) => sum + found, 0)
  const newestMs = Math.max(...put.map(({ newest_ms }) => newest_ms))
  return [
    ...(gap === undefined
      ? []
      : [finding('gaps', 'warning', gap.at_ms, [String(gap.total), gap.collector])]),
    ...(most === undefined
      ? []
      : [finding('quarantine', 'warning', newestMs, [String(count), most.reason])]),
  ]
}

function finding(
  code: FindingCode,
  severity: Severity,
  sinceMs: number | null,
  values: readonly Value[] = [],
): PipelineFinding {
  const { stage, message, next, docs } = FINDINGS[code]
  const say: (...words: readonly string[]) => Said = message
  const inLanguage = (lang: keyof Said) =>
    values.map((value) => (typeof value === 'string' ? value : value[lang]))
  return {
    code,
    severity,
    stage,
    since: sinceMs === null ? null : iso(sinceMs),
    message: say(...inLanguage('en')).en,
    message_zh: say(...inLanguage('zh')).zh,
    next: next.en,
    next_zh: next.zh,
    docs: `docs/pipeline.md#${docs}`,
  }
}

/** How bad a figure is that is better the smaller it is; null = fine. */
const level = (
  value: number,
  limits: { readonly warning: number; readonly failing: number },
): 'warning' | 'failing' | null =>
  value >= limits.failing ? 'failing' : value >= limits.warning ? 'warning' : null

const secondsSince = (ms: number, nowMs: number) => Math.max(0, nowMs - ms) / 1_000
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
