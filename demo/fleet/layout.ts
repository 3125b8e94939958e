import { mix } from './noise.ts'

/** What a simulated accelerator model is like; figures from the vendors' published sheets, rounded. */
export interface ModelSpec {
  readonly model: string
  readonly vendor: 'nvidia' | 'huawei'
  readonly cluster: string
  readonly share: number
  readonly perNode: number
  readonly idleWatts: number
  readonly maxWatts: number
  readonly memoryMiB: number
  readonly clockMaxHertz: number
}

/** Shares of the fleet; two NVIDIA models in one cluster, two Ascend generations in the other. */
export const MODELS: readonly ModelSpec[] = [
  {
    model: 'NVIDIA H100 80GB HBM3',
    vendor: 'nvidia',
    cluster: 'aurora',
    share: 0.375,
    perNode: 8,
    idleWatts: 70,
    maxWatts: 700,
    memoryMiB: 81559,
    clockMaxHertz: 1.98e9,
  },
  {
    model: 'NVIDIA H200',
    vendor: 'nvidia',
    cluster: 'aurora',
    share: 0.25,
    perNode: 8,
    idleWatts: 78,
    maxWatts: 700,
    memoryMiB: 143771,
    clockMaxHertz: 1.98e9,
  },
  {
    model: 'Ascend 910B3',
    vendor: 'huawei',
    cluster: 'basalt',
    share: 0.25,
    perNode: 8,
    idleWatts: 94,
    maxWatts: 392,
    memoryMiB: 65536,
    clockMaxHertz: 1.8e9,
  },
  {
    model: 'Ascend 910C',
    vendor: 'huawei',
    cluster: 'basalt',
    share: 0.125,
    perNode: 16,
    idleWatts: 84,
    maxWatts: 340,
    memoryMiB: 65536,
    clockMaxHertz: 1.8e9,
  },
]

export interface SimDevice {
  readonly position: number
  readonly spec: ModelSpec
  readonly key: string
  readonly node: SimNode
  /** Index on its node, as the driver lists it. */
  readonly index: number
  readonly bus: string
  /** Cooling loop of its rack, `<hall>/loop-<n>`. */
  readonly loop: string
}

export interface SimNode {
  readonly name: string
  readonly cluster: string
  readonly hall: string
  readonly rack: string
  readonly pool: string
  readonly position: number
  readonly devices: SimDevice[]
}

export interface Fleet {
  readonly seed: number
  readonly nodes: readonly SimNode[]
  readonly devices: readonly SimDevice[]
}

const NODES_PER_RACK = 4
/** A hall's first loop is short, so that its loss is a part of the hall; the second one cools the rest, up to this. */
const RACKS_OF_LOOP = { first: 4, later: 256 } as const

/** Smallest and largest fleet the demo builds. */
export const DEVICE_LIMITS = { min: 64, max: 65_536 } as const

/** Builds the fleet: whole nodes, racks of four nodes, two halls a cluster, two cooling loops a hall. */
export function buildFleet(deviceCount: number, seed: number): Fleet {
  const nodes: SimNode[] = []
  const devices: SimDevice[] = []
  MODELS.forEach((spec, modelIndex) => {
    const nodeCount = Math.max(1, Math.round((deviceCount * spec.share) / spec.perNode))
    for (let n = 0; n < nodeCount; n++) {
      const node = makeNode(spec, modelIndex, n, nodeCount, nodes.length)
      for (let i = 0; i < spec.perNode; i++) {
        const device = makeDevice(spec, node, i, devices.length, seed)
        node.devices.push(device)
        devices.push(device)
      }
      nodes.push(node)
    }
  })
  return { seed, nodes, devices }
}

function makeNode(
  spec: ModelSpec,
  modelIndex: number,
  n: number,
  nodeCount: number,
  position: number,
): SimNode {
  const hallLetter = spec.cluster === 'aurora' ? 'a' : 'b'
  // A model fills one hall; the second model of the cluster stands in the other.
  const hall = `hall-${hallLetter}${(modelIndex % 2) + 1}`
  const rack = `${hallLetter}${(modelIndex % 2) + 1}-r${pad(Math.floor(n / NODES_PER_RACK) + 1)}`
  const fraction = n / nodeCount
  const pool = fraction < 0.7 ? 'training' : fraction < 0.85 ? 'inference' : 'research'
  return {
    name: `${rack}-n${pad((n % NODES_PER_RACK) + 1)}`,
    cluster: spec.cluster,
    hall,
    rack,
    pool,
    position,
    devices: [],
  }
}

function makeDevice(
  spec: ModelSpec,
  node: SimNode,
  index: number,
  position: number,
  seed: number,
): SimDevice {
  const words = [0, 1, 2, 3].map((word) => hex8(mix(seed, position, word + 1)))
  const [a = '', b = '', c = '', d = ''] = words
  const uuid = `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
  const key =
    spec.vendor === 'nvidia'
      ? `uuid:GPU-${uuid}`
      : `vdie:${a}-${b}-${c}-${d}-${hex8(position)}`.toUpperCase().replace('VDIE', 'vdie')
  const rackNumber = Number(/r(\d+)/.exec(node.rack)?.[1] ?? 1)
  return {
    position,
    spec,
    key,
    node,
    index,
    bus: `0000:${(0x18 + index * 9).toString(16).toUpperCase().padStart(2, '0')}:00.0`,
    loop: `${node.hall}/loop-${loopNumber(rackNumber)}`,
  }
}

const loopNumber = (rack: number) =>
  rack <= RACKS_OF_LOOP.first
    ? 1
    : 2 + Math.floor((rack - 1 - RACKS_OF_LOOP.first) / RACKS_OF_LOOP.later)

const pad = (value: number) => String(value).padStart(2, '0')
const hex8 = (value: number) => value.toString(16).padStart(8, '0')
