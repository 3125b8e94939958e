import { type Cell, type NodePools, placeKey, poolsOf } from './explain-cells.ts'
import { type DeviceEnds, guessedOf } from './explain-flows.ts'

/** Nodes that one question reads again by device, at most. */
export const DEVICE_NODES_MAX = 256
/** Cells that reading them may bring, at most, of the 100,000 rows that an answer may have. */
const DEVICE_CELLS_MAX = 50_000
/** A guess about less is not worth a second reading: three minutes of a device in an hour. */
const GUESSED_DEVICES_MIN = 0.05

export type Nodes = ReadonlyMap<string, NodePools>

export interface GuessedNodes {
  /** To read by device, by key: those of which most is guessed. */
  readonly chosen: ReadonlyMap<string, NodePools>
  /** How many are left to the guess. */
  readonly left: number
}

/** Nodes on which matching by size has to guess what took which devices. */
export function guessedNodes(a: Nodes, b: Nodes): GuessedNodes {
  const found = [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => ({ key, guessed: guessedOf(a.get(key), b.get(key)) }))
    .filter(({ guessed }) => guessed >= GUESSED_DEVICES_MIN)
    .sort((x, y) => y.guessed - x.guessed || (x.key < y.key ? -1 : 1))
  const chosen = new Map<string, NodePools>()
  let cells = 0
  for (const { key } of found.slice(0, DEVICE_NODES_MAX)) {
    const sides = [a.get(key), b.get(key)].filter((node) => node !== undefined)
    const most = sides.reduce((sum, node) => sum + cellsMostOf(node), 0)
    const [node] = sides
    if (node === undefined || cells + most > DEVICE_CELLS_MAX) continue
    cells += most
    chosen.set(key, node)
  }
  return { chosen, left: found.length - chosen.size }
}

/** Each of its devices may have been all that the node was. */
function cellsMostOf({ pools }: NodePools): number {
  const devices = [...pools.values()].reduce((sum, pool) => sum + pool.devices, 0)
  return pools.size * Math.ceil(devices)
}

export interface DeviceCells {
  readonly cells: readonly Cell[]
  readonly lengthMs: number
}

/** The devices of the chosen nodes with what they were in both windows; by key of the node, in an order of their own. */
export function devicesOf(
  a: DeviceCells,
  b: DeviceCells,
  { chosen, byQuietMinutes }: Pick<GuessedNodes, 'chosen'> & { readonly byQuietMinutes: boolean },
): ReadonlyMap<string, readonly DeviceEnds[]> {
  const nodes = new Map([...chosen.keys()].map((key) => [key, new Map<string, DeviceEnds>()]))
  const add = (
    { cells, lengthMs }: DeviceCells,
    ends: (pools: NodePools, known: DeviceEnds | undefined) => DeviceEnds,
  ) => {
    const ofNodes = cells.filter((cell) => nodes.has(placeKey(cell)))
    for (const [device, own] of Map.groupBy(ofNodes, (cell) => cell.device))
      for (const [key, pools] of poolsOf(own, lengthMs, byQuietMinutes)) {
        const known = nodes.get(key)
        known?.set(device, ends(pools, known.get(device)))
      }
  }
  add(a, (pools) => ({ a: pools, b: undefined }))
  add(b, (pools, known) => ({ a: known?.a, b: pools }))
  const inOrder = (devices: ReadonlyMap<string, DeviceEnds>) =>
    [...devices].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, ends]) => ends)
  return new Map([...nodes].map(([key, devices]) => [key, inOrder(devices)]))
}
