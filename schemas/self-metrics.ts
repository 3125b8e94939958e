/**
 * What Plimsoll measures about itself, as Prometheus text. The catalogue is data: a name is defined once,
 * with its unit in it, and docs/pipeline.md explains each (a test compares the two). Labels are fixed words
 * or bounded lists: shards, disks, reasons, catalogue metrics, the worst few collectors.
 */
export interface SelfMetric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
}

export const SELF_METRICS = {
  build_info: gauge('Version of this process; always 1.'),
  process_start_time_seconds: gauge('When this process began, seconds since 1970.'),
  process_resident_memory_bytes: gauge(
    'Memory of this process (the engine is a process of its own).',
  ),
  process_cpu_seconds_total: counter('CPU time of this process.'),
  role_state: gauge('1 for the state a role is in.'),

  http_requests_total: counter('Answered requests by route and class of status.'),
  http_request_seconds_total: counter('Time spent on requests by route and class of status.'),
  http_errors_total: counter('Answers with an error, by code.'),
  token_last_use_failures_total: counter('Times the last use of a token could not be written.'),

  ingest_lag_messages: gauge('Messages in the log that are not stored yet, by shard.'),
  ingest_lag_seconds: gauge('Age of the newest stored sample, by shard.'),
  ingest_watermark_age_seconds: gauge(
    'Time since collectors were last told what is stored, by shard.',
  ),
  ingest_inserted_rows_total: counter('Sample rows stored, by shard.'),
  ingest_inserted_messages_total: counter('Messages stored, by shard.'),
  ingest_inserted_bytes_total: counter(
    'Bytes of stored messages as the bus carried them, by shard.',
  ),
  ingest_insert_duration_seconds: histogram('Time of one insert into all its tables, by shard.'),
  ingest_insert_rows: histogram('Sample rows of one insert, by shard.'),
  ingest_insert_messages: histogram('Messages of one insert, by shard.'),
  ingest_insert_bytes: histogram('Bytes of messages of one insert, by shard.'),
  ingest_duplicates_total: counter('Messages that were stored before and left out.'),
  ingest_quarantined_total: counter('Messages that can never be stored, by reason.'),
  ingest_values_rejected_total: counter(
    'Values outside their plausible range, by metric; stored as null.',
  ),
  ingest_records_refused_total: counter('Records with an impossible time, range or kind.'),
  ingest_replays_total: counter('Inserts repeated at a start because their outcome was unknown.'),
  ingest_expired_messages_total: counter('Messages the log dropped before they were read.'),
  ingest_log_alarms_total: counter(
    'Times the log was made anew, lost its tail or dropped unread messages.',
  ),
  ingest_resends_asked_total: counter('Requests to collectors to send a range again.'),
  ingest_resend_batches_asked_total: counter('Batches that were missing and asked for.'),
  ingest_resend_batches_received_total: counter('Batches that came after they were asked for.'),
  ingest_gaps_total: counter('Ranges a collector gave up for good, by reason.'),
  ingest_gap_batches_total: counter('Batches in these ranges, by reason.'),
  ingest_report_failures_total: counter(
    'Reports of this process that could not be written to the store.',
  ),

  ingest_disk_used_ratio: gauge('Share of the fullest watched disk in use, 0..1.'),
  ingest_disk_free_bytes: gauge('Room on the fullest watched disk.'),
  ingest_disk_warning: gauge('1 from 85 % on.'),
  ingest_disk_stopped: gauge('1 while ingest takes nothing because a disk is nearly full.'),
  ingest_journal_entries: gauge('Entries of the journal that are in the tables.'),
  ingest_journal_behind_entries: gauge('Entries of the journal that are not yet.'),
  ingest_journal_waiting_rows: gauge('Rows of the journal that name devices nobody has seen.'),
  ingest_journal_refused: gauge('1 while the journal is not the one that was mirrored.'),
  ingest_watched_disk_used_ratio: gauge('Share in use of each watched disk, 0..1.'),
  ingest_watched_disk_free_bytes: gauge('Room on each watched disk.'),

  bus_stream_bytes: gauge('Bytes the stream holds, by stream.'),
  bus_stream_max_bytes: gauge(
    'Bound of the stream: beyond it the bus refuses and collectors wait.',
  ),
  bus_stream_oldest_age_seconds: gauge('Age of the oldest message the stream holds, by stream.'),

  settle_step_duration_seconds: histogram('Time of one piece of settling.'),
  settle_minutes_total: counter('Minutes settled for the first time.'),
  settle_restated_minutes_total: counter('Minutes settled again.'),
  settle_waiting_minutes: gauge('Minutes that wait to be settled again.'),
  settle_idle: gauge('1 when nothing was due at the last look.'),
  ledger_check_broken_groups: gauge(
    'Groups of minutes, hours and days that do not add up; must stay 0.',
  ),
  ledger_check_runs_total: counter('Looks at whether the ledger adds up.'),
  ledger_check_seconds_total: counter('Time they took.'),
  ledger_check_failing: gauge('1 when the last look failed.'),
  settle_age_seconds: gauge('Time since the end of the newest settled minute.'),

  store_up: gauge('1 when the store answered the last look of this process.'),
  store_memory_bytes: gauge('Memory the store says it uses.'),
  store_memory_limit_bytes: gauge('Memory the store may use.'),
  store_uptime_seconds: gauge('Time since the store started.'),
  engine_up: gauge('1 while the embedded engine answers.'),
  engine_deaths_total: counter(
    'Times the embedded engine stopped by itself and was started again.',
  ),

  collectors: gauge('Collectors by state, as this ingest process heard of them.'),
  collectors_spool_bytes: gauge('Bytes in all their spools.'),
  collectors_worst_spool_ratio: gauge('Share of the bound in use of the fullest spools, 0..1.'),
  collectors_worst_spool_age_seconds: gauge(
    'Age of the oldest batch that waits, of the worst collectors.',
  ),

  collector_targets: gauge('Targets of this collector.'),
  collector_targets_ok: gauge('Targets whose last read gave an answer.'),
  collector_targets_failed: gauge('Targets whose last read failed.'),
  collector_targets_absent: gauge('Targets that are not there.'),
  collector_devices: gauge('Devices seen lately.'),
  collector_reads_total: counter('Reads of targets.'),
  collector_missed_cells_total: counter('Reads that were due and not made.'),
  collector_rejected_total: counter('Lines and values refused.'),
  collector_batches_total: counter('Batches made.'),
  collector_rows_total: counter('Sample rows in them.'),
  collector_dropped_records_total: counter('Records dropped because too many waited.'),
  collector_unannounced_total: counter(
    'Events beyond 200 in a second, which alerts hear of from the table only.',
  ),
  collector_published_total: counter('Messages the bus took.'),
  collector_publish_refusals_total: counter('Attempts the bus did not take.'),
  collector_resent_total: counter('Messages sent again because ingest asked.'),
  collector_lost_total: counter('Batches that could not be spooled.'),
  collector_bus_connected: gauge('1 while the bus is connected.'),
  collector_watermark_age_seconds: gauge('Time since ingest last said that something is stored.'),
  collector_spool_bytes: gauge('Bytes of the spool on disk.'),
  collector_spool_max_bytes: gauge('Bound of the spool: beyond it the oldest batches are dropped.'),
  collector_spool_waiting_batches: gauge('Batches not known to be in the store.'),
  collector_spool_oldest_age_seconds: gauge('Age of the oldest of them.'),
  collector_spool_memory_bytes: gauge('Bytes only in memory because the disk refuses.'),
  collector_spool_memory_batches: gauge('Batches only in memory because the disk refuses.'),
  collector_spool_dropped_total: counter('Batches dropped because the spool was full.'),
  collector_spool_damaged_total: counter('Batches that were damaged on disk.'),
  collector_spool_disk_errors_total: counter('Refusals of the disk.'),
  collector_spool_segments: gauge('Files of the spool.'),

  alert_rule_evaluation_seconds: gauge(
    'Time that the newest evaluation of each rule took, reading and deciding.',
  ),

  ledger_broken_groups: gauge(
    'Groups in answers since the start whose nine states did not sum to capacity; must stay 0.',
  ),

  live_clients: gauge('Open live streams of dashboards.'),
  live_dropped_total: counter('Messages left out because a dashboard was too slow.'),
  live_messages_total: counter('Messages sent to dashboards.'),
  live_failures_total: counter('Looks at the live state that failed.'),
} as const satisfies Record<string, SelfMetric>
export type SelfMetricName = keyof typeof SELF_METRICS

export const isSelfMetric = (name: string): name is SelfMetricName =>
  Object.hasOwn(SELF_METRICS, name)

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** Observations by bucket: `counts[i]` of those up to `bounds[i]`, the last of those beyond all. */
export interface HistogramSample {
  readonly labels?: Readonly<Record<string, string>>
  readonly bounds: readonly number[]
  readonly counts: ArrayLike<number>
  readonly sum: number
}

/** All lines of one name. What is not known has no line: absent, never 0. */
export interface MetricFamily {
  readonly name: SelfMetricName
  readonly samples?: readonly MetricSample[]
  readonly histograms?: readonly HistogramSample[]
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A number of a role that the catalogue does not list, such as the demo's progress. */
export interface OtherMetric {
  readonly name: string
  readonly role: string
  readonly value: number
}

interface RoleNumbers {
  readonly name: string
  readonly health: {
    readonly state: string
    readonly metrics: Readonly<Record<string, number>>
    readonly families?: readonly MetricFamily[]
  }
}

const STATES = ['starting', 'ok', 'degraded', 'failed', 'stopped'] as const

/** What the roles of a process count: the catalogue's names, and the rest under the role's own. */
export function roleMetrics(roles: readonly RoleNumbers[]): {
  readonly families: readonly MetricFamily[]
  readonly others: readonly OtherMetric[]
} {
  const numbers = roles.flatMap(({ name: role, health }) =>
    Object.entries(health.metrics).map(([name, value]) => ({ role, name, value })),
  )
  const states = roles.flatMap(({ name, health }) =>
    STATES.map((state) => ({
      labels: { role: word(name), state },
      value: health.state === state ? 1 : 0,
    })),
  )
  return {
    families: [
      { name: 'role_state', samples: states },
      ...numbers.flatMap(({ name, value }): MetricFamily[] =>
        isSelfMetric(name) ? [{ name, samples: [{ value }] }] : [],
      ),
      ...roles.flatMap(({ health }) => health.families ?? []),
    ],
    others: numbers.filter(({ name }) => !isSelfMetric(name)),
  }
}

/** What a process says of itself; the caller asks the system. */
export function processFamilies(facts: {
  readonly version: string
  readonly startedAtMs: number
  readonly rssBytes: number
  readonly cpuSeconds: number
}): MetricFamily[] {
  const one = (name: SelfMetricName, value: number): MetricFamily => ({
    name,
    samples: [{ value }],
  })
  return [
    { name: 'build_info', samples: [{ labels: { version: facts.version }, value: 1 }] },
    one('process_start_time_seconds', facts.startedAtMs / 1_000),
    one('process_resident_memory_bytes', facts.rssBytes),
    one('process_cpu_seconds_total', facts.cpuSeconds),
  ]
}

/** Names of roles and their numbers come from our own code; anything else becomes an underscore. */
const word = (text: string) => text.replaceAll(/[^a-zA-Z0-9_]/g, '_')

/** Prometheus text of these families, joined by name, in the order of the catalogue; the others follow. */
export function renderExposition(
  families: readonly MetricFamily[],
  others: readonly OtherMetric[] = [],
): string {
  const byName = new Map<SelfMetricName, MetricFamily[]>()
  for (const family of families) {
    const known = byName.get(family.name)
    if (known === undefined) byName.set(family.name, [family])
    else known.push(family)
  }
  const lines: string[] = []
  for (const [key, { type, help }] of Object.entries(SELF_METRICS)) {
    if (!isSelfMetric(key)) continue
    const full = `plimsoll_${key}`
    const found = (byName.get(key) ?? []).flatMap(({ samples = [], histograms = [] }) => [
      ...samples.map((sample) => sampleLine(full, sample)),
      ...histograms.flatMap((histogram) => histogramLines(full, histogram)),
    ])
    if (found.length > 0) lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...found)
  }
  const rest = others.flatMap(({ name, role, value }) => {
    const full = `plimsoll_${word(role)}_${word(name)}`
    const type = name.endsWith('_total') ? 'counter' : 'gauge'
    return [
      `# HELP ${full} A number of the role ${word(role)}.`,
      `# TYPE ${full} ${type}`,
      `${full} ${value}`,
    ]
  })
  return [...lines, ...rest, ''].join('\n')
}

const sampleLine = (name: string, { labels = {}, value }: MetricSample) =>
  `${name}${labelText(labels)} ${value}`

function histogramLines(name: string, histogram: HistogramSample): string[] {
  const { labels = {}, bounds, counts, sum } = histogram
  let total = 0
  const lines = [...bounds, Infinity].map((bound, bucket) => {
    total += counts[bucket] ?? 0
    const le = bound === Infinity ? '+Inf' : String(bound)
    return `${name}_bucket${labelText({ ...labels, le })} ${total}`
  })
  return [
    ...lines,
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${total}`,
  ]
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

function counter(help: string) {
  return { type: 'counter', help } as const
}
function gauge(help: string) {
  return { type: 'gauge', help } as const
}
function histogram(help: string) {
  return { type: 'histogram', help } as const
}
