import { type FacilityBook, LoopRow, MeterRow, SiteRow } from '#schemas/facility.ts'
import { JOURNAL_ROWS_MAX, type JournalBody } from '#schemas/journal.ts'
import {
  CAPTURE_RATIO,
  COOLANT,
  DESIGN_DELTA_KELVIN,
  pduName,
  SETPOINT_CELSIUS,
  type SimSite,
  unitMeter,
} from './site.ts'

/** Step of the counters that are read by SNMP and Modbus: 1 Wh. */
export const FIELD_STEP_JOULES = 3_600
export const SITE_NAME = 'demo'
export const WEATHER = 'wx-1'
/** The room's sensor of a hall. */
export const roomName = (hall: { readonly code: string }) => `room-${hall.code}`
/** More than the halls ever drew is under contract. */
const CONTRACT_SHARE = 1.3

type Meter = Partial<MeterRow> & Pick<MeterRow, 'meter' | 'role' | 'level'>

/** The meters, loops and contract of the simulated site, in force from a moment on. */
export function siteBook(site: SimSite, fromMs: number): FacilityBook {
  const dated = (row: Meter) => MeterRow.parse({ ...row, from_ms: fromMs })
  return {
    sites: [
      SiteRow.parse({
        site: SITE_NAME,
        it_level: 'rack',
        contracted_watts: Math.ceil((site.maxItWatts * CONTRACT_SHARE) / 1e5) * 1e5,
        design_pue: 1.15,
        grid_kg_co2e_per_kwh: 0.55,
        grid_factor_source: 'demo',
        weather: WEATHER,
        from_ms: fromMs,
      }),
    ],
    meters: [...feedRows(site), ...hallRows(site), ...rackRows(site), ...coolingRows(site)].map(
      dated,
    ),
    loops: loopRows(site, fromMs),
  }
}

function feedRows({ maxItWatts }: SimSite): Meter[] {
  const feed = { role: 'distribution', max_watts: Math.ceil(maxItWatts * 1.6) } as const
  return [
    { ...feed, meter: 'util-a', name: 'Grid feed A', level: 'utility', feed: 'A' },
    { ...feed, meter: 'util-b', name: 'Grid feed B', level: 'utility', feed: 'B' },
    { ...feed, meter: 'gen-1', name: 'Generator 1', level: 'generator' },
    { ...feed, meter: 'gen-2', name: 'Generator 2', level: 'generator' },
    { meter: 'house', name: 'Lights, offices', role: 'other', level: 'plant', parent: 'util-a' },
    { meter: WEATHER, name: 'Weather station', role: 'other', level: 'ambient' },
  ]
}

function hallRows({ halls }: SimSite): Meter[] {
  return halls.flatMap((hall): Meter[] => {
    const place = { hall: hall.name, max_watts: Math.ceil(hall.maxWatts * 1.3) }
    const feeds = (['a', 'b'] as const).flatMap((feed): Meter[] => {
      const row = { ...place, role: 'distribution', feed: feed.toUpperCase() } as const
      const ups = `ups-${hall.code}-${feed}`
      return [
        { ...row, meter: `${ups}/input`, level: 'ups_input', parent: `util-${feed}` },
        { ...row, meter: `${ups}/output`, level: 'ups_output', parent: `${ups}/input` },
        { ...row, meter: `bus-${hall.code}-${feed}`, level: 'pdu_output', parent: `${ups}/output` },
      ]
    })
    return [
      ...feeds,
      {
        meter: `air-${hall.code}`,
        name: `Air handlers ${hall.name}`,
        role: 'cooling',
        level: 'plant',
        parent: 'util-b',
        hall: hall.name,
      },
      { meter: roomName(hall), role: 'other', level: 'ambient', hall: hall.name },
    ]
  })
}

function rackRows({ halls }: SimSite): Meter[] {
  return halls.flatMap(({ code, racks }) =>
    racks.flatMap((rack) =>
      (['a', 'b'] as const).map((feed): Meter => ({
        meter: pduName(rack, feed),
        role: 'it',
        level: 'rack',
        parent: `bus-${code}-${feed}`,
        feed: feed.toUpperCase(),
        hall: rack.hall,
        rack: rack.name,
        quantum_joules: rack.isSnmp ? FIELD_STEP_JOULES : 0,
        max_watts: Math.ceil(rack.maxWatts * 1.3),
      })),
    ),
  )
}

function coolingRows({ units }: SimSite): Meter[] {
  const plant = { role: 'cooling', level: 'plant' } as const
  return [
    ...['1', '2'].flatMap((no): Meter[] => {
      const parent = no === '1' ? 'util-a' : 'util-b'
      return [
        { ...plant, meter: `chiller-${no}`, name: `Chiller ${no}`, parent },
        { ...plant, meter: `dry-coolers-${no}`, name: `Dry coolers ${no}`, parent },
        { ...plant, meter: `pumps-${no}`, name: `Pumps ${no}`, parent },
      ]
    }),
    ...units.map((unit): Meter => {
      const { hall, loop, fedByRack, protocol } = unit
      const quantum_joules = protocol === 'modbus' ? FIELD_STEP_JOULES : 0
      const row = { role: 'cooling', meter: unitMeter(unit), hall, loop, quantum_joules } as const
      if (fedByRack === null) return { ...row, level: 'plant', parent: 'util-b' }
      const name = `Pumps of ${unit.name}`
      return {
        ...row,
        name,
        level: 'outlet',
        rack: fedByRack.name,
        parent: pduName(fedByRack, 'b'),
      }
    }),
  ]
}

const loopRows = ({ loops, halls }: SimSite, fromMs: number): LoopRow[] =>
  loops.map(({ name, hall, racks, units }) =>
    LoopRow.parse({
      loop: name,
      hall,
      units: units.map((unit) => unit.name),
      racks: racks.map((rack) => rack.name),
      room: halls.filter((one) => one.name === hall).map(roomName)[0] ?? '',
      design: {
        supply_celsius: SETPOINT_CELSIUS,
        delta_kelvin: DESIGN_DELTA_KELVIN,
        flow_liters_per_minute: units.reduce((sum, unit) => sum + unit.ratedLitersPerMinute, 0),
        capacity_watts: units.reduce((sum, unit) => sum + unit.ratedHeatWatts, 0),
        capture_ratio: CAPTURE_RATIO,
        density_kg_per_cubic_meter: COOLANT.densityKgPerCubicMeter,
        heat_capacity_joules_per_kg_kelvin: COOLANT.heatCapacityJoulesPerKgKelvin,
      },
      from_ms: fromMs,
    }),
  )

/** The tree as the journal takes it; a large site is several entries. */
export function siteEntries(site: SimSite, fromMs: number): readonly JournalBody[] {
  const { sites, meters, loops } = siteBook(site, fromMs)
  const entries: JournalBody[] = []
  for (let start = 0; start < meters.length; start += JOURNAL_ROWS_MAX)
    entries.push({
      kind: 'facility',
      import_id: 'demo-site',
      sites: start === 0 ? [...sites] : [],
      meters: meters.slice(start, start + JOURNAL_ROWS_MAX),
      loops: start === 0 ? [...loops] : [],
    })
  return entries
}
