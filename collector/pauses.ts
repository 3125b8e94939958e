import type { ControlState, PauseOrder } from '#schemas/control.ts'
import { expandHostlist } from './targets/hostlist.ts'

/** Which sources are not to be read now, by order of a person. */
export interface Pauses {
  /** Takes the orders in force; an older state than the last one is ignored. True when something changed. */
  hear(state: ControlState): boolean
  /** The order that keeps a source of a node from being read at a moment (epoch ms), or null. */
  orderFor(source: string, node: string, nowMs: number): PauseOrder | null
}

interface Order {
  readonly order: PauseOrder
  /** Null = every node. */
  readonly nodes: ReadonlySet<string> | null
}

/**
 * Orders as one collector understands them. They hold until their end even while the bus is away; a collector
 * that starts while it is away knows none and reads.
 */
export function createPauses(cluster: string): Pauses {
  let revision = -1
  let orders: readonly Order[] = []
  return {
    hear(state) {
      if (state.revision <= revision) return false
      const isFirst = revision < 0
      revision = state.revision
      orders = state.pauses
        .filter((pause) => pause.cluster === '*' || pause.cluster === cluster)
        .flatMap(understood)
      return !isFirst || orders.length > 0
    },
    orderFor: (source, node, nowMs) =>
      orders.find(
        ({ order, nodes }) =>
          (order.source === '*' || order.source === source) &&
          order.from_ms <= nowMs &&
          nowMs < order.until_ms &&
          (nodes === null || nodes.has(node)),
      )?.order ?? null,
  }
}

/** Who gave the order checked its node list; one that cannot be read pauses nothing. */
function understood(order: PauseOrder): Order[] {
  if (order.nodes === '*') return [{ order, nodes: null }]
  try {
    return [{ order, nodes: new Set(expandHostlist(order.nodes)) }]
  } catch {
    return []
  }
}
