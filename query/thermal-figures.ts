/**
 * Statistics of heat, pure: whether a device is hotter than its peers, and how fast it warms up. Peers are devices of
 * one model in one rack (DEFINITIONS section 7).
 */

/** One device over some minutes. */
export interface HeatPoint {
  readonly celsius: number
  /** Null = not reported. */
  readonly watts: number | null
}

/** Why a device is not compared with peers. */
export type NoFigure = 'no_temperature' | 'few_peers' | 'no_power' | 'low_power'

export interface PeerFigures {
  /** supply: thermal resistance; peers: degrees above devices of similar power, where the supply temperature is not known. */
  readonly reference: 'supply' | 'peers'
  readonly unit: 'celsius_per_watt' | 'celsius'
  /** Devices compared with, this one among them. */
  readonly peers: number
  /** (device - supply) / power; null with the reference `peers`. */
  readonly resistance: number | null
  readonly median: number | null
  /** Median of the distances from the median. */
  readonly mad: number | null
  /** Above the median, in `unit`; below it is negative. */
  readonly deviation: number | null
  /** Deviation in MADs; a MAD below what sensors resolve counts as that. */
  readonly score: number | null
  /** Null when there are figures. */
  readonly reason: NoFigure | null
}

/** Fewer cannot tell a hot device from a hot rack. */
export const PEERS_MIN = 5
/** Powers this far apart, as a share of the device's own, are similar. */
export const SIMILAR_POWER_SHARE = 0.15
/** Nearest in power on each side that count as peers at most: of a rack all, of devices without a place some. */
const NEIGHBOURS_MAX = 32
/** Below this share of its power cap noise decides the resistance of a device. */
export const POWER_SHARE_MIN = 0.3
/** Sensors give whole degrees: what is nearer than half of one is alike. */
export const CELSIUS_RESOLUTION = 0.5
/** From this score on a device is an outlier among its peers. */
export const OUTLIER_SCORE = 5

/** The middle value, or the mean of the two in the middle; null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}

/** Median of the absolute distances from the median: one wild value does not move it. Null of nothing. */
export function medianDistance(values: readonly number[]): number | null {
  const middle = median(values)
  return middle === null ? null : median(values.map((value) => Math.abs(value - middle)))
}

/** Degrees a minute, by least squares over samples; null for fewer than three or all at one moment. */
export function risePerMinute(
  seconds: readonly number[],
  celsius: readonly number[],
): number | null {
  const count = Math.min(seconds.length, celsius.length)
  if (count < 3) return null
  const mean = (values: readonly number[]) =>
    values.slice(0, count).reduce((sum, value) => sum + value, 0) / count
  const [meanAt, meanCelsius] = [mean(seconds), mean(celsius)]
  let [above, below] = [0, 0]
  for (let at = 0; at < count; at += 1) {
    const away = (seconds[at] ?? meanAt) - meanAt
    above += away * ((celsius[at] ?? meanCelsius) - meanCelsius)
    below += away * away
  }
  return below === 0 ? null : (above / below) * 60
}

/** What is compared with each other, and what is known of it. */
export interface PeerGroup {
  readonly points: readonly HeatPoint[]
  /** Of the coolant or air that the group gets; null = not known. */
  readonly supplyCelsius: number | null
  /** Power cap of the model; null = not known, the largest power of the group stands for it. */
  readonly capWatts: number | null
}

/** Figures of the device at each of `wanted`, places in `group.points`. */
export function peerFigures(group: PeerGroup, wanted: readonly number[]): PeerFigures[] {
  return group.supplyCelsius === null
    ? bySimilarPower(group.points, wanted)
    : byResistance(group, group.supplyCelsius, wanted)
}

function byResistance(
  { points, capWatts }: PeerGroup,
  supplyCelsius: number,
  wanted: readonly number[],
): PeerFigures[] {
  const cap = capWatts ?? points.reduce((most, { watts }) => Math.max(most, watts ?? 0), 0)
  const leastWatts = cap * POWER_SHARE_MIN
  const resistanceOf = ({ celsius, watts }: HeatPoint) =>
    watts === null || watts <= 0 || watts < leastWatts ? null : (celsius - supplyCelsius) / watts
  const all = points.map(resistanceOf).filter((value) => value !== null)
  const frame = { reference: 'supply', unit: 'celsius_per_watt', peers: all.length } as const
  return wanted.map((at) => {
    const point = points[at]
    const own = point === undefined ? null : resistanceOf(point)
    if (point === undefined || own === null)
      return without(frame, point?.watts === null ? 'no_power' : 'low_power')
    const least = CELSIUS_RESOLUTION / (point.watts ?? 1)
    return compared({ ...frame, resistance: own }, own, { values: all, least })
  })
}

function bySimilarPower(points: readonly HeatPoint[], wanted: readonly number[]): PeerFigures[] {
  const byPower = points
    .flatMap(({ celsius, watts }, at) => (watts === null ? [] : [{ celsius, watts, at }]))
    .sort((a, b) => a.watts - b.watts)
  const places = new Map(byPower.map(({ at }, place) => [at, place]))
  return wanted.map((at) => {
    const place = places.get(at)
    const own = place === undefined ? undefined : byPower[place]
    const frame = { reference: 'peers', unit: 'celsius' } as const
    if (own === undefined || place === undefined) return without({ ...frame, peers: 0 }, 'no_power')
    const near = byPower
      .slice(Math.max(0, place - NEIGHBOURS_MAX), place + NEIGHBOURS_MAX + 1)
      .filter(({ watts }) => Math.abs(watts - own.watts) <= own.watts * SIMILAR_POWER_SHARE)
      .map(({ celsius }) => celsius)
    return compared({ ...frame, peers: near.length, resistance: null }, own.celsius, {
      values: near,
      least: CELSIUS_RESOLUTION,
    })
  })
}

type Frame = Pick<PeerFigures, 'reference' | 'unit' | 'peers'>

const without = (frame: Frame, reason: NoFigure): PeerFigures => ({
  ...frame,
  resistance: null,
  median: null,
  mad: null,
  deviation: null,
  score: null,
  reason,
})

function compared(
  frame: Frame & Pick<PeerFigures, 'resistance'>,
  own: number,
  { values, least }: { readonly values: readonly number[]; readonly least: number },
): PeerFigures {
  const [middle, mad] = [median(values), medianDistance(values)]
  if (values.length < PEERS_MIN || middle === null || mad === null)
    return { ...without(frame, 'few_peers'), resistance: frame.resistance }
  const deviation = own - middle
  return {
    ...frame,
    median: middle,
    mad,
    deviation,
    score: deviation / Math.max(mad, least),
    reason: null,
  }
}
