import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import { incidentAt } from '../fleet/incident.ts'
import { mix } from '../fleet/noise.ts'
import type { FleetTick } from '../fleet/state.ts'
import { plantState, type UnitState, unitStates } from './cooling.ts'
import { feedPower, sitePower, type Watts } from './power.ts'
import { CAPTURE_RATIO, pduName, rackWatts, type SimSite, unitMeter } from './site.ts'
import { FIELD_STEP_JOULES } from './tree.ts'
import { type Weather, weatherAt } from './weather.ts'

/** The site at a moment; a later `advance` replaces it. */
export interface FacilityMoment {
  readonly atMs: number
  readonly weather: Weather
  readonly units: readonly UnitState[]
}

/**
 * The site in time. Power follows from a tick of the fleet; counters add it up from the first tick on, so ticks are told of
 * in the order of time.
 */
export interface FacilityModel {
  readonly site: SimSite
  /** Meters of energy. */
  readonly meters: readonly string[]
  /** Goes on to a tick of the fleet; one that was told of before changes nothing. */
  advance(tick: FleetTick, incidentStartMs: number | null): void
  /** Null before the first tick. */
  now(): FacilityMoment | null
  /** What a meter would show without steps: watts now, joules since it was built in. */
  exact(meter: string): { readonly watts: number; readonly joules: number }
  /** What it shows. */
  reading(meter: string): MeterMetricValues
}

/** When a rack's feed A was out for maintenance, before the live fleet. */
export const FAILOVER_MS = 20 * 60_000
const FAILOVER_BEFORE_MS = 20 * 3_600_000
const BUCKET_MS = 900_000

/** A site between the first tick, `bornMs`, and the start of the live fleet, `liveMs`, and on from there. */
export function createFacilityModel(
  site: SimSite,
  { bornMs, liveMs }: { readonly bornMs: number; readonly liveMs: number },
): FacilityModel {
  const outMs = failoverMs(bornMs, liveMs)
  const { seed } = site.fleet
  const watts: Watts = new Map()
  const joules = new Map<string, number>()
  const racks = new Float64Array(site.racks.length)
  const coarse = coarseMeters(site)
  let moment: FacilityMoment | null = null

  function fill(tick: FleetTick, incidentStartMs: number | null): FacilityMoment {
    const { atMs } = tick
    const incident = incidentAt(incidentStartMs === null ? -1 : atMs - incidentStartMs)
    for (const rack of site.racks) racks[rack.index] = rackWatts(rack, tick.power)
    const weather = weatherAt(atMs, seed)
    const units = unitStates(site, { atMs, weather, rackWatts: racks, incident })
    const isOut = atMs >= outMs && atMs < outMs + FAILOVER_MS
    const onOneFeed = isOut ? site.failoverRack : null
    const { lost } = feedPower(site, { rackWatts: racks, units, onOneFeed }, watts)
    const it = racks.reduce((sum, one) => sum + one, 0)
    const heat = { liquidWatts: it * CAPTURE_RATIO, airWatts: it * (1 - CAPTURE_RATIO) + lost }
    sitePower(site, { plant: plantState(heat, site, weather), units }, watts)
    return { atMs, weather, units }
  }
  const exact = (meter: string) => ({
    watts: watts.get(meter) ?? 0,
    joules: joules.get(meter) ?? 0,
  })

  return {
    site,
    get meters() {
      return [...watts.keys()]
    },
    advance(tick, incidentStartMs) {
      if (moment !== null && tick.atMs <= moment.atMs) return
      const seconds = moment === null ? 0 : (tick.atMs - moment.atMs) / 1000
      moment = fill(tick, incidentStartMs)
      for (const [index, [meter, value]] of [...watts].entries())
        joules.set(meter, (joules.get(meter) ?? beginOf(seed, index)) + value * seconds)
    },
    now: () => moment,
    exact,
    reading(meter) {
      const now = exact(meter)
      const step = coarse.has(meter) ? FIELD_STEP_JOULES : 1
      return {
        power_watts: Math.round(now.watts),
        energy_joules_total: Math.floor(now.joules / step) * step,
      }
    },
  }
}

/** Meters that count in watt-hours. */
const coarseMeters = ({ racks, units }: SimSite): ReadonlySet<string> =>
  new Set([
    ...racks
      .filter(({ isSnmp }) => isSnmp)
      .flatMap((rack) => [pduName(rack, 'a'), pduName(rack, 'b')]),
    ...units.filter(({ protocol }) => protocol === 'modbus').map(unitMeter),
  ])

/** A meter is never new: what it counted before. */
const beginOf = (seed: number, index: number) => 1e10 + mix(seed, index, 991) * 10

function failoverMs(bornMs: number, liveMs: number): number {
  const beforeMs = Math.min(FAILOVER_BEFORE_MS, (liveMs - bornMs) / 2)
  return Math.floor((liveMs - beforeMs) / BUCKET_MS) * BUCKET_MS + BUCKET_MS / 3
}
