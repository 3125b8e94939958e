/** What a device-second counts as when two windows are compared; of those of one job, two differ by their counter too. */
export const POOL_KINDS = [
  'verification',
  'unknown',
  'failed',
  'drained',
  'unallocated',
  'idle',
  'active',
] as const
/** `outside`: in the other window these devices were not counted at all. */
export type PoolKind = (typeof POOL_KINDS)[number] | 'outside'

/** Sums of one node, holder and busy source over one window, as the ledger has them: ms, and ms x 1,000. */
export interface Cell {
  readonly cluster: string
  readonly rack: string
  readonly node: string
  /** Its id; `0` = all of the node. */
  readonly device: string
  readonly tenant: string
  readonly job: string
  /** Code of BUSY_SOURCES; 0 where nothing spoke. */
  readonly source: number
  /** Nobody says who holds devices here: quiet ones are unallocated, busy ones have no name. */
  readonly is_unnamed: boolean
  readonly capacity_ms: number
  readonly verification_ms: number
  readonly known_ms: number
  readonly busy_ms_x1000: number
  readonly failed_ms: number
  readonly drained_ms: number
  readonly unallocated_ms: number
  readonly busy_unallocated_ms_x1000: number
  /** Idle_held; where quiet minutes were read those, long enough for idle_held or not. */
  readonly idle_ms: number
  readonly busy_idle_ms_x1000: number
  readonly throttled_ms_x1000: number
}

/** A holder, within a cluster; the job's name is empty where only its tenant is known. */
export interface Holder {
  readonly cluster: string
  readonly tenant: string
  readonly job: string
}

export interface Place {
  readonly cluster: string
  readonly rack: string
  readonly node: string
}

/** Device-time of one kind, as mean devices over a window: ms / length of the window. */
export interface Pool {
  readonly key: string
  readonly kind: PoolKind
  /** Null where nobody holds it. */
  readonly holder: Holder | null
  /** Its key, or empty. */
  readonly owner: string
  readonly source: number
  devices: number
  /** Mean devices at work, of these; at most `devices`. */
  busy: number
  /** Mean devices that throttling took, of these. */
  throttled: number
}

export interface NodePools {
  readonly place: Place
  /** By key. */
  readonly pools: Map<string, Pool>
}

export const holderKey = ({ cluster, tenant, job }: Holder) =>
  JSON.stringify([cluster, tenant, job])
export const placeKey = ({ cluster, rack, node }: Place) => JSON.stringify([cluster, rack, node])

/** Whether the time counts as known, so that it is in the divisor of utilization. */
export const isKnown = (kind: PoolKind) =>
  kind !== 'outside' && kind !== 'unknown' && kind !== 'verification'

/**
 * Device-time by node and kind. `byQuietMinutes`: quiet minutes count as idle, also those of a stretch too short for
 * idle_held, so that a job that died ten minutes ago is seen to stand; it needs minutes of both windows.
 */
export function poolsOf(
  cells: readonly Cell[],
  lengthMs: number,
  byQuietMinutes: boolean,
): Map<string, NodePools> {
  const nodes = new Map<string, NodePools>()
  for (const cell of cells) {
    const key = placeKey(cell)
    const { cluster, rack, node: name } = cell
    const node = nodes.get(key) ?? { place: { cluster, rack, node: name }, pools: new Map() }
    nodes.set(key, node)
    const holder = cell.job === '' && cell.tenant === '' ? null : holderOf(cell)
    const held = { holder, owner: holder === null ? '' : holderKey(holder), source: cell.source }
    for (const part of partsOf(cell, byQuietMinutes)) addPart(node, held, part, lengthMs)
  }
  return nodes
}

interface Part {
  readonly kind: PoolKind
  readonly ms: number
  readonly busyX1000: number
  readonly throttledX1000: number
}

/** The cell's capacity, all of it, by kind. */
function partsOf(cell: Cell, byQuietMinutes: boolean): Part[] {
  // Where nobody names holders, a long quiet stretch is moved from productive to unallocated, and never to idle_held.
  const isFree = byQuietMinutes && cell.is_unnamed
  const freeMs = isFree ? cell.idle_ms : cell.unallocated_ms
  const freeBusy = isFree ? cell.busy_idle_ms_x1000 : cell.busy_unallocated_ms_x1000
  const idleMs = isFree ? 0 : cell.idle_ms
  const idleBusy = isFree ? 0 : cell.busy_idle_ms_x1000
  const activeMs = cell.known_ms - cell.failed_ms - cell.drained_ms - freeMs - idleMs
  const activeBusy = cell.busy_ms_x1000 - freeBusy - idleBusy
  const parts: Part[] = []
  const add = (kind: PoolKind, ms: number, busyX1000 = 0, throttledX1000 = 0) => {
    if (ms !== 0) parts.push({ kind, ms, busyX1000, throttledX1000 })
  }
  add('verification', cell.verification_ms)
  add('unknown', cell.capacity_ms - cell.verification_ms - cell.known_ms)
  add('failed', cell.failed_ms)
  add('drained', cell.drained_ms)
  add('unallocated', freeMs, freeBusy)
  add('idle', idleMs, idleBusy)
  add('active', activeMs, activeBusy, cell.throttled_ms_x1000)
  return parts
}

function addPart(
  node: NodePools,
  { holder, owner, source: told }: Pick<Pool, 'holder' | 'owner' | 'source'>,
  part: Part,
  lengthMs: number,
): void {
  const { kind } = part
  // A counter says how busy a device is; of time that has no busy share it says nothing.
  const source = kind === 'active' || kind === 'idle' || kind === 'unallocated' ? told : 0
  const key = `${kind} ${source} ${owner}`
  const pool = node.pools.get(key) ?? { ...emptyPool, key, kind, holder, owner, source }
  pool.devices += part.ms / lengthMs
  pool.busy += part.busyX1000 / 1000 / lengthMs
  pool.throttled += part.throttledX1000 / 1000 / lengthMs
  node.pools.set(key, pool)
}

const emptyPool = { devices: 0, busy: 0, throttled: 0 }
const holderOf = ({ cluster, tenant, job }: Cell): Holder => ({ cluster, tenant, job })
