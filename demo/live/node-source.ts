import { z } from 'zod'
import type { Source } from '../../collector/source.ts'
import type { SimNode } from '../fleet/layout.ts'
import type { NodeModel } from '../fleet/node-readings.ts'

/** Name under which nodes and ports appear that no exporter stands for. */
export const NODE_SOURCE = 'simulated-nodes'
/** Nodes change slowly. */
export const NODE_STEP_MS = 60_000

/** Where the source reads a node. */
export const nodeAddress = (node: SimNode) => `simulated-node://${node.name}`

/** Node and port readings straight from the model. */
export function createNodeSource(model: NodeModel): Source {
  const byName = new Map(model.nodes.map((node) => [node.name, node]))
  return {
    name: NODE_SOURCE,
    transport: 'http',
    defaultIntervalMs: NODE_STEP_MS,
    expects: [],
    config: z.strictObject({}),
    recognize: () => 0,
    interpret: () => said([], [], 'absent'),
    detect: async () => ({ state: 'absent', looked: 'the simulated fleet' }),
    async read({ target, nowMs }) {
      const node = byName.get(target.node)
      if (node === undefined) return said([], [], 'absent')
      const ports = model
        .portsAt(node, nowMs)
        .map(({ link, metrics }) => ({ node: node.name, deviceKey: null, link, metrics }))
      return said([{ node: node.name, metrics: model.metricsAt(node, nowMs) }], ports, 'ok')
    },
  }
}

const said = (
  nodes: NonNullable<Awaited<ReturnType<Source['read']>>['nodes']>,
  links: NonNullable<Awaited<ReturnType<Source['read']>>['links']>,
  outcome: 'ok' | 'absent',
) => ({
  source: NODE_SOURCE,
  outcome,
  reason: outcome === 'ok' ? null : 'no_output',
  detail: null,
  devices: [],
  nodes,
  links,
  events: [],
  rejected: [],
  rejectedByReason: {},
  ignored: [],
  toolLabels: { exporter_version: '1.9.1' },
})
