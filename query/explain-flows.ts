import type { NodePools, Place, Pool } from './explain-cells.ts'

/** Device-time of a node that counted as `from` in window A and as `to` in window B. */
export interface Flow {
  readonly place: Place
  readonly from: PoolEnds
  readonly to: PoolEnds
  /** Mean devices. */
  readonly devices: number
}

/** Device-time that counted alike in both windows; how busy it was may differ. */
export interface Stay {
  readonly place: Place
  readonly pool: PoolEnds
  /** Mean of both windows, devices. */
  readonly devices: number
}

/** One kind of a node's device-time in both windows; the rate of a window without any is that of the other. */
export interface PoolEnds extends Pick<Pool, 'key' | 'kind' | 'holder' | 'owner' | 'source'> {
  readonly devicesA: number
  readonly devicesB: number
  /** Share of the time that was busy. */
  readonly rateA: number
  readonly rateB: number
  /** Mean of both, what moved time is taken to have been busy. */
  readonly rate: number
  readonly throttledA: number
  readonly throttledB: number
}

/**
 * What a node's device-time did between two windows. Only totals are known, so what one kind lost is matched with what
 * another gained: first within one job and kind (another counter), then within one job, then the largest loss with the
 * largest gain. Capacity that came or went is matched with `outside`. Exchanging the windows turns every flow round.
 */
export function flowsOf(
  a: NodePools | undefined,
  b: NodePools | undefined,
): { flows: Flow[]; stays: Stay[] } {
  const place = (b ?? a)?.place
  if (place === undefined) return { flows: [], stays: [] }
  const ends = endsOf(a, b)
  const stays = ends
    .filter(({ devicesA, devicesB }) => devicesA > 0 && devicesB > 0)
    .map((pool) => ({ place, pool, devices: (pool.devicesA + pool.devicesB) / 2 }))
  const open = openEnds(ends)
  const flows: Flow[] = []
  if (open.length > 1) {
    for (const alike of STAGES) {
      for (const group of Map.groupBy(open, ({ end }) => alike(end)).values())
        match(group, (from, to, devices) => flows.push({ place, from, to, devices }))
    }
  }
  return { flows, stays }
}

/** The same, device by device: no guess where a device did one thing. */
export function flowsOfDevices(devices: readonly DeviceEnds[]): { flows: Flow[]; stays: Stay[] } {
  const found = devices.map(({ a, b }) => flowsOf(a, b))
  return {
    flows: found.flatMap(({ flows }) => flows),
    stays: found.flatMap(({ stays }) => stays),
  }
}

/** One device on a node; undefined = not in that window. */
export interface DeviceEnds {
  readonly a: NodePools | undefined
  readonly b: NodePools | undefined
}

/**
 * Mean devices that matching by size may give to the wrong kind: zero unless two kinds lost and two gained, then the
 * smaller of the second largest of each.
 */
export function guessedOf(a: NodePools | undefined, b: NodePools | undefined): number {
  const [inA, inB] = [a?.pools ?? new Map<string, Pool>(), b?.pools ?? new Map<string, Pool>()]
  const kinds = inA.size + [...inB.keys()].filter((key) => !inA.has(key)).length
  // One of the four may be `outside`.
  if (kinds < 3) return 0
  const open = openEnds(endsOf(a, b)).map(({ left }) => left)
  const second = (sizes: readonly number[]) =>
    sizes.filter((size) => size > 0).sort((x, y) => y - x)[1] ?? 0
  return Math.min(second(open), second(open.map((left) => -left)))
}

/** What may be matched with each other, in this order. */
const STAGES = [
  ({ kind, owner }: PoolEnds) => `${kind} ${owner}`,
  ({ owner }: PoolEnds) => owner,
  () => '',
] as const

interface OpenEnd {
  readonly end: PoolEnds
  /** Still to be matched: above zero gained, below zero lost. */
  left: number
}

function endsOf(a: NodePools | undefined, b: NodePools | undefined): PoolEnds[] {
  const keys = new Set([...(a?.pools.keys() ?? []), ...(b?.pools.keys() ?? [])])
  return [...keys].sort().flatMap((key) => {
    const [inA, inB] = [a?.pools.get(key), b?.pools.get(key)]
    const either = inA ?? inB
    if (either === undefined) return []
    const rateOf = (pool: Pool | undefined) =>
      pool === undefined || pool.devices <= 0 ? null : pool.busy / pool.devices
    const [own, other] = [rateOf(inA), rateOf(inB)]
    const rateA = own ?? other ?? 0
    const rateB = other ?? own ?? 0
    const { kind, holder, owner, source } = either
    return {
      key,
      kind,
      holder,
      owner,
      source,
      devicesA: inA?.devices ?? 0,
      devicesB: inB?.devices ?? 0,
      rateA,
      rateB,
      rate: (rateA + rateB) / 2,
      throttledA: inA?.throttled ?? 0,
      throttledB: inB?.throttled ?? 0,
    }
  })
}

const OUTSIDE = {
  key: 'outside',
  kind: 'outside',
  holder: null,
  owner: '',
  source: 0,
  rateA: 0,
  rateB: 0,
  rate: 0,
  throttledA: 0,
  throttledB: 0,
} as const

/** What changed, and against it what came into the node's capacity or left it. */
function openEnds(ends: readonly PoolEnds[]): OpenEnd[] {
  const open = ends.map((end) => ({ end, left: end.devicesB - end.devicesA }))
  const grown = open.reduce((sum, { left }) => sum + left, 0)
  const outside = { ...OUTSIDE, devicesA: Math.max(0, grown), devicesB: Math.max(0, -grown) }
  return [...open, { end: outside, left: -grown }].filter(isOpen)
}

/** Less than this many devices are what floating-point sums leave. */
const DEVICES_MIN = 1e-9

const isOpen = ({ left }: OpenEnd) => Math.abs(left) > DEVICES_MIN

/** Matches losses with gains, the largest with the largest, until one side is used up. */
function match(
  group: readonly OpenEnd[],
  found: (from: PoolEnds, to: PoolEnds, devices: number) => void,
): void {
  const bySize = (a: OpenEnd, b: OpenEnd) =>
    Math.abs(b.left) - Math.abs(a.left) || (a.end.key < b.end.key ? -1 : 1)
  const lost = group.filter(({ left }) => left < -DEVICES_MIN).sort(bySize)
  const gained = group.filter(({ left }) => left > DEVICES_MIN).sort(bySize)
  let at = 0
  for (const source of lost) {
    for (; source.left < -DEVICES_MIN && at < gained.length;) {
      const sink = gained[at]
      if (sink === undefined) break
      const devices = Math.min(-source.left, sink.left)
      found(source.end, sink.end, devices)
      source.left += devices
      sink.left -= devices
      if (sink.left <= DEVICES_MIN) at += 1
    }
  }
}
