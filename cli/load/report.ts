import type { LoadCounts } from './fleet.ts'

/** What this process took from the machine since its start. */
export interface ProcessUse {
  readonly cpuMs: number
  readonly rssBytes: number
}

/** Everything known at one moment of a run. */
export interface LoadMoment {
  /** Since the load began, ms. */
  readonly elapsedMs: number
  readonly counts: LoadCounts
  readonly use: ProcessUse
}

/** The run as a whole, as `--json` prints it in one line. */
export interface LoadReport {
  readonly cluster: string
  readonly devices: number
  readonly collectors: number
  readonly interval_ms: number
  readonly duration_ms: number
  readonly seed: number
  readonly simulated: true
  readonly rows: number
  readonly values: number
  readonly rows_per_second: number
  readonly values_per_second: number
  readonly batches: number
  readonly published: number
  readonly unpublished: number
  readonly lost_batches: number
  readonly refused_attempts: number
  readonly bytes: number
  readonly bytes_per_second: number
  readonly bytes_per_row: number
  readonly missed_ticks: number
  readonly publish_p50_ms: number | null
  readonly publish_p99_ms: number | null
  readonly not_known_stored_batches: number
  readonly spool_peak_bytes: number
  /** CPU of this process as a share of one core, and its largest resident memory. */
  readonly cpu_cores: number
  readonly rss_peak_bytes: number
}

export interface ReportInput {
  readonly shape: { readonly cluster: string; readonly devices: number; readonly seed: number }
  readonly intervalMs: number
  readonly last: LoadMoment
  readonly peaks: { readonly spoolBytes: number; readonly rssBytes: number }
  /** While samples were taken, without starting and draining: what the rates are over. */
  readonly loadedMs: number
}

export function makeReport({ shape, intervalMs, last, peaks, loadedMs }: ReportInput): LoadReport {
  const { counts, use, elapsedMs } = last
  const seconds = Math.max(1, loadedMs) / 1000
  return {
    cluster: shape.cluster,
    devices: shape.devices,
    collectors: counts.collectors,
    interval_ms: intervalMs,
    duration_ms: Math.round(loadedMs),
    seed: shape.seed,
    simulated: true,
    rows: counts.rows,
    values: counts.values,
    rows_per_second: round(counts.rows / seconds, 1),
    values_per_second: round(counts.values / seconds, 0),
    batches: counts.batches,
    published: counts.published,
    unpublished: Math.max(0, counts.batches - counts.published - counts.lostBatches),
    lost_batches: counts.lostBatches,
    refused_attempts: counts.refused,
    bytes: counts.bytes,
    bytes_per_second: round(counts.bytes / seconds, 0),
    bytes_per_row: counts.rows === 0 ? 0 : round(counts.bytes / counts.rows, 1),
    missed_ticks: counts.missedTicks,
    publish_p50_ms: counts.latencyMs.p50 === null ? null : round(counts.latencyMs.p50, 2),
    publish_p99_ms: counts.latencyMs.p99 === null ? null : round(counts.latencyMs.p99, 2),
    not_known_stored_batches: counts.spooledBatches,
    spool_peak_bytes: peaks.spoolBytes,
    cpu_cores: round(use.cpuMs / Math.max(1, elapsedMs), 3),
    rss_peak_bytes: peaks.rssBytes,
  }
}

/** The last second, in one line of at most 110 characters. */
export function progressLine(now: LoadMoment, before: LoadMoment): string {
  const seconds = Math.max(1, now.elapsedMs - before.elapsedMs) / 1000
  const { counts, use, elapsedMs } = now
  const rate = (of: (counts: LoadCounts) => number) =>
    Math.max(0, (of(counts) - of(before.counts)) / seconds)
  const cpu = ((use.cpuMs - before.use.cpuMs) / (seconds * 1000)) * 100
  const away = counts.collectors - counts.connected
  return [
    `${Math.round(elapsedMs / 1000)} s`,
    `${whole(rate(({ rows }) => rows))} rows/s`,
    `${scaled(rate(({ values }) => values))} values/s`,
    `${scaled(rate(({ bytes }) => bytes))}B/s`,
    `cpu ${Math.round(cpu)} %`,
    `p99 ${time(counts.latencyMs.p99)}`,
    `spool ${counts.spooledBatches}`,
    `missed ${counts.missedTicks}`,
    ...(away === 0 ? [] : [`${away} without a bus`]),
  ].join('  ')
}

/** The table at the end, and what became of what was not delivered. */
export function reportLines(report: LoadReport, spoolDirectory: string): string[] {
  const rows: readonly (readonly [string, string])[] = [
    [
      'devices',
      `${report.devices} simulated, every ${report.interval_ms / 1000} s, cluster ${report.cluster}`,
    ],
    ['collectors', String(report.collectors)],
    ['time under load', `${round(report.duration_ms / 1000, 1)} s`],
    ['rows', `${whole(report.rows)}   ${whole(report.rows_per_second)} /s`],
    ['values', `${whole(report.values)}   ${whole(report.values_per_second)} /s`],
    ['batches', `${whole(report.batches)}   published ${whole(report.published)}`],
    [
      'bytes',
      `${scaled(report.bytes)}B   ${scaled(report.bytes_per_second)}B/s   ${report.bytes_per_row} a row`,
    ],
    ['publish latency', `p50 ${time(report.publish_p50_ms)}   p99 ${time(report.publish_p99_ms)}`],
    ['refused by the bus', `${whole(report.refused_attempts)} attempts, repeated`],
    ['missed ticks', whole(report.missed_ticks)],
    [
      'spools',
      `at most ${scaled(report.spool_peak_bytes)}B   lost ${whole(report.lost_batches)} batches`,
    ],
    [
      'this process',
      `${round(report.cpu_cores * 100, 1)} % of a core   at most ${scaled(report.rss_peak_bytes)}B of memory`,
    ],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...endings(report, spoolDirectory),
  ]
}

function endings(report: LoadReport, spoolDirectory: string): string[] {
  const { unpublished, not_known_stored_batches: unknown } = report
  const { lost_batches: lost, missed_ticks: missed } = report
  return [
    unpublished === 0
      ? 'The bus has every batch.'
      : `${whole(unpublished)} batches were not taken by the bus in time. They stay in ${spoolDirectory}; it can be deleted.`,
    ...(missed === 0
      ? []
      : [
          `${whole(missed)} reads of a node were missed: one process here cannot make this load. Start several, each with an --as-cluster of its own.`,
        ]),
    ...(lost === 0
      ? []
      : [`${whole(lost)} batches were lost because a spool was full or its disk did not answer.`]),
    ...(unpublished === 0 && unknown > 0
      ? [
          `Of the last ${whole(unknown)} the load had not heard yet whether they are stored; ingest goes on without it.`,
        ]
      : []),
  ]
}

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits
const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const time = (ms: number | null) =>
  ms === null ? '-' : `${ms < 10 ? round(ms, 1) : Math.round(ms)} ms`

function scaled(value: number): string {
  if (value < 1000) return `${Math.round(value)} `
  const power = Math.min(4, Math.floor(Math.log10(value) / 3))
  return `${round(value / 1000 ** power, 2)} ${['', 'k', 'M', 'G', 'T'][power] ?? ''}`
}
