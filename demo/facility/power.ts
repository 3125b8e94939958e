import type { PlantState, UnitState } from './cooling.ts'
import { pduName, type SimHall, type SimRack, type SimSite, unitMeter } from './site.ts'

/** Watts by meter. */
export type Watts = Map<string, number>

const FEEDS = ['a', 'b'] as const

/** What hangs on the feeds at a moment. */
export interface Loads {
  /** By rack, watts of its IT equipment. */
  readonly rackWatts: ArrayLike<number>
  readonly units: readonly UnitState[]
  /** The rack whose feed A is out. */
  readonly onOneFeed: SimRack | null
}

/** Racks up to the UPS input, by feed; what UPS and busways lose is given off as heat. Fills `watts`. Pure otherwise. */
export function feedPower(site: SimSite, loads: Loads, watts: Watts): { readonly lost: number } {
  for (const rack of site.racks) {
    const it = loads.rackWatts[rack.index] ?? 0
    // No load is shared exactly by halves; each rack has its own tilt.
    const share = loads.onOneFeed === rack ? 0 : 0.5 + 0.012 * Math.sin(rack.index * 2.4)
    watts.set(pduName(rack, 'a'), it * share)
    watts.set(pduName(rack, 'b'), it * (1 - share))
  }
  for (const { unit, ownWatts } of loads.units) {
    watts.set(unitMeter(unit), ownWatts)
    if (unit.fedByRack !== null) add(watts, pduName(unit.fedByRack, 'b'), ownWatts)
  }
  let lost = 0
  for (const hall of site.halls) for (const feed of FEEDS) lost += hallFeed(hall, feed, watts)
  return { lost }
}

/** A feed of a hall: busway, UPS output and input. Returns what is lost on it. */
function hallFeed(hall: SimHall, feed: (typeof FEEDS)[number], watts: Watts): number {
  const racks = hall.racks.reduce((sum, rack) => sum + (watts.get(pduName(rack, feed)) ?? 0), 0)
  const bus = racks * 1.006
  const output = bus * 1.003
  const rated = hall.maxWatts * 1.15
  const load = output / rated
  const input = output + rated * (0.006 + 0.008 * load + 0.014 * load ** 2)
  watts.set(`bus-${hall.code}-${feed}`, bus)
  watts.set(`ups-${hall.code}-${feed}/output`, output)
  watts.set(`ups-${hall.code}-${feed}/input`, input)
  return input - racks
}

/** Plant, air handlers, house and the grid's two feeds, whose transformers lose a little more. Fills `watts`. */
export function sitePower(
  site: SimSite,
  { plant, units }: { readonly plant: PlantState; readonly units: readonly UnitState[] },
  watts: Watts,
): void {
  const sums = { a: 0, b: 0 }
  const put = (meter: string, feed: 'a' | 'b', value: number) => {
    watts.set(meter, value)
    sums[feed] += value
  }
  for (const feed of FEEDS) {
    const no = feed === 'a' ? 1 : 2
    put(`chiller-${no}`, feed, plant.chillerWatts / 2)
    put(`dry-coolers-${no}`, feed, plant.dryCoolerWatts / 2)
    put(`pumps-${no}`, feed, plant.pumpWatts / 2)
    for (const hall of site.halls) sums[feed] += watts.get(`ups-${hall.code}-${feed}/input`) ?? 0
  }
  put('house', 'a', plant.houseWatts)
  for (const hall of site.halls) {
    const it = hall.racks.reduce(
      (sum, rack) =>
        sum + FEEDS.reduce((two, feed) => two + (watts.get(pduName(rack, feed)) ?? 0), 0),
      0,
    )
    put(`air-${hall.code}`, 'b', 0.002 * hall.maxWatts + 0.011 * it)
  }
  for (const { unit, ownWatts } of units) if (unit.fedByRack === null) sums.b += ownWatts
  for (const feed of FEEDS) {
    watts.set(`util-${feed}`, sums[feed] * 1.005 + 0.001 * site.maxItWatts)
    watts.set(feed === 'a' ? 'gen-1' : 'gen-2', 0)
  }
}

const add = (watts: Watts, meter: string, value: number) =>
  watts.set(meter, (watts.get(meter) ?? 0) + value)
