import { z } from 'zod'
import type { Holder } from '#schemas/batch.ts'
import type { MetricName } from '#schemas/metrics.ts'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import type { Source } from '../../collector/source.ts'
import type { SimNode } from '../fleet/layout.ts'
import { LIVE_STEP_MS, type Moments } from './moments.ts'

/** Who holds a node at a tick. */
export type HolderOf = (node: string, nowMs: number) => Holder | null

/**
 * A source with the word of the simulated site's scheduler added: no tool prints tenant and class, and
 * npu-smi names no holder at all.
 */
export function withScheduler(source: Source, holderOf: HolderOf): Source {
  return {
    ...source,
    async read(context) {
      const said = await source.read(context)
      const scheduled = holderOf(context.target.node, context.nowMs)
      const holder = (device: DeviceReading) =>
        scheduled === null ? null : { ...scheduled, ...device.holder }
      return { ...said, devices: said.devices.map((one) => ({ ...one, holder: holder(one) })) }
    },
  }
}

/** An update of one node's exporter: from then on it names another version and no longer gives one metric. */
export interface ExporterUpdate {
  readonly node: SimNode
  readonly atMs: number
  readonly versions: readonly [before: string, after: string]
  readonly lost: MetricName
}

/** A source with the exporter's version added, and what its update took away. */
export function withUpdate(source: Source, update: ExporterUpdate): Source {
  return {
    ...source,
    async read(context) {
      const said = await source.read(context)
      const isUpdated = context.target.node === update.node.name && context.nowMs >= update.atMs
      const [before, after] = update.versions
      const toolLabels = { ...said.toolLabels, exporter_version: isUpdated ? after : before }
      if (!isUpdated) return { ...said, toolLabels }
      const devices = said.devices.map((device) => ({
        ...device,
        metrics: { ...device.metrics, [update.lost]: null },
      }))
      return { ...said, toolLabels, devices }
    },
  }
}

/** Name under which devices appear that no tool stands for. */
export const DIRECT_SOURCE = 'simulated'

/** Where the direct source reads a node. */
export const directAddress = (node: SimNode) => `simulated://${node.name}`

/** Readings straight from the model, for nodes whose vendor output would only cost time. */
export function createDirectSource(nodes: readonly SimNode[], moments: Moments): Source {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return {
    name: DIRECT_SOURCE,
    transport: 'http',
    defaultIntervalMs: LIVE_STEP_MS,
    expects: [],
    config: z.strictObject({}),
    recognize: () => 0,
    interpret: () => answer({ outcome: 'absent', reason: 'no_output' }),
    detect: async () => ({ state: 'absent', looked: 'the simulated fleet' }),
    async read({ target, nowMs }) {
      const node = byName.get(target.node)
      if (node === undefined || !moments.answers(node, nowMs))
        return answer({
          outcome: 'failed',
          reason: 'timeout',
          detail: 'The simulated node does not answer.',
        })
      return answer({ devices: node.devices.map((device) => readingOf(device, moments, nowMs)) })
    },
  }
}

function readingOf(
  device: SimNode['devices'][number],
  moments: Moments,
  nowMs: number,
): DeviceReading {
  return {
    keys: [device.key, `slot:${device.bus.toLowerCase()}/${device.index}`],
    vendor: device.spec.vendor,
    model: device.spec.model,
    node: device.node.name,
    index: device.index,
    bus: device.bus,
    parent: null,
    partition: null,
    holder: null,
    metrics: moments.metricsOf(device, nowMs),
    labels: {},
    failed: null,
  }
}

function answer(part: Partial<Interpretation>): Interpretation {
  return {
    source: DIRECT_SOURCE,
    outcome: 'ok',
    reason: null,
    detail: null,
    devices: [],
    events: [],
    rejected: [],
    rejectedByReason: {},
    ignored: [],
    toolLabels: {},
    ...part,
  }
}
