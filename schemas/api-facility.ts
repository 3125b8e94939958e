import { z } from 'zod'
import { GroupKey } from './api.ts'
import { PueLabel } from './pue-label.ts'

/**
 * What /api/v1/pue and /api/v1/energy answer. Energies are kWh of settled 15-minute buckets, powers kW or MW as named,
 * times RFC 3339 UTC; calendar periods are the site's own. docs/numbers.md says what each figure means.
 */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)
const kwh = z.number()

/** Widths of periods: days, ISO weeks and months of the site; `all` = one period. */
export const FACILITY_RESOLUTIONS = ['15m', '1h', '1d', '1w', '1mo', 'all'] as const
export const FacilityResolution = z.enum(FACILITY_RESOLUTIONS)
export type FacilityResolution = z.infer<typeof FacilityResolution>

/** Every answer about the site's energy. */
export const FacilityFrame = z.object({
  definition: z.string(),
  from: time,
  to: time,
  resolution: FacilityResolution,
  /** End of the newest settled bucket of the site; null = there is none. */
  settled_until: time.nullable(),
  simulated: z.boolean(),
})

export const FaultyMeter = z.object({ meter: z.string(), buckets: z.int() })

/** One period of one scope. Sums are of counted buckets only, so that kwh.total / kwh.it is the ratio. */
export const PueFigures = z.object({
  from: time,
  to: time,
  label: PueLabel,
  /** The label with its category: `iPUE2`; without one where no bucket says it. */
  name: z.string(),
  /** Where IT energy is metered: 1 UPS output, 2 PDU output, 3 IT input; of several the least exact. */
  category: z.int().min(1).max(3).nullable(),
  categories: z.array(z.int()),
  /** Energy into the scope / energy into its IT equipment; null unless `complete`. */
  value: z.number().nullable(),
  /** Buckets that count are at least 98 % of the period. */
  complete: z.boolean(),
  /** The same of what is known, however little that is. */
  value_of_known: z.number().nullable(),
  /** If the ratio was 1, and 3, in all time that does not count. */
  lo: z.number().nullable(),
  hi: z.number().nullable(),
  /** Buckets in which both sides are complete, of all of the period. */
  coverage: ratio,
  /** Time that the meters of one side speak for, of all. */
  coverage_total: ratio,
  coverage_it: ratio,
  buckets: z.object({
    expected: z.int(),
    counted: z.int(),
    /** Nothing is settled there. */
    missing: z.int(),
    total_incomplete: z.int(),
    it_incomplete: z.int(),
    /** Below 1 or above 3: a fault of a meter. */
    faulty: z.int(),
  }),
  /** Meters whose word was refused in buckets that do not count, those with the most first. */
  faulty_meters: z.array(FaultyMeter),
  /** Mean load of counted buckets: the ratio says little without it. */
  it_load_kw: z.number().nullable(),
  total_load_kw: z.number().nullable(),
  kwh: z.object({ total: kwh, it: kwh, cooling: kwh, distribution: kwh, other: kwh }),
  /** Share of counted energy's time that only power over time speaks for. */
  estimated_share: ratio.nullable(),
})
export type PueFigures = z.infer<typeof PueFigures>

/** The same scope in the 28 days before, where its IT load was the same. */
export const ComparableLoad = z.object({
  from: time,
  to: time,
  it_load_kw: z.number(),
  /** Buckets within 2 % of that load and, where weather is known, 2 K of its wet-bulb temperature. */
  buckets: z.int(),
  wet_bulb_celsius: z.number().nullable(),
  value: z.number().nullable(),
  /** The window's ratio minus this one: above 0 it got worse. */
  difference: z.number().nullable(),
  /** What the difference costs at this load and the window's mean price; null where a price is missing. */
  usd_per_hour: z.number().nullable(),
  assumed: z.boolean(),
  reason: z.enum(['no_ratio', 'window_too_long', 'no_comparable_buckets']).nullable(),
})
export type ComparableLoad = z.infer<typeof ComparableLoad>

export const PueAnswer = FacilityFrame.extend({
  scope: z.string(),
  /** Other scopes that can be asked for. */
  scopes: z.array(z.string()),
  /** The whole window. */
  window: PueFigures,
  /** Its periods; empty with resolution `all`. */
  periods: z.array(PueFigures),
  comparable: ComparableLoad.nullable(),
  /** What the site was built for; null = nobody entered it. */
  design_pue: z.number().nullable(),
})
export type PueAnswer = z.infer<typeof PueAnswer>

export const ENERGY_GROUPINGS = ['role', 'level', 'hall', 'meter'] as const
export const EnergyGrouping = z.enum(ENERGY_GROUPINGS)
export type EnergyGrouping = z.infer<typeof EnergyGrouping>

const energyFigures = {
  /** Known energy; what is not known is not guessed. Null where nothing is known. */
  kwh: kwh.nullable(),
  /** Time that meters speak for, of all. */
  coverage: ratio.nullable(),
  estimated_share: ratio.nullable(),
  /** At the tariff of its time; null where a price is missing. */
  usd: z.number().nullable(),
  /** By the grid's factor of its time; null where nobody entered one. */
  co2e_kg: z.number().nullable(),
}

export const EnergyPeriod = z.object({ from: time, to: time, ...energyFigures })
export type EnergyPeriod = z.infer<typeof EnergyPeriod>

export const EnergyGroup = z.object({
  key: GroupKey,
  ...energyFigures,
  /** The price of electricity was never entered. */
  assumed: z.boolean(),
  /** Empty with resolution `all`. */
  periods: z.array(EnergyPeriod),
})
export type EnergyGroup = z.infer<typeof EnergyGroup>

/** Measured IT energy beside what devices say; parts sum to what was measured. */
export const ItGap = z.object({
  /** Of buckets in which the IT side is complete; everything here is of these buckets. */
  measured_kwh: kwh,
  coverage: ratio,
  /** energy: settled device energy; ledger: power of settled minutes, where there is none. */
  source: z.enum(['energy', 'ledger']).nullable(),
  devices_kwh: kwh.nullable(),
  /** Capacity that devices' energy speaks for. */
  devices_coverage: ratio.nullable(),
  parts: z
    .object({
      devices_kwh: kwh,
      /** Devices on nodes that give no power at all, at the mean of those that do. */
      silent_nodes_kwh: kwh,
      /** Gaps of the others, at the same mean. */
      gaps_kwh: kwh,
      /** The rest: processors, memory, network, fans, power supplies. Below 0 the two contradict each other. */
      host_kwh: kwh,
    })
    .nullable(),
  silent_nodes: z.int().nullable(),
  /** host_kwh / measured_kwh. */
  host_share: z.number().nullable(),
  contradicts: z.boolean(),
})
export type ItGap = z.infer<typeof ItGap>

const Swing = z.object({
  /** Signed change. */
  mw: z.number(),
  from_mw: z.number(),
  to_mw: z.number(),
  /** Begin of the later bucket or minute. */
  at: time,
})

export const SitePower = z.object({
  contracted_mw: z.number().nullable(),
  /** Largest mean of 15 minutes in the window, of buckets whose meters all speak. */
  peak_mw: z.number().nullable(),
  peak_at: time.nullable(),
  /** Peak / contracted, the highest where the contract changed. */
  power_capacity_utilization: z.number().nullable(),
  /** Contracted minus peak, the least. */
  headroom_mw: z.number().nullable(),
  /** Largest change from one 15-minute mean to the next. */
  swing_15m: Swing.nullable(),
  /** Largest change of the site's metered power from one minute to the next; windows of up to 35 days. */
  swing_1m: Swing.nullable(),
})
export type SitePower = z.infer<typeof SitePower>

export const GridFactor = z.object({
  from: time,
  kg_co2e_per_kwh: z.number(),
  source: z.string(),
})

export const EnergyAnswer = FacilityFrame.extend({
  groups: z.array(EnergyGroup),
  /** Location factors of the window's grid, oldest first; empty = nobody entered one. */
  grid_factors: z.array(GridFactor),
  it: ItGap.nullable(),
  power: SitePower,
})
export type EnergyAnswer = z.infer<typeof EnergyAnswer>
