import { edgeShareOf, piecesOf } from './explain-causes.ts'
import { type Cell, type NodePools, poolsOf } from './explain-cells.ts'
import { devicesOf, guessedNodes } from './explain-devices.ts'
import { type Parts, partsOf, type WindowTotals } from './explain-parts.ts'

/** One device over one window, as a test tells it. */
export interface ToyDevice {
  readonly id: number
  readonly node: string
  readonly rack: string
  readonly job: string
  readonly state: 'active' | 'idle' | 'free' | 'failed' | 'drained' | 'verification' | 'silent'
  /** Busy share while active. */
  readonly busy: number
  readonly source: number
  readonly throttled?: number
}

export const TOY_WINDOW_MS = 3_600_000

/** The cell of one device over a window; the ledger would sum those of a node, which poolsOf does too. */
export function toyCell(device: ToyDevice, lengthMs = TOY_WINDOW_MS): Cell {
  const { state } = device
  const whole = (...states: readonly ToyDevice['state'][]) =>
    states.includes(state) ? lengthMs : 0
  const isHeld = state !== 'free' && device.job !== ''
  const ratio = state === 'active' ? device.busy : state === 'idle' ? 0.004 : 0
  const busy = Math.round(ratio * 1000) * lengthMs
  return {
    cluster: 'c1',
    rack: device.rack,
    node: device.node,
    device: String(device.id),
    tenant: isHeld ? 'atlas' : '',
    job: isHeld ? device.job : '',
    source: state === 'active' || state === 'idle' || state === 'free' ? device.source : 0,
    is_unnamed: false,
    capacity_ms: lengthMs,
    verification_ms: whole('verification'),
    known_ms: whole('active', 'idle', 'free', 'failed', 'drained'),
    busy_ms_x1000: busy,
    failed_ms: whole('failed'),
    drained_ms: whole('drained'),
    unallocated_ms: whole('free'),
    busy_unallocated_ms_x1000: 0,
    idle_ms: whole('idle'),
    busy_idle_ms_x1000: state === 'idle' ? busy : 0,
    throttled_ms_x1000: Math.round((device.throttled ?? 0) * 1000) * lengthMs,
  }
}

export function toyTotals(cells: readonly Cell[], lengthMs = TOY_WINDOW_MS): WindowTotals {
  const sum = (read: (cell: Cell) => number) =>
    cells.reduce((total, cell) => total + BigInt(read(cell)), 0n)
  return {
    lengthMs,
    capacityMs: sum((cell) => cell.capacity_ms),
    verificationMs: sum((cell) => cell.verification_ms),
    knownMs: sum((cell) => cell.known_ms),
    busyX1000: sum((cell) => cell.busy_ms_x1000),
  }
}

/** What explain makes of two fleets. */
export function explainToys(
  a: readonly ToyDevice[],
  b: readonly ToyDevice[],
  { aMs = TOY_WINDOW_MS, bMs = TOY_WINDOW_MS, isHolderScope = false, isByDevice = false } = {},
): Parts {
  const [cellsA, cellsB] = [
    a.map((device) => toyCell(device, aMs)),
    b.map((device) => toyCell(device, bMs)),
  ]
  const [nodesA, nodesB] = [poolsOf(cellsA, aMs, false), poolsOf(cellsB, bMs, false)]
  const { chosen } = isByDevice
    ? guessedNodes(nodesA, nodesB)
    : { chosen: new Map<string, NodePools>() }
  const byDevice = devicesOf(
    { cells: cellsA, lengthMs: aMs },
    { cells: cellsB, lengthMs: bMs },
    { chosen, byQuietMinutes: false },
  )
  const found = piecesOf(nodesA, nodesB, {
    isHolderScope,
    edgeShare: edgeShareOf(aMs, bMs),
    byDevice,
  })
  return partsOf(found, toyTotals(cellsA, aMs), toyTotals(cellsB, bMs))
}

/** `nodes` nodes of 8, racks of 4 nodes; every two nodes run a job, one in eight nodes is free. */
export function toyFleet(nodes: number): ToyDevice[] {
  return Array.from({ length: nodes * 8 }, (_, id) => {
    const at = Math.floor(id / 8)
    const isFree = at % 8 === 7
    return {
      id,
      node: `n${String(at).padStart(3, '0')}`,
      rack: `r${Math.floor(at / 4)}`,
      job: isFree ? '' : `job-${Math.floor(at / 2)}`,
      state: isFree ? 'free' : 'active',
      busy: 0.6 + ((at * 7) % 30) / 100,
      source: 1,
    }
  })
}
