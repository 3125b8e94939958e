import { join } from 'node:path'
import type { CollectorConfig, SourceSection } from '../../collector/config.ts'
import type { Source } from '../../collector/source.ts'
import type { Target } from '../../collector/targets/target.ts'
import type { SimNode } from '../fleet/layout.ts'
import type { NodeModel } from '../fleet/node-readings.ts'
import type { FleetModel } from '../fleet/state.ts'
import { exporterAddress } from './exporters.ts'
import { LIVE_STEP_MS, type Moments } from './moments.ts'
import { toolCommand } from './npu-tools.ts'
import { createNodeSource, NODE_STEP_MS, nodeAddress } from './node-source.ts'
import {
  createDirectSource,
  directAddress,
  type ExporterUpdate,
  withScheduler,
  withUpdate,
} from './sources.ts'

/** Ascend nodes that go through the vendor's tool and our parser; the others come from the model. */
export const NPU_SMI_NODES = 8
const TIMEOUT_MS = 2_000
const SPOOL_BYTES = 256 * 2 ** 20
const REFRESH_MS = 60_000

export interface FleetSources {
  readonly dcgmExporter: Source
  readonly npuSmi: Source
}

/** One collector per cluster, with its targets. */
export function collectorConfigs(
  model: FleetModel,
  moments: Moments,
  options: {
    readonly sources: FleetSources
    readonly directory: string
    readonly nodes: NodeModel
    readonly startMs: number
  },
): readonly CollectorConfig[] {
  const { sources, directory, nodes, startMs } = options
  const byName = new Map(model.fleet.nodes.map((node) => [node.name, node]))
  const holderOf = (name: string, nowMs: number) => {
    const node = byName.get(name)
    return node === undefined ? null : moments.holderOf(node, nowMs)
  }
  const nvidia = model.fleet.nodes.filter((node) => vendorOf(node) === 'nvidia')
  const { tools, direct } = splitAscend(
    model.fleet.nodes.filter((node) => vendorOf(node) !== 'nvidia'),
  )
  const scheduled = (source: Source) => withScheduler(source, holderOf)
  const sections: Record<string, SourceSection[]> = {
    aurora: [
      section(
        scheduled(withUpdate(sources.dcgmExporter, exporterUpdate(nvidia, startMs))),
        nvidia,
        exporterAddress,
      ),
      nodeSection(nodes, 'aurora'),
    ],
    basalt: [
      nodeSection(nodes, 'basalt'),
      section(scheduled(sources.npuSmi), tools, toolCommand),
      section(scheduled(createDirectSource(direct, moments)), direct, directAddress),
    ],
  }
  return Object.entries(sections).map(([cluster, own]) => ({
    cluster,
    collector: `${cluster}-demo`,
    node: `${cluster}-demo`,
    labels: { hall: '', rack: '', pool: '' },
    nodeLabels: new Map(),
    sources: own.filter(({ targets }) => targets.length > 0),
    spool: { directory: join(directory, 'spool', cluster), maxBytes: SPOOL_BYTES },
    nats: null,
    thresholds: [],
  }))
}

/** One exporter is updated a minute after the start and no longer gives the memory's temperature. */
function exporterUpdate(nvidia: readonly SimNode[], startMs: number): ExporterUpdate {
  const node = nvidia[1] ?? nvidia[0]
  if (node === undefined) throw new RangeError('a simulated fleet has NVIDIA nodes')
  return {
    node,
    atMs: startMs + 60_000,
    versions: ['4.4.1-4.5.0', '4.8.1-4.9.0'],
    lost: 'memory_temperature_celsius',
  }
}

function nodeSection(model: NodeModel, cluster: string): SourceSection {
  const nodes = model.nodes.filter((node) => node.cluster === cluster)
  return { ...section(createNodeSource(model), nodes, nodeAddress), intervalMs: NODE_STEP_MS }
}

const vendorOf = (node: SimNode) => node.devices[0]?.spec.vendor

/** Both generations among the nodes with a tool, spread over the racks. */
function splitAscend(nodes: readonly SimNode[]): { tools: SimNode[]; direct: SimNode[] } {
  const every = Math.max(1, nodes.length / NPU_SMI_NODES)
  const chosen = new Set(
    Array.from({ length: NPU_SMI_NODES }, (_, i) => nodes[Math.floor(i * every)]),
  )
  return {
    tools: nodes.filter((node) => chosen.has(node)),
    direct: nodes.filter((node) => !chosen.has(node)),
  }
}

function section(
  source: Source,
  nodes: readonly SimNode[],
  addressOf: (node: SimNode) => string,
): SourceSection {
  return {
    source,
    options: source.config.parse({}),
    targets: nodes.map((node) => targetOf(node, addressOf(node))),
    fileSd: [],
    httpSd: [],
    prometheus: [],
    refreshMs: REFRESH_MS,
    isLocal: false,
    intervalMs: LIVE_STEP_MS,
    timeoutMs: TIMEOUT_MS,
  }
}

function targetOf({ name, hall, rack, pool }: SimNode, address: string): Target {
  return { address, node: name, isNodeNamed: true, hall, rack, pool, cluster: '' }
}
