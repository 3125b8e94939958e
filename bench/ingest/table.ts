import type { OursResult } from './ours.ts'
import type { PeerResult, PeerRun } from './peers.ts'

/** Everything that one run found; null = that peer is not on this machine. */
export interface IngestResult {
  readonly devices: number
  readonly stepMs: number
  readonly ours: OursResult
  readonly victoria: PeerResult | null
  readonly prometheus: PeerResult | null
  readonly disk: DiskFigures | null
}

/** Of `npm run bench -- disk --json`. */
export interface DiskFigures {
  readonly bytes_per_sample: number
  readonly bytes_per_sample_settled_minutes: number
  readonly bytes_per_sample_victoriametrics: number | null
  readonly hours: number
}

const perCpu = ({ samples, cpuS }: { readonly samples: number; readonly cpuS: number }) =>
  Math.round(samples / cpuS)
const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits
const mib = (bytes: number) => Math.round(bytes / 2 ** 20)
const sumOf = (record: Readonly<Record<string, number>>) =>
  Object.values(record).reduce((sum, value) => sum + value, 0)

const isLive = (run: PeerRun) => run.ticksPerRequest <= LIVE_TICKS

/** The way a peer did best, of those by which live samples can be sent. */
export function fastest(peer: PeerResult | null): PeerRun | null {
  return (peer?.runs ?? []).filter(isLive).toSorted((a, b) => perCpu(b) - perCpu(a))[0] ?? null
}

/** History in one go; null where that was not measured. */
const bulk = (peer: PeerResult | null) => peer?.runs.find((run) => !isLive(run)) ?? null

/** A live feed holds a sample back for two instants at most. */
export const LIVE_TICKS = 2

export function printIngest(result: IngestResult): void {
  const { ours, devices, stepMs } = result
  const cpuS = sumOf(ours.cpuS)
  const rate = ours.samples / cpuS
  const ratio = (run: PeerRun) => round(rate / (run.samples / run.cpuS), 1)
  const rowsOf = (peer: PeerResult | null) =>
    (peer?.runs ?? []).map((run) => ({
      system: peer?.name,
      version: peer?.version,
      protocol: `${run.protocol}, ${run.ticksPerRequest} instants`,
      samples: run.samples,
      'CPU s': round(run.cpuS),
      'samples per CPU-second': perCpu(run),
      'wall s': round(run.wallS, 1),
      'ours is x': ratio(run),
      'peak MiB': mib(peer?.peakBytes ?? 0),
      'bytes/sample': round(
        ((peer?.disk.data ?? 0) + (peer?.disk.index ?? 0)) / (peer?.allSamples ?? 1),
      ),
    }))
  console.log(
    `\n${devices} devices x 40 metrics every ${stepMs / 1000} s; ours: ${ours.versions}\n` +
      `ours by process: ${said(ours.cpuS, (s) => `${round(s)} s`)}; peak ${said(ours.peakBytes, (b) => `${mib(b)} MiB`)}; ` +
      `idle ${round(100 * ours.idleCores, 1)} % of a core; ${ours.settledMinutes} minutes settled, ${ours.restatedMinutes} again\n` +
      `ours by phase: until stored ${round(ours.phases.storeS)} s, until settled ${round(ours.phases.settleS)} s, until at rest ${round(ours.phases.mergeS)} s\n` +
      `ours, bytes on the bus per sample: ${round(ours.messageBytes / ours.samples)}`,
  )
  console.table([
    {
      system: 'Plimsoll',
      version: '',
      protocol: 'collector messages',
      samples: ours.samples,
      'CPU s': round(cpuS),
      'samples per CPU-second': Math.round(rate),
      'wall s': round(ours.wallS, 1),
      'ours is x': 1,
      'peak MiB': mib(sumOf(ours.peakBytes)),
      'bytes/sample': round(ours.bytesOnDisk / ours.allSamples),
    },
    ...rowsOf(result.victoria),
    ...rowsOf(result.prometheus),
  ])
}

const said = (record: Readonly<Record<string, number>>, of: (value: number) => string) =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${of(value)}`)
    .join(', ')

/** One object for machines; names say the unit. */
export function ingestJson(result: IngestResult) {
  const { ours, victoria, prometheus, disk } = result
  const cpuS = sumOf(ours.cpuS)
  const rate = ours.samples / cpuS
  const ratio = (run: PeerRun | null) =>
    run === null ? null : round(rate / (run.samples / run.cpuS), 2)
  return {
    samples_per_cpu_second: Math.round(rate),
    ratio_to_victoriametrics_per_cpu_second: ratio(fastest(victoria)),
    ratio_to_victoriametrics_bulk_import_per_cpu_second: ratio(bulk(victoria)),
    ratio_to_prometheus_per_cpu_second: ratio(fastest(prometheus)),
    // Of this run where the bench of the disk was left out: few samples a series, settled minutes included.
    bytes_per_sample: disk?.bytes_per_sample ?? round(ours.bytesOnDisk / ours.allSamples, 4),
    bytes_per_sample_is_of: disk === null ? 'this run' : 'bench disk',
    bytes_per_sample_victoriametrics: disk?.bytes_per_sample_victoriametrics ?? null,
    bytes_per_sample_settled_minutes: disk?.bytes_per_sample_settled_minutes ?? null,
    bytes_per_sample_hours: disk?.hours ?? null,
    devices: result.devices,
    metrics_per_device: 40,
    interval_seconds: result.stepMs / 1000,
    samples: ours.samples,
    rows: ours.rows,
    cpu_seconds: round(cpuS),
    cpu_seconds_nats_server: round(ours.cpuS['nats-server']),
    cpu_seconds_ingest: round(ours.cpuS.ingest),
    cpu_seconds_engine: round(ours.cpuS.engine),
    cpu_seconds_until_stored: round(ours.phases.storeS),
    cpu_seconds_until_settled: round(ours.phases.settleS),
    cpu_seconds_until_rest: round(ours.phases.mergeS),
    wall_seconds: round(ours.wallS, 1),
    publish_seconds: round(ours.publishS, 1),
    idle_cores: round(ours.idleCores, 4),
    peak_memory_bytes: sumOf(ours.peakBytes),
    message_bytes_per_sample: round(ours.messageBytes / ours.samples),
    settled_minutes: ours.settledMinutes,
    restated_minutes: ours.restatedMinutes,
    versions: ours.versions,
    victoriametrics: peerJson(victoria),
    prometheus: peerJson(prometheus),
  }
}

function peerJson(peer: PeerResult | null) {
  if (peer === null) return null
  return {
    version: peer.version,
    peak_memory_bytes: peer.peakBytes,
    data_bytes: peer.disk.data,
    index_bytes: peer.disk.index,
    stored_samples: peer.allSamples,
    runs: peer.runs.map((run) => ({
      protocol: run.protocol,
      instants_per_request: run.ticksPerRequest,
      samples: run.samples,
      cpu_seconds: round(run.cpuS),
      samples_per_cpu_second: perCpu(run),
      wall_seconds: round(run.wallS, 1),
      send_seconds: round(run.sendS, 1),
    })),
  }
}
