import { buildLoad, type LoadNode, NODE_DEVICES } from '../../cli/load/layout.ts'
import { deviceId } from '../../ingest/identity/device-id.ts'
import { COLLECTORS, type CollectorName } from './plan.ts'

/** The cluster of a fault run; no real one has this name. */
export const CLUSTER = 'load-faults'
/** The collector that is everybody's enemy. */
export const HOSTILE = 'evil'

/** What one collector reads: one node of eight devices. */
export interface FleetPart {
  readonly cluster: string
  readonly collector: CollectorName
  readonly nodes: readonly LoadNode[]
  /** As they stand in every batch. */
  readonly deviceIds: readonly bigint[]
}

export function partOf(seed: number, position: number): FleetPart {
  const parts = buildLoad({
    devices: NODE_DEVICES * COLLECTORS.length,
    collectors: COLLECTORS.length,
    cluster: CLUSTER,
    seed,
  })
  const [nodes, collector] = [parts[position]?.nodes, COLLECTORS[position]]
  if (nodes === undefined || collector === undefined)
    throw new RangeError(`there is no collector ${position}`)
  const deviceIds = nodes.flatMap(({ devices }) => devices.map(({ key }) => deviceId(key)))
  return { cluster: CLUSTER, collector, nodes, deviceIds }
}

export const allParts = (seed: number) => COLLECTORS.map((_, position) => partOf(seed, position))
