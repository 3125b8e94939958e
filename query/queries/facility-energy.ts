import { z } from 'zod'
import { bigSum, int64, namedQuery } from '../named-query.ts'

const Range = { from_s: z.int(), to_s: z.int() }
const Seconds = z.array(z.int())
/** Ranges, periods and pieces of a question; `starts` and `pieces` rise and begin at `from_s`. */
const Pieces = {
  ...Range,
  starts: Seconds,
  pieces: Seconds,
  zone: z.string(),
  slot_minutes: z.int().min(15).max(1440),
}
const Place = { period_s: int64, piece_s: int64, slot: z.int() }

export const facilityScopes = namedQuery({
  file: new URL('facility-scopes.sql', import.meta.url),
  params: z.strictObject({}),
  row: z.strictObject({ scope: z.string(), last_s: int64 }),
})

export const facilityPue = namedQuery({
  file: new URL('facility-pue.sql', import.meta.url),
  params: z.strictObject({ ...Range, scope: z.string(), starts: Seconds }),
  row: z.object({
    period_s: int64,
    buckets: int64,
    last_s: int64,
    counted: int64,
    total_incomplete: int64,
    it_incomplete: int64,
    faulty_buckets: int64,
    counted_total_mj: bigSum,
    counted_it_mj: bigSum,
    counted_cooling_mj: bigSum,
    counted_distribution_mj: bigSum,
    counted_other_mj: bigSum,
    counted_estimated_ms: bigSum,
    counted_known_ms: bigSum,
    total_only: int64,
    total_only_mj: bigSum,
    it_only: int64,
    it_only_mj: bigSum,
    total_known_ppm: int64,
    it_known_ppm: int64,
    categories: z.array(z.int()),
    faulty_meters: z.array(z.string()),
    faulty_counts: z.array(int64),
  }),
})
export type PueRow = Awaited<ReturnType<typeof facilityPue.run>>[number]

export const facilityComparable = namedQuery({
  file: new URL('facility-comparable.sql', import.meta.url),
  params: z.strictObject({
    ...Range,
    scope: z.string(),
    it_mj_min: z.int().min(0),
    it_mj_max: z.int().min(0),
  }),
  row: z.strictObject({ bucket_s: int64, total_mj: bigSum, it_mj: bigSum }),
})

export const facilityWeather = namedQuery({
  file: new URL('facility-weather.sql', import.meta.url),
  params: z.strictObject({ meter: z.string(), from_ms: z.int(), to_ms: z.int() }),
  row: z.strictObject({ bucket_s: int64, celsius: z.number() }),
})

/** `scope_prefix`: `site`, or `hall:` for every hall. */
export const facilityEnergy = namedQuery({
  file: new URL('facility-energy.sql', import.meta.url),
  params: z.strictObject({ ...Pieces, scope_prefix: z.enum(['site', 'hall:']) }),
  row: z.strictObject({
    scope_name: z.string(),
    ...Place,
    buckets: int64,
    sum_total_mj: bigSum,
    sum_it_mj: bigSum,
    sum_cooling_mj: bigSum,
    sum_distribution_mj: bigSum,
    sum_other_mj: bigSum,
    sum_total_known_ms: bigSum,
    sum_total_expected_ms: bigSum,
    sum_it_known_ms: bigSum,
    sum_it_expected_ms: bigSum,
    sum_estimated_ms: bigSum,
  }),
})

export const facilityMeters = namedQuery({
  file: new URL('facility-meters.sql', import.meta.url),
  params: z.strictObject({ ...Pieces, meters: z.array(z.string()) }),
  row: z.strictObject({
    meter_name: z.string(),
    ...Place,
    sum_energy_mj: bigSum,
    sum_known_ms: bigSum,
    sum_estimated_ms: bigSum,
  }),
})

export const facilityPeaks = namedQuery({
  file: new URL('facility-peaks.sql', import.meta.url),
  params: z.strictObject({ ...Range, pieces: Seconds }),
  row: z.strictObject({ piece_s: int64, peak_mj: int64, peak_s: int64 }),
})

export const facilitySwing = namedQuery({
  file: new URL('facility-swing.sql', import.meta.url),
  params: z.strictObject(Range),
  row: z.strictObject({ at_s: int64, from_mj: int64, to_mj: int64 }),
})

export const facilityPowerSwing = namedQuery({
  file: new URL('facility-power-swing.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), to_ms: z.int(), meters: z.array(z.string()) }),
  row: z.strictObject({ at_s: int64, from_watts: z.number(), to_watts: z.number() }),
})

export const facilityIt = namedQuery({
  file: new URL('facility-it.sql', import.meta.url),
  params: z.strictObject({ ...Range, beside: z.enum(['devices', 'nothing']) }),
  row: z.strictObject({ counted: int64, sum_it_mj: bigSum }),
})

export const facilityDeviceEnergy = namedQuery({
  file: new URL('facility-device-energy.sql', import.meta.url),
  params: z.strictObject(Range),
  row: z.strictObject({
    silent_nodes: int64,
    energy_mj: bigSum,
    spoken_ms: bigSum,
    capacity_ms: bigSum,
    silent_ms: bigSum,
  }),
})

export const facilityLedgerEnergy = namedQuery({
  file: new URL('facility-ledger-energy.sql', import.meta.url),
  params: z.strictObject(Range),
  row: z.strictObject({ power_mw_ms: bigSum, spoken_ms: bigSum, capacity_ms: bigSum }),
})
