import { z } from 'zod'
import type { Interpretation, MeterReading } from '#schemas/reading.ts'
import type { Source } from '../../collector/source.ts'
import { pduName, type SimSite, type SimUnit, unitMeter } from '../facility/site.ts'
import {
  type PointReading,
  roomReading,
  unitReadings,
  weatherReading,
} from '../facility/readings.ts'
import { siteBook } from '../facility/tree.ts'
import type { FacilityMoments } from './facility-moments.ts'
import { LIVE_STEP_MS } from './moments.ts'

/** Name under which meters appear that no protocol stands for. */
export const FACILITY_SOURCE = 'simulated-facility'

/** What is read at once. */
export interface FacilityGroup {
  readonly name: string
  readonly hall: string
  readonly meters: readonly string[]
  readonly units: readonly SimUnit[]
  /** Weather and rooms are in one of the groups. */
  readonly hasAir: boolean
}

/** Points of one target, below what a collector takes. */
const METERS_AT_ONCE = 400
const UNITS_AT_ONCE = 40
const PLANT = 'plant'

export const groupAddress = ({ name }: FacilityGroup) => `${FACILITY_SOURCE}://${name}`

/** Everything but what SNMP, Redfish and Modbus read: the plant, and each hall in parts that are not too large. */
export function facilityGroups(site: SimSite): readonly FacilityGroup[] {
  const elsewhere = new Set([
    ...site.racks
      .filter(({ isSnmp }) => isSnmp)
      .flatMap((rack) => [pduName(rack, 'a'), pduName(rack, 'b')]),
    ...site.units.filter(({ protocol }) => protocol !== 'model').map(unitMeter),
  ])
  const own = siteBook(site, 0).meters.filter(
    ({ meter, level }) => level !== 'ambient' && !elsewhere.has(meter),
  )
  const byHall = Map.groupBy(own, ({ hall }) => hall)
  return [...byHall].flatMap(([hall, meters]) => {
    const name = hall === '' ? PLANT : hall
    const units = site.units.filter((unit) => unit.hall === hall && unit.protocol === 'model')
    return [
      ...parts(meters, METERS_AT_ONCE).map((part, at): FacilityGroup => ({
        name: at === 0 ? name : `${name}-${at + 1}`,
        hall,
        meters: part.map(({ meter }) => meter),
        units: [],
        hasAir: hall === '' && at === 0,
      })),
      ...parts(units, UNITS_AT_ONCE).map((part, at): FacilityGroup => ({
        name: `${name}-cooling-${at + 1}`,
        hall,
        meters: [],
        units: part,
        hasAir: false,
      })),
    ]
  })
}

function parts<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size),
  )
}

/** Readings straight from the model. */
export function createFacilitySource(
  groups: readonly FacilityGroup[],
  live: FacilityMoments,
): Source {
  const byName = new Map(groups.map((group) => [group.name, group]))
  return {
    name: FACILITY_SOURCE,
    transport: 'http',
    defaultIntervalMs: LIVE_STEP_MS,
    expects: [],
    config: z.strictObject({}),
    recognize: () => 0,
    interpret: () => said([], 'absent'),
    detect: async () => ({ state: 'absent', looked: 'the simulated site' }),
    async read({ target, nowMs }) {
      const group = byName.get(target.node)
      return group === undefined ? said([], 'absent') : said(readingsOf(group, live, nowMs), 'ok')
    },
  }
}

function readingsOf(group: FacilityGroup, live: FacilityMoments, nowMs: number): PointReading[] {
  const { weather, units } = live.at(nowMs)
  const { facility } = live
  const air = group.hasAir
    ? [weatherReading(weather), ...facility.site.halls.map((hall) => roomReading(hall, weather))]
    : []
  const cooling = group.units.flatMap(({ index }) => {
    const state = units[index]
    return state === undefined ? [] : unitReadings(state, weather)
  })
  const meters = group.meters.map((meter) => ({ meter, metrics: facility.reading(meter) }))
  return [...air, ...meters, ...cooling]
}

const said = (points: readonly PointReading[], outcome: 'ok' | 'absent'): Interpretation => ({
  source: FACILITY_SOURCE,
  outcome,
  reason: outcome === 'ok' ? null : 'no_output',
  detail: null,
  devices: [],
  meters: points.map(({ meter, metrics }): MeterReading => ({ meter, point: '', metrics })),
  events: [],
  rejected: [],
  rejectedByReason: {},
  ignored: [],
  toolLabels: {},
})
