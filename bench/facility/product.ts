import { join } from 'node:path'
import { connectBus } from '../../ingest/bus/connect.ts'
import { startNatsServer } from '../../ingest/bus/nats-server.testing.ts'
import { ensureStreams } from '../../ingest/bus/streams.ts'
import { useOf } from '../peers/proc.ts'
import { pause, startServer } from '../peers/server.ts'
import { freePort } from './config.ts'
import { COMMUNITY, COMMUNITY_ENV, PASSWORD, PASSWORD_ENV } from './fleet.ts'
import { metersOf, rounded, type Scene, type SceneResult, type Size, warmUpMs } from './scene.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/plimsoll')
const STREAM_BYTES = 256 * 1024 * 1024
const silent = () => undefined

/**
 * What `plimsoll collector` itself uses: started by bin/plimsoll, which chooses Node's flags and malloc's limits, it publishes to a
 * real bus. Counts come from its own /metrics.
 */
export async function measureProduct(
  scene: Scene,
  { counts, seconds }: Size,
  { file, folder }: { readonly file: string; readonly folder: string },
): Promise<SceneResult> {
  const bus = await startBus()
  try {
    const port = await freePort('tcp')
    const page = `http://127.0.0.1:${port}`
    const places = ['--config', file, '--data', folder, '--nats', bus.url]
    const collector = await startServer(
      PROGRAM,
      // prettier-ignore
      ['collector', ...places, '--metrics-listen', String(port)],
      async () => (await fetch(`${page}/healthz`)).ok,
      { [PASSWORD_ENV]: PASSWORD, [COMMUNITY_ENV]: COMMUNITY },
    )
    try {
      await pause(warmUpMs(scene))
      const first = await samplesAt(page)
      const before = useOf(collector.pid)
      const startedMs = performance.now()
      await pause(seconds * 1000)
      const tookMs = performance.now() - startedMs
      const after = useOf(collector.pid)
      const last = await samplesAt(page)
      const grew = (name: string) => (last.get(name) ?? 0) - (first.get(name) ?? 0)
      return {
        scene: scene.name,
        meters: metersOf(counts),
        cpuPercentOfOneCore: rounded(((after.cpuS - before.cpuS) * 100_000) / tookMs),
        peakMegabytes: rounded(after.peakRssBytes / 1e6),
        rssMegabytes: rounded(after.rssBytes / 1e6),
        okReads: grew('plimsoll_collector_reads_total'),
        failedReads: last.get('plimsoll_collector_targets_failed') ?? 0,
        missedCells: grew('plimsoll_collector_missed_cells_total'),
        soundFailed: 0,
        latencyMs: [],
        fastLane: [],
      }
    } finally {
      await collector.stop()
    }
  } finally {
    await bus.stop()
  }
}

async function startBus() {
  const bus = await startNatsServer()
  try {
    const connection = await connectBus({ url: bus.url, name: 'bench facility' })
    const limits = { maxBytes: STREAM_BYTES, maxAgeMs: 3_600_000, replicas: 1 }
    await ensureStreams(connection, limits, { info: silent, warn: silent, error: silent })
    await connection.close()
    return bus
  } catch (error) {
    await bus.stop()
    throw error
  }
}

const samplesAt = async (page: string) => samplesOf(await (await fetch(`${page}/metrics`)).text())

/** Samples of a Prometheus text page, summed by name. */
function samplesOf(page: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of page.split('\n')) {
    const [, name, value] = /^(\w+)(?:\{.*\})? (\S+)$/.exec(line) ?? []
    if (name !== undefined) found.set(name, (found.get(name) ?? 0) + Number(value))
  }
  return found
}
