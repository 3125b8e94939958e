import { z } from 'zod'
import type { Holder } from '#schemas/batch.ts'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import type { Source } from '../../collector/source.ts'
import { type SlotMoment, slotAt } from '../../demo/fleet/jobs.ts'
import type { LoadDevice, LoadNode } from './layout.ts'
import { createDeviceValues, type DeviceValues } from './values.ts'

/** Name under which the simulated devices appear beside real sources. */
export const LOAD_SOURCE = 'load'

/** What the simulated tools have answered so far. */
export interface Produced {
  rows: number
}

type Fixed = Omit<DeviceReading, 'holder' | 'metrics'>

interface Readable {
  readonly node: LoadNode
  readonly devices: readonly { readonly fixed: Fixed; readonly values: DeviceValues }[]
}

/** Where a simulated node is read. */
export const loadAddress = (node: LoadNode) => `simulated://${node.name}`

/**
 * A tool per simulated node that answers at once. It stands for parsing too: what a row costs from the merge on is
 * the collector's own code, what it costs to read a vendor's page is measured elsewhere (npm run bench).
 */
export function createLoadSource(
  nodes: readonly LoadNode[],
  seed: number,
  produced: Produced,
): Source {
  const byName = new Map(nodes.map((node) => [node.name, readable(node, seed)]))
  return {
    name: LOAD_SOURCE,
    transport: 'http',
    defaultIntervalMs: 10_000,
    expects: [],
    config: z.strictObject({}),
    recognize: () => 0,
    interpret: () => answer({ outcome: 'absent', reason: 'no_output' }),
    detect: async () => ({ state: 'absent', looked: 'simulated devices' }),
    async read({ target, nowMs }) {
      const found = byName.get(target.node)
      if (found === undefined) return answer({ outcome: 'absent', reason: 'no_such_node' })
      produced.rows += found.devices.length
      return answer({ devices: readNode(found, seed, nowMs) })
    },
  }
}

function readable(node: LoadNode, seed: number): Readable {
  const devices = node.devices.map((device) => ({
    fixed: fixedPart(node, device),
    values: createDeviceValues(seed, device),
  }))
  return { node, devices }
}

const NO_LABELS: Readonly<Record<string, string>> = {}

const fixedPart = (node: LoadNode, { key, bus, index, spec }: LoadDevice): Fixed => ({
  keys: [key, `slot:${bus.toLowerCase()}/${index}`],
  vendor: spec.vendor,
  model: spec.model,
  node: node.name,
  index,
  bus,
  parent: null,
  partition: null,
  labels: NO_LABELS,
  failed: null,
})

function readNode({ node, devices }: Readable, seed: number, nowMs: number): DeviceReading[] {
  const moment = slotAt(node.slot, seed, nowMs)
  const holder = holderOf(node, moment)
  return devices.map(({ fixed, values }) => ({ ...fixed, holder, metrics: values(nowMs, moment) }))
}

function holderOf(node: LoadNode, { job, tenant, workload }: SlotMoment): Holder | null {
  if (job === null) return null
  // A job goes by its rack, so that a fleet has as many jobs as it has racks at work.
  const name = `${job}-${node.rack}`
  return {
    tenant,
    job: name,
    namespace: tenant,
    pod: `${name}-${node.name.slice(-1)}`,
    container: 'main',
    class: workload,
  }
}

function answer(part: Partial<Interpretation>): Interpretation {
  return {
    source: LOAD_SOURCE,
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
