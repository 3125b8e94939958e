import type { Fleet, SimDevice, SimNode } from './layout.ts'

/**
 * What is permanently wrong in the simulated fleet, so that Collection and Device pages have something
 * true to show. A small part of a large fleet; a small fleet has no dead nodes.
 */
export interface Troubles {
  /** A node that does not answer at all, since a moment. */
  readonly silent: { readonly node: SimNode; readonly sinceMs: number } | null
  /** An exporter that answers HTTP 500, since a moment. */
  readonly failing: { readonly node: SimNode; readonly sinceMs: number } | null
  /** An exporter that writes lines nobody can read between the good ones. */
  readonly garbled: SimNode
  /** A device with memory errors: rows remapped, a reset due. */
  readonly faulty: { readonly device: SimDevice; readonly xid: number; readonly sinceMs: number }
}

const HOUR = 3_600_000
/** Two dead nodes are 1 % of a fleet of this many nodes. */
const NODES_FOR_DEAD_MIN = 100
/** ECC page retirement or row remapping recording event. */
const XID_ROW_REMAP = 63

/** Chooses the troubled nodes: none of them runs the large job that the incident is about. */
export function troublesOf(fleet: Fleet, nowMs: number): Troubles {
  const hall = fleet.nodes.filter((node) => node.hall === 'hall-a2')
  const at = (share: number) => hall[Math.min(hall.length - 1, Math.floor(hall.length * share))]
  const [silent, failing, garbled, faulty] = [at(0.93), at(0.55), at(0.3), at(0.4)]
  const device = faulty?.devices[3] ?? faulty?.devices[0]
  if (
    silent === undefined ||
    failing === undefined ||
    garbled === undefined ||
    device === undefined
  )
    throw new RangeError('a simulated fleet has a hall a2 with nodes in it')
  const hasDead = fleet.nodes.length >= NODES_FOR_DEAD_MIN
  return {
    silent: hasDead ? { node: silent, sinceMs: nowMs - 5 * HOUR } : null,
    failing: hasDead ? { node: failing, sinceMs: nowMs - 0.75 * HOUR } : null,
    garbled,
    faulty: { device, xid: XID_ROW_REMAP, sinceMs: nowMs - 9 * HOUR },
  }
}

/** True while none of the lasting troubles keeps a node from being read. */
export function isReachable({ silent, failing }: Troubles, node: SimNode, atMs: number): boolean {
  const isSilent = silent?.node === node && atMs >= silent.sinceMs
  const isFailing = failing?.node === node && atMs >= failing.sinceMs
  return !isSilent && !isFailing
}
