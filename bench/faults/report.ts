import type { CheckResult } from './check.ts'
import { kindNames, type FaultKind } from './plan.ts'
import type { RunResult } from './run.ts'
import type { Site } from './site.ts'

/** What `--json` prints, and what the tables of several runs are summed from. */
export interface FaultReport {
  readonly seed: number
  readonly faults: number
  readonly by_kind: Readonly<Record<string, number>>
  /** Kinds that this machine does not allow; something else stood in for them. */
  readonly not_possible: readonly string[]
  readonly produced_batches: number
  readonly produced_rows: number
  readonly stored_batches: number
  readonly stored_rows: number
  readonly lost: number
  readonly duplicated: number
  /** Batches that are not stored, by the reason that is stored instead. */
  readonly gaps_explained: Readonly<Record<string, number>>
  readonly died_in_memory_under_alarm: number
  readonly undecided_at_kill: number
  readonly rows_time_corrected: number
  readonly rows_misdated: number
  readonly device_minutes_recounted: number
  readonly bad_messages_sent: number
  readonly quarantined: number
  /** Bad messages that the broker acknowledged and lost before anybody read them: nobody sends them again. */
  readonly bad_messages_gone: number
  readonly starts: Readonly<Record<string, number>>
  readonly ends_nobody_ordered: Readonly<Record<string, number>>
  readonly wall_s: number
  readonly peak_mb: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

/** Highest resident memory that a process may reach, MiB: bounded means below this, whatever happens. */
export const MEMORY_BOUNDS_MIB: Readonly<Record<string, number>> = {
  c1: 200,
  c2: 200,
  c3: 200,
  ingest: 1500,
  nats: 400,
  engine: 3000,
}

const MIB = 2 ** 20

export function makeReport(
  site: Pick<Site, 'seed' | 'processes' | 'namespace' | 'disks'>,
  { done, checks, log, violations }: RunResult,
  wallMs: number,
): FaultReport {
  const last: CheckResult | undefined = checks.at(-1)
  const byProcess = (pick: (counts: ReturnType<typeof site.processes.c1.counts>) => number) =>
    Object.fromEntries(
      Object.entries(site.processes).map(([name, process]) => [name, pick(process.counts())]),
    )
  const peaks = byProcess(({ peakBytes }) => Math.round(peakBytes / MIB))
  const count = (kind: FaultKind) => done.filter(({ fault }) => fault.kind === kind).length
  const verdict = last?.verdict
  return {
    seed: site.seed,
    faults: done.length,
    by_kind: Object.fromEntries(kindNames().map((kind) => [kind, count(kind)])),
    not_possible: [
      ...(site.namespace === null ? ['namespace'] : []),
      ...(site.disks.spool.isReal ? [] : ['disk_full']),
    ],
    produced_batches: verdict?.produced.batches ?? 0,
    produced_rows: verdict?.produced.rows ?? 0,
    stored_batches: verdict?.stored.batches ?? 0,
    stored_rows: verdict?.stored.rows ?? 0,
    lost: verdict?.lost.length ?? 0,
    duplicated: verdict?.duplicated.length ?? 0,
    gaps_explained: verdict?.explained ?? {},
    died_in_memory_under_alarm: verdict?.diedInMemory ?? 0,
    undecided_at_kill: verdict?.undecided ?? 0,
    rows_time_corrected: verdict?.corrected ?? 0,
    rows_misdated: verdict?.misdated ?? 0,
    device_minutes_recounted: last?.minutes ?? 0,
    bad_messages_sent: log.bad.sent,
    quarantined: last?.quarantined ?? 0,
    bad_messages_gone: last?.badGone ?? 0,
    starts: byProcess(({ starts }) => starts),
    ends_nobody_ordered: byProcess(({ ownEnds }) => ownEnds),
    wall_s: Math.round(wallMs / 1000),
    peak_mb: peaks,
    violations: [
      ...violations,
      ...Object.entries(peaks)
        .filter(([name, peak]) => peak > (MEMORY_BOUNDS_MIB[name] ?? Infinity))
        .map(
          ([name, peak]) =>
            `memory of ${name} reached ${peak} MiB, bound ${MEMORY_BOUNDS_MIB[name]}`,
        ),
    ],
  }
}

/** The table at the end. */
export function reportLines(report: FaultReport): string[] {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ') || 'none'
  const explained = Object.values(report.gaps_explained).reduce((sum, n) => sum + n, 0)
  const rows: readonly (readonly [string, string])[] = [
    ['seed', `${report.seed}`],
    ['faults', `${report.faults}: ${list(report.by_kind)}`],
    ['not possible here', report.not_possible.join(', ') || 'nothing'],
    ['produced', `${report.produced_batches} batches, ${report.produced_rows} rows`],
    ['stored', `${report.stored_batches} batches, ${report.stored_rows} rows`],
    ['lost', `${report.lost}`],
    ['duplicated', `${report.duplicated}`],
    ['gaps explained', `${explained} batches: ${list(report.gaps_explained)}`],
    ['in memory at a kill, under alarm', `${report.died_in_memory_under_alarm} batches`],
    ['being spooled at a kill', `${report.undecided_at_kill} batches, stored or not`],
    ['times corrected', `${report.rows_time_corrected} rows`],
    ['more than 40 s off', `${report.rows_misdated} rows`],
    ['settled = recounted', `${report.device_minutes_recounted} device minutes`],
    [
      'bad messages',
      `${report.bad_messages_sent} sent, ${report.quarantined} in quarantine, ${report.bad_messages_gone} lost with the broker`,
    ],
    ['starts', list(report.starts)],
    ['ends nobody ordered', list(report.ends_nobody_ordered)],
    ['wall', `${report.wall_s} s`],
    ['peak memory', `${list(report.peak_mb)} (MiB)`],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...report.violations.map((violation) => `VIOLATION: ${violation}`),
  ]
}
