import { z } from 'zod'
import { METER_ID_PATTERN } from '#schemas/meter-id.ts'

/**
 * The site's meters, cooling loops and contract, as people enter them: dated rows, so that a change of role or wiring
 * never rewrites the past. A row holds from `from_ms` until the next row of the same name begins or its `to_ms`.
 */

const text = z.string().max(256)
const name = z.string().min(1).max(128)
const epochMs = z.int().min(0).max(8.64e15)
const meterName = z.string().regex(METER_ID_PATTERN)

/** What the energy behind a meter is used for (ISO/IEC 30134-2: IT, cooling, power distribution, the rest). */
export const METER_ROLES = ['it', 'cooling', 'distribution', 'other'] as const
export type MeterRole = (typeof METER_ROLES)[number]

/**
 * Where on the way of the power a meter sits, from the grid to the node; `plant` is the input of cooling plant and
 * `ambient` measures no energy (weather, rooms, loops). The same watts pass several levels: one level is counted.
 */
export const METER_LEVELS = [
  'utility',
  'generator',
  'ups_input',
  'ups_output',
  'pdu_output',
  'rack',
  'outlet',
  'node',
  'plant',
  'ambient',
] as const
export type MeterLevel = (typeof METER_LEVELS)[number]

/** PUE category by the level its IT energy is measured at (ISO/IEC 30134-2). */
export const CATEGORY_OF_LEVEL: Readonly<Partial<Record<MeterLevel, 1 | 2 | 3>>> = {
  ups_output: 1,
  pdu_output: 2,
  rack: 3,
  outlet: 3,
  node: 3,
}

/** One meter of the tree. */
export const MeterRow = z.strictObject({
  meter: meterName,
  /** For people; empty = the id. */
  name: text.default(''),
  /** The meter that carries this one's power too; empty = the top. */
  parent: z.union([z.literal(''), meterName]).default(''),
  role: z.enum(METER_ROLES),
  level: z.enum(METER_LEVELS),
  /** `A`, `B`…: feeds of one load are both counted. */
  feed: z.string().max(16).default(''),
  hall: text.default(''),
  rack: text.default(''),
  /** Cooling loop it belongs to. */
  loop: text.default(''),
  /** Overrides CATEGORY_OF_LEVEL. */
  category: z
    .union([z.literal(1), z.literal(2), z.literal(3)])
    .nullable()
    .default(null),
  /** `auto`: the counter where there is one, else power over time (flagged as estimated). */
  energy: z.enum(['auto', 'counter', 'power']).default('auto'),
  /** Step of the counter, joules (APC rPDU2: 0.1 kWh); 0 = finer than matters. */
  quantum_joules: z.number().min(0).max(3.6e12).default(0),
  /** Where the counter begins again, joules (2^32 steps of a 32-bit counter); null = it does not. */
  rollover_joules: z.number().gt(0).nullable().default(null),
  /** No more than this can flow through it, watts; null = unknown. */
  max_watts: z.number().gt(0).max(1e9).nullable().default(null),
  from_ms: epochMs,
  to_ms: epochMs.nullable().default(null),
})
export type MeterRow = z.infer<typeof MeterRow>

/** One cooling loop: which cooling units feed it, which racks hang on it. */
export const LoopRow = z.strictObject({
  loop: name,
  name: text.default(''),
  hall: text.default(''),
  /** Names of cooling units (`cdu-3`): their points are `cdu-3/primary`, `cdu-3/secondary`, `cdu-3/pump/1`, `cdu-3/leak/2`. */
  units: z.array(meterName).max(64),
  /** Racks on it, `*` and `?` as in file names, within its hall. */
  racks: z.array(name).max(512).default([]),
  /** Meter of the room's dew point; empty = what the cooling units say. */
  room: z.union([z.literal(''), meterName]).default(''),
  design: z
    .strictObject({
      supply_celsius: z.number().min(-40).max(120).nullable().default(null),
      delta_kelvin: z.number().gt(0).max(100).nullable().default(null),
      flow_liters_per_minute: z.number().gt(0).nullable().default(null),
      capacity_watts: z.number().gt(0).nullable().default(null),
      /** Share of rack heat that goes into this loop, 0..1. */
      capture_ratio: z.number().gt(0).max(1).nullable().default(null),
      density_kg_per_cubic_meter: z.number().gt(0).nullable().default(null),
      heat_capacity_joules_per_kg_kelvin: z.number().gt(0).nullable().default(null),
    })
    .prefault({}),
  from_ms: epochMs,
  to_ms: epochMs.nullable().default(null),
})
export type LoopRow = z.infer<typeof LoopRow>

/** What holds for the site as a whole. */
export const SiteRow = z.strictObject({
  site: name,
  /** Level at which IT energy is counted. */
  it_level: z.enum(['ups_output', 'pdu_output', 'rack', 'outlet', 'node']),
  /** Power the site may draw by contract, watts. */
  contracted_watts: z.number().gt(0).max(1e10).nullable().default(null),
  /** PUE it was designed for; used, and so labelled, where the measured one is incomplete. */
  design_pue: z.number().min(1).max(3).default(1.15),
  /** Location factor of the grid, kg CO2e per kWh, and whose figure it is; null = not entered. */
  grid_kg_co2e_per_kwh: z.number().min(0).max(3).nullable().default(null),
  grid_factor_source: text.default(''),
  /** Weather station; empty = none. */
  weather: z.union([z.literal(''), meterName]).default(''),
  from_ms: epochMs,
})
export type SiteRow = z.infer<typeof SiteRow>

/** Everything that was entered, in force or not. */
export interface FacilityBook {
  readonly sites: readonly SiteRow[]
  readonly meters: readonly MeterRow[]
  readonly loops: readonly LoopRow[]
}

export const NO_FACILITY: FacilityBook = { sites: [], meters: [], loops: [] }

/** The book after more rows: one of the same name and start replaces the one before. */
export function foldFacility(book: FacilityBook, more: FacilityBook): FacilityBook {
  return {
    sites: replaced(book.sites, more.sites, ({ site, from_ms }) => `${site}\n${from_ms}`),
    meters: replaced(book.meters, more.meters, ({ meter, from_ms }) => `${meter}\n${from_ms}`),
    loops: replaced(book.loops, more.loops, ({ loop, from_ms }) => `${loop}\n${from_ms}`),
  }
}

function replaced<Row>(
  rows: readonly Row[],
  more: readonly Row[],
  keyOf: (row: Row) => string,
): readonly Row[] {
  if (more.length === 0) return rows
  const byKey = new Map(rows.map((row) => [keyOf(row), row]))
  for (const row of more) byKey.set(keyOf(row), row)
  return [...byKey.values()]
}

/** The rows in force at a moment: of each name the last that began, unless it ended. */
export function facilityAt(book: FacilityBook, atMs: number): FacilityBook {
  const open = { to_ms: null }
  return {
    sites: inForce(book.sites, atMs, (row) => ({ ...open, ...row, name: row.site })).slice(0, 1),
    meters: inForce(book.meters, atMs, (row) => ({ ...row, name: row.meter })),
    loops: inForce(book.loops, atMs, (row) => ({ ...row, name: row.loop })),
  }
}

interface Dated {
  readonly name: string
  readonly from_ms: number
  readonly to_ms: number | null
}

function inForce<Row>(rows: readonly Row[], atMs: number, dated: (row: Row) => Dated): Row[] {
  const last = new Map<string, { readonly row: Row; readonly dates: Dated }>()
  for (const row of rows) {
    const dates = dated(row)
    const before = last.get(dates.name)
    if (dates.from_ms > atMs || (before !== undefined && before.dates.from_ms > dates.from_ms))
      continue
    last.set(dates.name, { row, dates })
  }
  return [...last.values()]
    .filter(({ dates }) => dates.to_ms === null || dates.to_ms > atMs)
    .map(({ row }) => row)
}
