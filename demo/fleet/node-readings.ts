import type { LinkMetricValues, NodeMetricValues } from '#schemas/node-metrics.ts'
import type { Fleet, SimNode } from './layout.ts'
import { uniform } from './noise.ts'

/**
 * What node exporters of the simulated fleet say: pure functions of seed, node and time, so that history and
 * live fleet agree. A few nodes have one; one of them waits for storage, one has a port that flaps.
 */
export interface NodeModel {
  /** Nodes that run a node exporter, spread over the fleet. */
  readonly nodes: readonly SimNode[]
  /** Its storage hangs for the last two hours: stale mounts, blocked processes. */
  readonly stuck: SimNode
  /** Its port `mlx5_2/1` goes down for a minute now and then, for the last six hours. */
  readonly flapping: SimNode
  metricsAt(node: SimNode, atMs: number): NodeMetricValues
  portsAt(node: SimNode, atMs: number): readonly SimPort[]
}

export interface SimPort {
  readonly link: string
  readonly metrics: LinkMetricValues
}

const NODES = 12
const PORTS = ['mlx5_0/1', 'mlx5_1/1', 'mlx5_2/1', 'mlx5_3/1'] as const
export const FLAPPING_PORT = 'mlx5_2/1'
const MINUTE = 60_000
const HOUR = 3_600_000
/** 400 Gbit/s. */
const PORT_RATE = 50e9
const CPUS = 192
const MEMORY = 2 * 2 ** 40
/** A flap every so often, each one sampled minute long. */
const FLAP_EVERY_MS = 11 * MINUTE

/** `nowMs` is the start of the live fleet: troubles began some hours before it and go on. */
export function createNodeModel(fleet: Fleet, nowMs: number): NodeModel {
  const every = Math.max(1, fleet.nodes.length / NODES)
  const nodes = [
    ...new Set(
      Array.from({ length: NODES }, (_, n) => fleet.nodes[Math.floor(n * every)]).filter(
        (node) => node !== undefined,
      ),
    ),
  ]
  const [first] = nodes
  if (first === undefined) throw new RangeError('a simulated fleet has nodes')
  const stuck = nodes[2] ?? first
  const flapping = nodes[5] ?? first
  const stuckSinceMs = nowMs - 2 * HOUR
  const flapsSinceMs = Math.floor((nowMs - 6 * HOUR) / MINUTE) * MINUTE
  const bootedMs = (node: SimNode) =>
    nowMs - Math.floor((20 + 60 * uniform(fleet.seed, node.position, 1)) * 24) * HOUR
  return {
    nodes,
    stuck,
    flapping,
    metricsAt: (node, atMs) =>
      nodeMetrics({
        node,
        atMs,
        seed: fleet.seed,
        isStuck: node === stuck && atMs >= stuckSinceMs,
        bootedMs: bootedMs(node),
      }),
    portsAt: (node, atMs) =>
      PORTS.map((link, port) => {
        const sinceMs = node === flapping && link === FLAPPING_PORT ? flapsSinceMs : null
        const seconds = (atMs - bootedMs(node)) / 1000
        return {
          link,
          metrics: portMetrics({ seconds, port, flaps: sinceMs === null ? null : atMs - sinceMs }),
        }
      }),
  }
}

interface NodeMoment {
  readonly node: SimNode
  readonly atMs: number
  readonly seed: number
  readonly isStuck: boolean
  readonly bootedMs: number
}

function nodeMetrics({ node, atMs, seed, isStuck, bootedMs }: NodeMoment): NodeMetricValues {
  const minute = Math.floor(atMs / MINUTE)
  const noise = uniform(seed, node.position, minute)
  const seconds = Math.max(0, (atMs - bootedMs) / 1000)
  const blocked = isStuck ? 38 + Math.floor(noise * 6) : 0
  return {
    load_1m: Math.round((24 + 8 * noise + blocked) * 100) / 100,
    cpu_count: CPUS,
    cpu_busy_seconds_total: seconds * 21,
    cpu_iowait_seconds_total: seconds * (isStuck ? 0.4 : 0.3),
    processes_blocked: blocked,
    io_stalled_seconds_total: seconds * 0.002,
    node_memory_total_bytes: MEMORY,
    node_memory_available_bytes: Math.round(MEMORY * (0.62 - 0.05 * noise)),
    disk_read_bytes_total: Math.round(seconds * 210e6),
    disk_written_bytes_total: Math.round(seconds * 64e6),
    filesystem_used_ratio_max: isStuck ? 0.97 : 0.58 + 0.01 * noise,
    mounts_stale: isStuck ? 2 : 0,
    network_received_bytes_total: Math.round(seconds * 41e6),
    network_sent_bytes_total: Math.round(seconds * 37e6),
    clock_offset_seconds: (noise - 0.5) * 2e-4,
    boot_time_seconds: Math.round(bootedMs / 1000),
  }
}

function portMetrics(moment: {
  readonly seconds: number
  readonly port: number
  /** Time since it began to flap, ms; null = it does not. */
  readonly flaps: number | null
}): LinkMetricValues {
  const { seconds, port, flaps } = moment
  const count = flaps === null || flaps < 0 ? 0 : Math.floor(flaps / FLAP_EVERY_MS) + 1
  const isDown = count > 0 && (flaps ?? 0) % FLAP_EVERY_MS < MINUTE
  return {
    link_up: isDown ? 0 : 1,
    link_downs_total: count,
    link_rate_bytes_per_second: PORT_RATE,
    link_tx_bytes_total: Math.round(seconds * (9e9 + port * 4e8)),
    link_rx_bytes_total: Math.round(seconds * (9.1e9 + port * 4e8)),
    link_symbol_errors_total: count * 61,
    link_errors_total: count * 3,
  }
}
