import type { LoadShape } from '../../cli/load/layout.ts'
import { type Peer, type PeerBytes, type PeerProtocol, sendAll } from '../peers/peer.ts'
import { METRIC_PREFIX, type ObjectSamples, type PeerObject } from '../peers/samples.ts'
import { createFleet, type FleetNode } from './fleet.ts'

export interface PeerRun {
  readonly protocol: PeerProtocol
  /** Samples that were sent in the measured window and are there, as its own query counted them. */
  readonly samples: number
  readonly cpuS: number
  /** From the first request to rest, and of that what sending took. */
  readonly wallS: number
  readonly sendS: number
  /** Instants in a request, per series. */
  readonly ticksPerRequest: number
}

export interface PeerResult {
  readonly name: Peer['name']
  readonly version: string
  readonly runs: readonly PeerRun[]
  readonly peakBytes: number
  readonly disk: PeerBytes
  readonly allSamples: number
}

export interface PeerOptions {
  readonly shape: LoadShape
  readonly stepMs: number
  /** Instants before the window, at which every series is met, epoch ms. */
  readonly warmMs: readonly number[]
  readonly fromMs: number
  /** By how much the samples' times are later than the instants their values are made for, ms. */
  readonly shiftMs: number
  /** Instants that each protocol is measured with. */
  readonly ticks: number
  readonly say: (line: string) => void
}

/** Devices in a request: as in a message of our collector. */
const DEVICES_PER_REQUEST = 512

/** A way of sending that is measured: live, as many instants at once as our messages hold, or all in one request. */
interface Way {
  readonly protocol: PeerProtocol
  readonly ticksPerRequest: number
}

/**
 * Feeds a peer the same values under the same instants by each of its protocols, one after the other, each with
 * instants of its own. What it costs to meet every series first does not count, nor what it costs to make the requests.
 */
export async function measurePeer(
  peer: Peer,
  ways: readonly Way[],
  options: PeerOptions,
): Promise<PeerResult> {
  const { warmMs, fromMs, stepMs, ticks, say } = options
  const feed = createPeerFeed(options)
  say(`${peer.name}: meeting ${feed.series()} series`)
  const protocols = [...new Set(ways.map(({ protocol }) => protocol))]
  for (const [position, protocol] of protocols.entries()) {
    const tickMs = warmMs[position] ?? fromMs
    await sendAll(peer, protocol, feed.bodies(peer, protocol, { instants: [tickMs], shiftMs: 0 }))
  }
  const runs: PeerRun[] = []
  for (const [position, way] of ways.entries()) {
    const from = fromMs + position * ticks * stepMs
    const instants = Array.from({ length: ticks }, (_, tick) => from + tick * stepMs)
    await peer.settle()
    runs.push(await measureWay(peer, way, { ...options, feed, instants }))
  }
  const endMs = fromMs + ways.length * ticks * stepMs
  const firstMs = Math.min(fromMs, ...warmMs)
  return {
    name: peer.name,
    version: peer.version,
    runs,
    peakBytes: peer.use().peakRssBytes,
    allSamples: await peer.count(firstMs, endMs),
    disk: await peer.bytesOnDisk(),
  }
}

async function measureWay(
  peer: Peer,
  way: Way,
  measured: PeerOptions & {
    readonly feed: PeerFeed
    readonly instants: readonly number[]
  },
): Promise<PeerRun> {
  const { feed, instants, stepMs, shiftMs, say } = measured
  const { protocol, ticksPerRequest } = way
  const cpuBefore = peer.use().cpuS
  const wallBefore = performance.now()
  let sendMs = 0
  for (let tick = 0; tick < instants.length; tick += ticksPerRequest) {
    // Made before they are sent: otherwise two processes share the cores, and the wall time is of both.
    const bodies = [
      ...feed.bodies(peer, protocol, {
        instants: instants.slice(tick, tick + ticksPerRequest),
        shiftMs,
      }),
    ]
    const startMs = performance.now()
    await sendAll(peer, protocol, bodies)
    sendMs += performance.now() - startMs
  }
  await peer.settle()
  const cpuS = peer.use().cpuS - cpuBefore
  const wallS = (performance.now() - wallBefore) / 1000
  const [first = 0] = instants
  const samples = await peer.count(first, (instants.at(-1) ?? 0) + stepMs)
  const sent = feed.series() * instants.length
  if (samples !== sent)
    say(`${peer.name}: ${protocol}: ${sent} samples were sent, it has ${samples}`)
  say(`${peer.name}: ${protocol}: ${samples} samples, ${cpuS.toFixed(1)} CPU s`)
  return { protocol, ticksPerRequest, samples, cpuS, wallS, sendS: sendMs / 1000 }
}

interface PeerFeed {
  readonly series: () => number
  bodies(
    peer: Peer,
    protocol: PeerProtocol,
    when: { readonly instants: readonly number[]; readonly shiftMs: number },
  ): Iterable<Uint8Array>
}

/** The fleet's rows as requests; instants are asked for in the order of time, as our messages were made. */
function createPeerFeed({ shape, stepMs }: PeerOptions): PeerFeed {
  const nodes = createFleet(shape).flatMap((part) => part.nodes)
  const groups: FleetNode[][] = []
  for (const node of nodes) {
    const last = groups.at(-1)
    const size = last?.reduce((sum, { devices }) => sum + devices.length, 0) ?? Infinity
    if (last === undefined || size + node.devices.length > DEVICES_PER_REQUEST) groups.push([node])
    else last.push(node)
  }
  const objects = new Map<string, PeerObject>()
  return {
    series: () => nodes.reduce((sum, { devices }) => sum + devices.length, 0) * VALUES_PER_DEVICE,
    *bodies(peer, protocol, { instants, shiftMs }) {
      const made = instants.map((instant) => instant - shiftMs)
      for (const group of groups)
        yield peer.encode(protocol, {
          timesMs: instants,
          rows: group.flatMap((node) => samplesOf(node, made, stepMs, objects)),
        })
    },
  }
}

const VALUES_PER_DEVICE = 40

function samplesOf(
  node: FleetNode,
  instants: readonly number[],
  stepMs: number,
  objects: Map<string, PeerObject>,
): ObjectSamples[] {
  const found: ObjectSamples[] = node.devices.map(() => ({ object: NO_OBJECT, values: NO_VALUES }))
  instants.forEach((tickMs, tick) => {
    node.read(tickMs, stepMs).forEach(({ metrics, device }, position) => {
      const key = device.keys[0] ?? ''
      const entries = Object.entries(metrics)
      let object = objects.get(key)
      if (object === undefined) {
        const names = entries.map(([name]) => `${METRIC_PREFIX}${name}`)
        object = { labels: { device: key, node: node.name }, metrics: names }
        objects.set(key, object)
      }
      let values = found[position]?.values ?? NO_VALUES
      if (tick === 0) {
        values = new Float64Array(instants.length * entries.length)
        found[position] = { object, values }
      }
      entries.forEach(([, value], metric) => {
        values[tick * entries.length + metric] = value ?? Number.NaN
      })
    })
  })
  return found
}

const NO_VALUES = new Float64Array()
const NO_OBJECT: PeerObject = { labels: {}, metrics: [] }
