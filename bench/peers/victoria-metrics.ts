import { join } from 'node:path'
import { freePort } from '../../cli/process.testing.ts'
import { influxLines } from './influx.ts'
import { packageVersion } from './installed.ts'
import { nativeImport, type NativeLayout } from './native.ts'
import { get, type Peer, peerBase, type PeerProtocol, post, untilQuiet } from './peer.ts'
import { folderBytes } from './proc.ts'
import { promql } from './promql.ts'
import { remoteWrite } from './remote-write.ts'
import { METRIC_PREFIX, type PeerBlock } from './samples.ts'
import { scratchFolder } from './scratch.ts'
import { pause, startServer } from './server.ts'

const PATHS: Readonly<Record<PeerProtocol, string>> = {
  'influx lines': '/write?precision=ms',
  'remote write': '/api/v1/write',
  'native import': '/api/v1/import/native',
}
const HEADERS: Readonly<Record<PeerProtocol, Record<string, string>>> = {
  'influx lines': {},
  'remote write': {
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  },
  'native import': {},
}
/** Outside of whatever window a benchmark counts. */
const PROBE_AGE_MS = 5 * 365 * 86_400_000
const MERGE_LOOK_MS = 200
const MERGE_MAX_MS = 300_000

export interface VictoriaMetrics extends Peer {
  readonly name: 'VictoriaMetrics'
  /** Merges every partition into as few parts as it will. */
  forceMerge(): Promise<void>
  /** Forgets answers it remembers, so that a question costs what it costs. */
  forgetAnswers(): Promise<void>
}

/**
 * VictoriaMetrics on a free port with an empty folder and its defaults, but: a retention that old test data survives,
 * no waiting before fresh samples are shown, and limits that let a fleet be counted in one query.
 */
export async function startVictoriaMetrics(
  program: string,
  flags: readonly string[] = [],
): Promise<VictoriaMetrics> {
  const folder = scratchFolder('victoria-metrics')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer(
    program,
    [
      `-storageDataPath=${folder.path}/data`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=10y',
      '-loggerLevel=WARN',
      '-search.latencyOffset=0s',
      '-search.maxUniqueTimeseries=20000000',
      '-search.maxSamplesPerQuery=4000000000',
      '-search.maxQueryDuration=120s',
      ...flags,
    ],
    async () => (await fetch(`${url}/health`)).ok,
  )
  const layout = await nativeLayout(url)
  const encoders: Readonly<Record<PeerProtocol, (block: PeerBlock) => Uint8Array>> = {
    'influx lines': influxLines,
    'remote write': remoteWrite,
    'native import': (block) => nativeImport(block, layout),
  }
  const settle = async () => {
    await get(`${url}/internal/force_flush`)
    await untilQuiet([server.pid])
  }
  const forceMerge = async () => {
    await get(`${url}/internal/force_flush`)
    await get(`${url}/internal/force_merge`)
    const endMs = performance.now() + MERGE_MAX_MS
    do {
      if (performance.now() > endMs) throw new Error('VictoriaMetrics merges for five minutes')
      await pause(MERGE_LOOK_MS)
    } while (metricOf(await get(`${url}/metrics`), 'vm_active_force_merges') > 0)
    await untilQuiet([server.pid])
  }
  return {
    ...peerBase(url, server),
    ...promql(url),
    name: 'VictoriaMetrics',
    version: packageVersion('victoria-metrics'),
    protocols: ['influx lines', 'remote write', 'native import'],
    encode: (protocol, block) => encoders[protocol](block),
    send: (protocol, body) => post(`${url}${PATHS[protocol]}`, body, HEADERS[protocol]),
    settle,
    forceMerge,
    forgetAnswers: async () => {
      await get(`${url}/internal/resetRollupResultCache`)
    },
    async bytesOnDisk() {
      await forceMerge()
      const data = join(folder.path, 'data')
      return { data: folderBytes(join(data, 'data')), index: folderBytes(join(data, 'indexdb')) }
    },
    async stop() {
      await server.stop()
      folder.remove()
    },
  }
}

function metricOf(page: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? 0)
}

/** Asks the server which layout it reads: it refuses a sample in the one it does not know. */
async function nativeLayout(url: string): Promise<NativeLayout> {
  const object = { labels: { probe: 'layout' }, metrics: [`${METRIC_PREFIX}probe`] }
  const probe = {
    timesMs: [Date.now() - PROBE_AGE_MS],
    rows: [{ object, values: Float64Array.of(1) }],
  }
  const isOld = await post(
    `${url}${PATHS['native import']}`,
    nativeImport(probe, { isLong: false }),
  ).then(
    () => true,
    () => false,
  )
  return { isLong: !isOld }
}
