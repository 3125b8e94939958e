import type { NodeDetail } from '#schemas/api-nodes.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { nodeMetricDefinition } from '#schemas/node-metrics.ts'
import { type CollectionDeps, targetsOfNode } from './collection.ts'
import { deviceEvent, type DevicesDeps, listDevices } from './devices.ts'
import { isFresh, type NodePlace, perSecond, readFacts, readLinks } from './node-links.ts'
import { nodeEvents } from './queries/events.ts'
import { nodeClusters, nodeLatest } from './queries/nodes.ts'
import { iso } from './window.ts'

const DEVICES_MAX = 200
const EVENTS_MAX = 100

export type NodesDeps = Pick<CollectionDeps, 'reader' | 'clock' | 'simulated'> &
  Pick<DevicesDeps, 'documents'>

/**
 * Where a node is. Without a cluster the first one, in the order of their names, that has such a node.
 * Throws E_NODE_UNKNOWN.
 */
export async function findNode(
  { reader }: Pick<NodesDeps, 'reader'>,
  node: string,
  cluster: string | undefined,
): Promise<NodePlace & { readonly clusters: string[] }> {
  const clusters = (await nodeClusters.run(reader, { node })).map((row) => row.cluster)
  const found = cluster === undefined ? clusters[0] : clusters.find((name) => name === cluster)
  if (found !== undefined) return { cluster: found, node, clusters }
  const where = cluster === undefined ? '' : ` in the cluster ${JSON.stringify(cluster)}`
  throw new PlimsollError(
    'E_NODE_UNKNOWN',
    `no node is called ${JSON.stringify(node.slice(0, 100))}${where}`,
  )
}

/** GET /api/v1/nodes/{node}. Throws E_NODE_UNKNOWN. */
export async function nodeDetail(
  deps: NodesDeps,
  node: string,
  cluster: string | undefined,
): Promise<NodeDetail> {
  const place = await findNode(deps, node, cluster)
  const nowMs = deps.clock()
  const [facts, targets, latest, links, events, page] = await Promise.all([
    readFacts(deps.reader, place, []),
    targetsOfNode(deps, place),
    readLatest(deps, place, nowMs),
    readLinks(deps.reader, place, { ids: [], nowMs }),
    nodeEvents.run(deps.reader, {
      cluster: place.cluster,
      node,
      now_ms: nowMs,
      limit: EVENTS_MAX,
    }),
    listDevices(deps, {
      filters: [],
      at: { node, cluster: place.cluster },
      q: '',
      sort: 'node',
      partitions: false,
      limit: DEVICES_MAX,
    }),
  ])
  return {
    ...place,
    simulated: deps.simulated,
    facts,
    targets,
    latest,
    links,
    events: events.map(deviceEvent),
    devices: page.devices,
    devices_total: page.total,
  }
}

async function readLatest(
  { reader }: NodesDeps,
  { cluster, node }: NodePlace,
  nowMs: number,
): Promise<NodeDetail['latest']> {
  const rows = await nodeLatest.run(reader, { cluster, node, now_ms: nowMs })
  const fresh = rows.filter((row) => isFresh(row, nowMs))
  return Object.fromEntries(
    fresh.map((row) => {
      const isCounter = nodeMetricDefinition(row.metric)?.kind === 'counter'
      const { metric, value, at_ms } = row
      return [metric, { value, per_second: isCounter ? perSecond(row) : null, at: iso(at_ms) }]
    }),
  )
}
