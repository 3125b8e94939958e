import { z } from 'zod'
import type { Holder } from '#schemas/batch.ts'
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
