import { type ModelSpec, MODELS } from '../../demo/fleet/layout.ts'
import type { Slot } from '../../demo/fleet/jobs.ts'
import { mix, uniform } from '../../demo/fleet/noise.ts'

/** What a simulated load consists of. */
export interface LoadShape {
  readonly devices: number
  /** Delivery identities; each has its own subject, sequence and spool. */
  readonly collectors: number
  /** Part of every name and key, so that two loads in one store are two fleets. */
  readonly cluster: string
  readonly seed: number
}

export interface LoadDevice {
  readonly position: number
  readonly index: number
  readonly key: string
  readonly bus: string
  readonly spec: ModelSpec
}

export interface LoadNode {
  readonly name: string
  readonly hall: string
  readonly rack: string
  readonly pool: string
  /** Who works on this node and how hard; a rack is held by one job. */
  readonly slot: Slot
  readonly devices: readonly LoadDevice[]
}

/** The nodes of one delivery identity. */
export interface LoadPart {
  readonly collector: string
  readonly nodes: readonly LoadNode[]
}

export const NODE_DEVICES = 8
/** A collector of a few hundred nodes: what one delivery identity of a large site carries. */
export const COLLECTOR_DEVICES = 6250
const RACK_NODES = 4
const HALL_RACKS = 64
const HOUR_MS = 3_600_000
/** Of ten racks seven train, two serve and one is for research. */
const RACK_POOLS =
  'training training training inference training training training inference training research'
const POOLS = RACK_POOLS.split(' ')

export const defaultCollectors = (devices: number) =>
  Math.max(1, Math.ceil(devices / COLLECTOR_DEVICES))

/** Exactly as many devices as asked for, in nodes of 8 (the last may be smaller), dealt to the collectors in blocks. */
export function buildLoad(shape: LoadShape): readonly LoadPart[] {
  const nodeCount = Math.ceil(shape.devices / NODE_DEVICES)
  const collectors = Math.min(shape.collectors, nodeCount)
  const nodes = Array.from({ length: nodeCount }, (_, position) => nodeAt(shape, position))
  return Array.from({ length: collectors }, (_, i) => ({
    collector: `${shape.cluster}-${String(i + 1).padStart(2, '0')}`,
    nodes: nodes.slice(
      Math.floor((i * nodeCount) / collectors),
      Math.floor(((i + 1) * nodeCount) / collectors),
    ),
  }))
}

function nodeAt(shape: LoadShape, position: number): LoadNode {
  const { cluster, devices, seed } = shape
  const rackNumber = Math.floor(position / RACK_NODES)
  const hall = `hall-${Math.floor(rackNumber / HALL_RACKS) + 1}`
  const rack = `h${Math.floor(rackNumber / HALL_RACKS) + 1}-r${pad(rackNumber % HALL_RACKS)}`
  const pool = POOLS[rackNumber % POOLS.length] ?? 'training'
  const spec = modelOf((rackNumber + 0.5) / Math.ceil(devices / (NODE_DEVICES * RACK_NODES)))
  const first = position * NODE_DEVICES
  return {
    name: `${cluster}-${rack}-n${(position % RACK_NODES) + 1}`,
    hall,
    rack,
    pool,
    slot: {
      id: rackNumber,
      pool,
      nodes: [],
      periodMs: Math.round((5 + 24 * uniform(seed, rackNumber, 11)) * HOUR_MS),
      offsetMs: Math.round(40 * HOUR_MS * uniform(seed, rackNumber, 12)),
      flagship: false,
    },
    devices: Array.from({ length: Math.min(NODE_DEVICES, devices - first) }, (_, index) =>
      deviceAt(shape, spec, first + index),
    ),
  }
}

/** Models stand together, as in halls of real sites; `place` is how far down the row of racks, 0..1. */
function modelOf(place: number): ModelSpec {
  let upTo = 0
  const found = MODELS.find(({ share }) => (upTo += share) > place) ?? MODELS.at(-1)
  if (found === undefined) throw new RangeError('the demo fleet has no models')
  return found
}

function deviceAt({ cluster, seed }: LoadShape, spec: ModelSpec, position: number): LoadDevice {
  const index = position % NODE_DEVICES
  const own = hashText(cluster)
  const [a = '', b = '', c = '', d = ''] = [1, 2, 3, 4].map((salt) =>
    hex(mix(seed ^ own, position, salt)),
  )
  const key =
    spec.vendor === 'nvidia'
      ? `uuid:GPU-${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
      : `vdie:${`${a}-${b}-${c}-${d}-${hex(position)}`.toUpperCase()}`
  const bus = `0000:${(0x18 + index * 9).toString(16).toUpperCase().padStart(2, '0')}:00.0`
  return { position, index, key, bus, spec }
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const pad = (value: number) => String(value + 1).padStart(2, '0')
const hex = (value: number) => value.toString(16).padStart(8, '0')
