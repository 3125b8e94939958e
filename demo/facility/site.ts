import type { Fleet, SimNode } from '../fleet/layout.ts'

/** The simulated building round a fleet: who hangs on which feed and which loop. Sizes follow from the fleet. */
export interface SimSite {
  readonly fleet: Fleet
  readonly halls: readonly SimHall[]
  readonly racks: readonly SimRack[]
  readonly loops: readonly SimLoop[]
  readonly units: readonly SimUnit[]
  /** All racks at full load, watts. */
  readonly maxItWatts: number
  /** Its feed A is out for twenty minutes once. */
  readonly failoverRack: SimRack
}

export interface SimHall {
  readonly name: string
  /** `a1` of `hall-a1`: part of the names of its meters. */
  readonly code: string
  readonly racks: readonly SimRack[]
  readonly maxWatts: number
}

export interface SimRack {
  readonly name: string
  readonly hall: string
  readonly loop: string
  /** Position in SimSite.racks. */
  readonly index: number
  readonly nodes: readonly SimNode[]
  readonly maxWatts: number
  /** Its PDUs answer SNMP and count in watt-hours. */
  readonly isSnmp: boolean
}

export interface SimLoop {
  readonly name: string
  readonly hall: string
  readonly racks: readonly SimRack[]
  readonly units: readonly SimUnit[]
}

/** How a cooling unit is read: by a protocol's own source, or straight from the model. */
export type UnitProtocol = 'redfish' | 'modbus' | 'model'

/** One coolant distribution unit. */
export interface SimUnit {
  readonly name: string
  readonly hall: string
  readonly loop: string
  /** Position in SimSite.units. */
  readonly index: number
  /** Heat it is made for, watts. */
  readonly ratedHeatWatts: number
  readonly ratedLitersPerMinute: number
  /** Rack whose PDU B feeds its pumps; null = a mechanical panel. */
  readonly fedByRack: SimRack | null
  readonly protocol: UnitProtocol
}

/** Water with a quarter of propylene glycol, at 35 degrees. */
export const COOLANT = { densityKgPerCubicMeter: 1_016, heatCapacityJoulesPerKgKelvin: 3_910 }
/** Share of rack heat that cold plates take; the rest goes into the air. */
export const CAPTURE_RATIO = 0.8
export const DESIGN_DELTA_KELVIN = 10
export const SETPOINT_CELSIUS = 30
/** A rack's switches, watts. */
const SWITCH_WATTS = 450
/** Supplies turn this share of the input into what boards use. */
const SUPPLY_EFFICIENCY = 0.955
const RACKS_PER_UNIT = 8
/** One rack of so many has PDUs that are read by SNMP. */
const RACKS_PER_SNMP = 15

/** Rack input for its nodes' device power: processors, memory, network and fans follow the devices. */
export function rackWatts(rack: Pick<SimRack, 'nodes'>, deviceWatts: ArrayLike<number>): number {
  let watts = SWITCH_WATTS
  for (const { devices } of rack.nodes) {
    let own = 0
    for (const { position } of devices) own += deviceWatts[position] ?? 0
    watts += (600 + 90 * devices.length + 1.27 * own) / SUPPLY_EFFICIENCY
  }
  return watts
}

/** Flow that carries this heat at the design temperature difference, litres per minute. */
export const flowOfHeat = (watts: number, deltaKelvin: number): number =>
  (watts * 60_000) /
  (COOLANT.densityKgPerCubicMeter * COOLANT.heatCapacityJoulesPerKgKelvin * deltaKelvin)

/** Builds the site of a fleet. */
export function buildSite(fleet: Fleet): SimSite {
  const fullLoad = Float32Array.from(fleet.devices, ({ spec }) => spec.maxWatts)
  const racks = [...Map.groupBy(fleet.nodes, ({ rack }) => rack)].map(([name, nodes], index) => ({
    name,
    hall: nodes[0]?.hall ?? '',
    loop: nodes[0]?.devices[0]?.loop ?? '',
    index,
    nodes,
    maxWatts: rackWatts({ nodes }, fullLoad),
    isSnmp: index % RACKS_PER_SNMP === 0,
  }))
  const halls = [...Map.groupBy(racks, ({ hall }) => hall)].map(([name, own]) => ({
    name,
    code: name.replace('hall-', ''),
    racks: own,
    maxWatts: sumOf(own),
  }))
  const units = halls.flatMap((hall) => hallUnits(hall)).map((unit, index) => ({ ...unit, index }))
  const loops = [...Map.groupBy(racks, ({ loop }) => loop)].map(([name, own]) => ({
    name,
    hall: own[0]?.hall ?? '',
    racks: own,
    units: units.filter(({ loop }) => loop === name),
  }))
  const failoverRack = halls[2]?.racks[0] ?? racks[0]
  if (failoverRack === undefined) throw new RangeError('a simulated fleet has racks')
  return { fleet, halls, racks, loops, units, maxItWatts: sumOf(racks), failoverRack }
}

const sumOf = (racks: readonly Pick<SimRack, 'maxWatts'>[]) =>
  racks.reduce((sum, { maxWatts }) => sum + maxWatts, 0)

/** The first unit of three halls is read by Redfish and Modbus; that of the smallest hall hangs on a rack's PDU. */
const FIRST_UNIT: readonly UnitProtocol[] = ['redfish', 'redfish', 'modbus', 'model']
const HALLS = ['hall-a1', 'hall-a2', 'hall-b1', 'hall-b2']
const FED_BY_RACK = 'hall-b2'

function hallUnits(hall: SimHall): Omit<SimUnit, 'index'>[] {
  const loops = Map.groupBy(hall.racks, ({ loop }) => loop)
  const places = [...loops].flatMap(([loop, racks]) => {
    const count = Math.ceil(racks.length / RACKS_PER_UNIT)
    return Array.from({ length: count }, () => ({ loop, heat: sumOf(racks) / count }))
  })
  return places.map(({ loop, heat }, at) => ({
    name: `cdu-${hall.code}-${at + 1}`,
    hall: hall.name,
    loop,
    ratedHeatWatts: heat * CAPTURE_RATIO,
    ratedLitersPerMinute: Math.round(flowOfHeat(heat * CAPTURE_RATIO, DESIGN_DELTA_KELVIN)),
    fedByRack: at === 0 && hall.name === FED_BY_RACK ? (hall.racks[0] ?? null) : null,
    protocol: at === 0 ? (FIRST_UNIT[HALLS.indexOf(hall.name)] ?? 'model') : 'model',
  }))
}

export const pduName = (rack: SimRack, feed: 'a' | 'b') => `pdu-${rack.name}-${feed}`
/** Where a unit's own power is measured. */
export const unitMeter = ({ name, fedByRack }: SimUnit) =>
  fedByRack === null ? name : `${pduName(fedByRack, 'b')}/outlet/31`
