import type { IncidentMoment } from '../fleet/incident.ts'
import { uniform } from '../fleet/noise.ts'
import { CAPTURE_RATIO, flowOfHeat, SETPOINT_CELSIUS, type SimSite, type SimUnit } from './site.ts'
import type { Weather } from './weather.ts'

/** One side of a cooling unit. */
export interface SideState {
  readonly litersPerMinute: number
  readonly ratedLitersPerMinute: number
  readonly supplyCelsius: number
  readonly returnCelsius: number
  readonly supplyPascals: number
  readonly returnPascals: number
}

/** A cooling unit at a moment. */
export interface UnitState {
  readonly unit: SimUnit
  /** Carried from the racks, watts: density x flow x heat capacity x (return - supply). */
  readonly heatWatts: number
  readonly primary: SideState
  readonly secondary: SideState
  readonly pumps: readonly PumpState[]
  readonly filterPascals: number
  readonly reservoirRatio: number
  readonly valveRatio: number
  /** Of its pumps and control, watts. */
  readonly ownWatts: number
}

export interface PumpState {
  readonly state: 'running' | 'standby' | 'failed'
  /** 0..1. */
  readonly speed: number
  readonly hours: number
}

/** What the incident cools badly. */
const INCIDENT_LOOP = 'hall-a1/loop-1'
/** The rest of the flow while all is well: what the second pump would add. */
const USUAL_FLOW = 0.96
const PRIMARY_DELTA_KELVIN = 8
const HOUR = 3_600_000
const CELL_MS = 10_000
/** When the pumps were first switched on. */
const STARTED_MS = Date.UTC(2025, 8, 1)
const FLOW_LOST = 0.98

/** Moment, air, and what the racks draw: what cooling follows from. */
export interface CoolingMoment {
  readonly atMs: number
  readonly weather: Weather
  /** By rack, watts. */
  readonly rackWatts: ArrayLike<number>
  readonly incident: Pick<IncidentMoment, 'flow' | 'supply'>
}

/** Every cooling unit at a moment. Pure. */
export function unitStates(site: SimSite, moment: CoolingMoment): UnitState[] {
  return site.loops.flatMap((loop) => {
    const heat = loop.racks.reduce((sum, { index }) => sum + (moment.rackWatts[index] ?? 0), 0)
    return loop.units.map((unit) =>
      unitState(unit, (heat * CAPTURE_RATIO) / loop.units.length, site.fleet.seed, moment),
    )
  })
}

function unitState(unit: SimUnit, heat: number, seed: number, moment: CoolingMoment): UnitState {
  const { atMs, weather } = moment
  const isHit = unit.loop === INCIDENT_LOOP
  const flow = isHit ? moment.incident.flow : 1
  const cell = Math.floor(atMs / CELL_MS)
  const noise = (salt: number) => uniform(seed, unit.index * 16 + salt, cell) - 0.5
  const share = USUAL_FLOW * flow * (1 + 0.006 * noise(1))
  const liters = unit.ratedLitersPerMinute * share
  const supply = SETPOINT_CELSIUS + (isHit ? moment.incident.supply : 0) + 0.12 * noise(2)
  const primarySupply = Math.max(20, weather.wetBulbCelsius + 6.5)
  const ratedPrimary = Math.round(flowOfHeat(unit.ratedHeatWatts, PRIMARY_DELTA_KELVIN))
  const primaryLiters = ratedPrimary * USUAL_FLOW
  return {
    unit,
    heatWatts: heat,
    secondary: {
      litersPerMinute: liters,
      ratedLitersPerMinute: unit.ratedLitersPerMinute,
      supplyCelsius: supply,
      returnCelsius: supply + flowOfHeat(heat, 1) / liters,
      ...pressures(320_000, 150_000, share),
    },
    primary: {
      litersPerMinute: primaryLiters,
      ratedLitersPerMinute: ratedPrimary,
      supplyCelsius: primarySupply,
      returnCelsius: primarySupply + flowOfHeat(heat, 1) / primaryLiters,
      ...pressures(280_000, 90_000, USUAL_FLOW),
    },
    pumps: pumpsOf(atMs, flow),
    filterPascals: filterOf(unit, atMs) * share ** 2,
    reservoirRatio: 0.86 - 0.01 * uniform(seed, unit.index, 77),
    valveRatio: 0.3 + (0.5 * heat) / unit.ratedHeatWatts,
    ownWatts: 180 + 0.011 * unit.ratedHeatWatts * share ** 3,
  }
}

/** Pressures of a side: what the pipes take grows with the square of the flow. */
const pressures = (supplyPascals: number, dropPascals: number, share: number) => ({
  supplyPascals: supplyPascals - dropPascals * (1 - share ** 2) * 0.5,
  returnPascals: supplyPascals - dropPascals * (0.5 + 0.5 * share ** 2),
})

/** Two pumps of which one is enough; in the incident the running one fails and the spare comes up weakly. */
function pumpsOf(atMs: number, flow: number): readonly PumpState[] {
  const hours = Math.floor((atMs - STARTED_MS) / HOUR)
  if (flow < FLOW_LOST)
    return [
      { state: 'failed', speed: 0, hours },
      { state: 'running', speed: 0.72 * flow, hours: 310 },
    ]
  return [
    { state: 'running', speed: 0.72, hours },
    { state: 'standby', speed: 0, hours: 310 },
  ]
}

/** Filters clog slowly and are changed every four weeks, each at a time of its own. */
function filterOf({ index }: SimUnit, atMs: number): number {
  const weeks = (atMs / HOUR / 24 / 7 + index * 1.3) % 4
  return 21_000 * (1 + 0.06 * weeks)
}

/** Cooling plant of the whole site, watts. */
export interface PlantState {
  /** For the heat that air takes. */
  readonly chillerWatts: number
  /** Fans of the dry coolers, for the heat that liquid takes. */
  readonly dryCoolerWatts: number
  readonly pumpWatts: number
  readonly houseWatts: number
}

/** The plant for a heat at a weather, each with a fixed part: PUE rises when devices idle and when it is warm. Pure. */
export function plantState(
  heat: { readonly airWatts: number; readonly liquidWatts: number },
  site: Pick<SimSite, 'maxItWatts'>,
  { wetBulbCelsius }: Weather,
): PlantState {
  const warmth = Math.max(0, wetBulbCelsius - 8)
  const efficiency = 6.4 - 0.12 * warmth
  return {
    chillerWatts: 0.003 * site.maxItWatts + heat.airWatts / efficiency,
    dryCoolerWatts: 0.0015 * site.maxItWatts + heat.liquidWatts * (0.009 + 0.0011 * warmth),
    pumpWatts: 0.004 * site.maxItWatts + 0.009 * (heat.airWatts + heat.liquidWatts),
    houseWatts: 0.0045 * site.maxItWatts,
  }
}
