import type { Batch } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import type { Announcer } from './announce.ts'
import type { BatchIdentity } from './batch-build.ts'
import { type BatchKind, createBatcher } from './batcher.ts'
import type { CollectorClock, Reanchor, TimeSource } from './clock.ts'
import type { CollectorConfig } from './config.ts'
import { createEventEdges } from './events.ts'
import { createFacts } from './facts.ts'
import { type CollectionHealth, createHealth } from './health.ts'
import { createLinkEdges } from './link-edges.ts'
import { createMerger } from './merge.ts'
import { readMeters } from './meter-samples.ts'
import { createNodeSamples } from './node-samples.ts'
import type { TargetRead } from './runner.ts'
import type { Source } from './source.ts'
import { thresholdBook } from './thresholds/config.ts'
import { createThresholds } from './thresholds/watch.ts'

export interface PipelineDeps {
  readonly config: Pick<
    CollectorConfig,
    'labels' | 'nodeLabels' | 'cluster' | 'node' | 'thresholds'
  >
  readonly identity: BatchIdentity
  /** In order of belief: the first source that gives a value is taken. */
  readonly sources: readonly Source[]
  readonly time: TimeSource
  readonly clock: CollectorClock
  readonly onBatch: (batch: Batch, kind: BatchKind) => void
  /** Says events before their batch is on its way. */
  readonly announcer?: Announcer
}

/** From a finished read to batches. Does no I/O. */
export interface Pipeline {
  readonly onRead: (read: TargetRead) => void
  /** What a target said by itself (a trap, a push): its meters and events; its outcome stays that of its reads. */
  readonly onSaid: (read: TargetRead) => void
  readonly onGone: (id: string) => void
  readonly addRecord: (record: BatchRecord) => void
  /** Sends a record at once and on its own. */
  readonly sendAlone: (record: BatchRecord) => void
  readonly health: CollectionHealth
  /** The clock was set. */
  readonly onReanchor: (reanchor: Reanchor) => void
  /** Sends the waiting records now. */
  readonly flushRecords: () => void
  /** Closes every open batch. */
  readonly flush: () => void
  readonly stats: () => PipelineStats
}

export interface PipelineStats {
  readonly devices: number
  readonly batches: number
  readonly rows: number
  readonly droppedRecords: number
  /** Events that were not announced because there were too many at once. */
  readonly unannounced: number
}

/** Wires merge, events, health and batches together. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const { config, identity, sources, time, clock, onBatch } = deps
  const batcher = createBatcher({ identity, time, clock, onBatch })
  const addRecord = (record: BatchRecord) => {
    deps.announcer?.see(record)
    batcher.addRecord(record)
  }
  const sourceOf = (name: string) => sources.find((source) => source.name === name)
  const health = createHealth(addRecord, (name) => sourceOf(name)?.expects ?? [])
  const edges = createEventEdges({
    emit: addRecord,
    describeFault: (name, type, code) => sourceOf(name)?.describeFault?.(type, code) ?? null,
  })
  const facts = createFacts(addRecord)
  const nodeSamples = createNodeSamples(addRecord)
  const linkEdges = createLinkEdges(addRecord)
  // Limits that devices keep are no news that somebody waits for.
  const tell = (record: BatchRecord) => batcher.addRecord(record)
  const thresholds = createThresholds(thresholdBook(config.thresholds), addRecord, tell)
  const merger = createMerger({
    config,
    orderOf: (name) => sources.findIndex((source) => source.name === name),
    onPinChange: (device, atMs, { from, to }) =>
      addRecord({
        ...eventHead(atMs, device.node),
        device_key: device.keys[0] ?? null,
        source: device.sources[0] ?? '',
        type: 'measurement_changed',
        code: `${from}>${to}`,
        message: `busy is now taken from ${to} instead of ${from}: a step in the figure here is no change of work`,
        message_zh: `忙碌率改由 ${to} 计量（此前为 ${from}）：此处数值的跳变并非负载变化`,
      }),
  })
  let cancelRelease: (() => void) | null = null
  const planRelease = () => {
    const dueMs = merger.nextDueMs()
    if (dueMs === null || cancelRelease !== null) return
    cancelRelease = time.setTimer(Math.max(1, dueMs - clock.now()), () => {
      cancelRelease = null
      batcher.add(merger.release(clock.now()))
      planRelease()
    })
  }
  return {
    onRead(read) {
      const accepted = merger.accept(read)
      const { seen } = accepted
      edges.observe(read, accepted)
      facts.observe(read, seen)
      const sight = nodeSamples.observe(read, seen)
      linkEdges.observe(read, sight.samples)
      const meters = readMeters(read)
      // Readings with times of their own come from a file or a push.
      const isOnce = read.interpretation.meters?.[0]?.isTimeOwn === true
      for (const sample of meters.samples) batcher.addRecord(sample, isOnce)
      thresholds.observe(read, meters.samples)
      health.observe(read, {
        rejected: { ...accepted.rejected, ...sight.rejected, ...meters.rejected },
        examples: [...accepted.examples, ...sight.examples, ...meters.examples],
        values: [...seen.map(({ metrics }) => metrics), ...sight.values, ...meters.values],
      })
      batcher.add(accepted.rows)
      planRelease()
    },
    onSaid(read) {
      const { samples } = readMeters(read)
      for (const sample of samples) batcher.addRecord(sample, true)
      if (samples.length > 0) thresholds.observe(read, samples)
      for (const event of read.interpretation.events) addRecord(event)
    },
    onGone(id) {
      merger.forgetTarget(id)
      edges.forgetTarget(id)
      facts.forgetTarget(id)
      nodeSamples.forgetTarget(id)
      linkEdges.forgetTarget(id)
      thresholds.forgetTarget(id)
      health.forgetTarget(id)
    },
    addRecord,
    sendAlone: (record) => batcher.sendAlone(record),
    health,
    onReanchor({ atMs, byMs }) {
      merger.rewind(byMs)
      addRecord({
        ...eventHead(atMs, config.node),
        device_key: null,
        source: 'collector',
        type: 'clock_reanchor',
        code: String(byMs),
        severity: 'warning',
        message: `the collector's clock was set ${byMs > 0 ? 'forward' : 'back'} by ${Math.abs(byMs) / 1000} s to follow this machine's`,
        message_zh: `采集器时钟随本机${byMs > 0 ? '拨快' : '拨慢'} ${Math.abs(byMs) / 1000} 秒`,
      })
    },
    flushRecords: () => batcher.flushRecords(),
    flush() {
      cancelRelease?.()
      batcher.add(merger.release(Infinity))
      batcher.flush()
    },
    stats: () => ({
      devices: merger.deviceCount(),
      unannounced: deps.announcer?.dropped() ?? 0,
      ...batcher.stats(),
    }),
  }
}

/** What every event of a moment has in common. */
export const eventHead = (atMs: number, node: string) =>
  ({ kind: 'event', at_ms: atMs, node, severity: 'info', edge: 'point' }) as const
