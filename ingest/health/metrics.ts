import type { StreamFill } from '#schemas/pipeline-report.ts'
import type { MetricFamily, MetricSample, SelfMetricName } from '#schemas/self-metrics.ts'
import type { CollectorTable } from './collectors.ts'
import type { Histogram } from './histogram.ts'
import type { IngestView, ShardView } from './report.ts'

/** What only this file's caller knows besides the view. */
export interface MetricsView extends IngestView {
  readonly collectors: CollectorTable
  readonly reportFailures: number
  readonly nowMs: number
}

/** Numbers of an ingest process with labels; each says nothing where nothing is known. */
export function ingestFamilies(view: MetricsView): MetricFamily[] {
  return [
    ...shardFamilies(view.shards, view.nowMs),
    ...reasonFamilies(view.shards),
    ...view.streams.flatMap((stream) => streamFamilies(stream, view.nowMs)),
    ...(view.settler === null
      ? []
      : [
          {
            name: 'settle_step_duration_seconds',
            histograms: [view.settleSeconds.total()],
          } as const,
        ]),
    ...(view.disk?.disks() ?? []).flatMap(({ name, used_ratio, free_bytes }) => [
      family('ingest_watched_disk_used_ratio', known(used_ratio, { disk: name })),
      family('ingest_watched_disk_free_bytes', known(free_bytes, { disk: name })),
    ]),
    ...view.collectors.families(view.nowMs),
  ]
}

/** Numbers of an ingest process without labels. What is not known is left out. */
export function ingestNumbers(view: MetricsView): Record<string, number> {
  const { shards, settler, store } = view
  const total = (pick: (status: ShardView['status']) => number) =>
    shards.reduce((sum, { status }) => sum + pick(status), 0)
  const settledAge = ageSeconds(settler?.settledUntilMs ?? null, view.nowMs)
  return {
    ingest_duplicates_total: total((status) => status.duplicates),
    ingest_records_refused_total: total((status) => status.recordsRefused),
    ingest_replays_total: total((status) => status.replays),
    ingest_expired_messages_total: total((status) => status.expired),
    ingest_log_alarms_total: total((status) => status.alarms),
    ingest_resends_asked_total: total((status) => status.resendsAsked),
    ingest_resend_batches_asked_total: total(({ meter }) => meter.batchesAsked),
    ingest_resend_batches_received_total: total(({ meter }) => meter.batchesReceived),
    ingest_report_failures_total: view.reportFailures,
    store_up: store === null ? 0 : 1,
    ...number('store_memory_bytes', store?.memory_bytes ?? null),
    ...number('store_memory_limit_bytes', store?.memory_limit_bytes ?? null),
    ...number('store_uptime_seconds', store?.uptime_seconds ?? null),
    ...(settler === null
      ? {}
      : {
          settle_minutes_total: settler.status.minutesSettled,
          settle_restated_minutes_total: settler.status.minutesRestated,
          settle_waiting_minutes: settler.status.minutesWaiting,
          settle_idle: settler.status.isIdle ? 1 : 0,
          ledger_check_broken_groups: view.ledgerCheck.report.broken_groups,
          ledger_check_runs_total: view.ledgerCheck.report.runs,
          ledger_check_seconds_total: view.ledgerCheck.report.seconds,
          ledger_check_failing: view.ledgerCheck.report.failing ? 1 : 0,
          ...number('settle_age_seconds', settledAge),
        }),
  }
}

const number = (name: SelfMetricName, value: number | null): Record<string, number> =>
  value === null ? {} : { [name]: value }

function shardFamilies(shards: readonly ShardView[], nowMs: number): MetricFamily[] {
  return shards.flatMap(({ shard, status }) => {
    const { meter } = status
    const labels = { shard: String(shard) }
    const one = (name: SelfMetricName, value: number | null) => family(name, known(value, labels))
    const spread = (name: SelfMetricName, histogram: Histogram) => ({
      name,
      histograms: [{ labels, ...histogram.total() }],
    })
    return [
      one('ingest_lag_messages', status.lagMessages),
      one('ingest_lag_seconds', ageSeconds(meter.newestSampleMs, nowMs)),
      one('ingest_watermark_age_seconds', ageSeconds(meter.watermarkMs, nowMs)),
      one('ingest_inserted_rows_total', status.insertedRows),
      one('ingest_inserted_messages_total', status.insertedMessages),
      one('ingest_inserted_bytes_total', meter.insertedBytes),
      spread('ingest_insert_duration_seconds', meter.insertSeconds),
      spread('ingest_insert_rows', meter.insertRows),
      spread('ingest_insert_messages', meter.insertMessages),
      spread('ingest_insert_bytes', meter.insertBytes),
    ]
  })
}

function reasonFamilies(shards: readonly ShardView[]): MetricFamily[] {
  const by = (
    name: SelfMetricName,
    label: string,
    pick: (meter: ShardView['status']['meter']) => ReadonlyMap<string, number>,
  ): MetricFamily => {
    const sums = new Map<string, number>()
    for (const { status } of shards)
      for (const [key, count] of pick(status.meter)) sums.set(key, (sums.get(key) ?? 0) + count)
    return {
      name,
      samples: [...sums].map(([key, value]) => ({ labels: { [label]: key }, value })),
    }
  }
  return [
    by('ingest_quarantined_total', 'reason', (meter) => meter.quarantined),
    by('ingest_values_rejected_total', 'metric', (meter) => meter.rejected),
    by('ingest_gaps_total', 'reason', (meter) => meter.gaps),
    by('ingest_gap_batches_total', 'reason', (meter) => meter.gapBatches),
  ]
}

function streamFamilies(stream: StreamFill, nowMs: number): MetricFamily[] {
  const labels = { stream: stream.name }
  return [
    family('bus_stream_bytes', known(stream.bytes, labels)),
    family('bus_stream_max_bytes', known(stream.max_bytes, labels)),
    family('bus_stream_oldest_age_seconds', known(ageSeconds(stream.oldest_ms, nowMs), labels)),
  ]
}

/** Seconds since a moment; null when there was none. A clock that lags gives no negative age. */
export const ageSeconds = (ms: number | null, nowMs: number): number | null =>
  ms === null ? null : Math.max(0, nowMs - ms) / 1_000

const family = (name: SelfMetricName, samples: readonly MetricSample[]): MetricFamily => ({
  name,
  samples,
})

const known = (
  value: number | null,
  labels: Readonly<Record<string, string>> = {},
): MetricSample[] => (value === null ? [] : [{ labels, value }])
