import { CONFIG_DEFAULTS } from '../../collector/config.ts'
import { createMerger, type DeviceRow } from '../../collector/merge.ts'
import type { Source, SourceIo } from '../../collector/source.ts'
import { type Target, toTarget } from '../../collector/targets/target.ts'
import type { NodeReading } from '#schemas/reading.ts'
import type { HistoryPage } from './prometheus-pages.ts'

/** One exporter of the past, read as a collector reads a living one. */
export interface PastExporter {
  read(page: HistoryPage): Promise<PastReading>
}

export interface PastReading {
  readonly rows: readonly DeviceRow[]
  readonly nodes: readonly NodeReading[]
  /** Node of readings that do not name theirs. */
  readonly node: string
  /** Lines and values that the source or the plausibility range refused, by reason. */
  readonly refused: Readonly<Record<string, number>>
}

export interface PastExporterOptions {
  readonly source: Source
  /** The source's own options, checked. */
  readonly config: unknown
  readonly instance: string
  readonly cluster: string
  readonly stepMs: number
}

const TIMEOUT_MS = 60_000
const encoder = new TextEncoder()

/** The source's own reading and the collector's own joining: identity, units, busy source as they are live. */
export function createPastExporter(options: PastExporterOptions): PastExporter {
  const { source, config, instance, cluster, stepMs } = options
  const target = targetOf(instance)
  const memory = new Map<string, unknown>()
  const labels = { hall: '', rack: '', pool: '' }
  const merger = createMerger({
    config: { labels, nodeLabels: new Map(), cluster },
    orderOf: () => 0,
    onPinChange: () => undefined,
  })
  return {
    async read({ atMs, text }) {
      const body = encoder.encode(text)
      const io = answering(body)
      const context = { io, target, config, nowMs: atMs, timeoutMs: TIMEOUT_MS, memory }
      const interpretation = await source.read(context)
      const accepted = merger.accept({
        id: instance,
        source: source.name,
        target,
        tickMs: atMs,
        intervalMs: stepMs,
        atMs,
        durationMs: 0,
        bytes: body.length,
        interpretation,
      })
      return {
        rows: accepted.rows,
        nodes: interpretation.nodes ?? [],
        node: target.node,
        refused: { ...interpretation.rejectedByReason, ...accepted.rejected },
      }
    },
  }
}

/** What Prometheus calls an instance is mostly an address; where it is none it is a name. */
function targetOf(instance: string): Target {
  try {
    return toTarget(instance, {}, instance)
  } catch {
    const place = { hall: '', rack: '', pool: '' }
    return { address: instance, node: instance, isNodeNamed: true, cluster: '', ...place }
  }
}

/** An outside world in which one page is all there is. */
const answering = (body: Uint8Array): SourceIo => ({
  get: async () => ({ status: 200, body, failure: null }),
  run: () => Promise.reject(new RangeError('history runs no command')),
  stream: () => 'busy',
  hasCommand: async () => false,
})

/** Cluster of devices that nobody said one for: as a collector without a configuration. */
export const CLUSTER_DEFAULT: string = CONFIG_DEFAULTS.cluster
