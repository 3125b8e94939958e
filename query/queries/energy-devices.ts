import { z } from 'zod'
import { FieldPlace, FilterParams } from '../filters.ts'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** How far energy is settled. */
export const energyPublished = namedQuery({
  file: new URL('energy-published.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({ revision_rows: int64, last_bucket_s: int64, settled_buckets: int64 }),
})

/** Sums of one group and step; units are in the names. */
export const EnergySumsRow = z.strictObject({
  key_1: z.string(),
  key_2: z.string(),
  key_3: z.string(),
  key_4: z.string(),
  slot: z.int(),
  sum_capacity_ms: bigSum,
  sum_energy_mj: bigSum,
  sum_counter_mj: bigSum,
  sum_counter_ms: bigSum,
  sum_power_mj: bigSum,
  sum_power_ms: bigSum,
  sum_bridged_mj: bigSum,
  sum_both_counter_mj: bigSum,
  sum_both_power_mj: bigSum,
  sum_resets: int64,
  sum_rejected: int64,
})
export type EnergySumsRow = z.infer<typeof EnergySumsRow>

export const energyDeviceSums = namedQuery({
  file: new URL('energy-devices.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    k1: FieldPlace,
    k2: FieldPlace,
    k3: FieldPlace,
    k4: FieldPlace,
    from_s: z.int(),
    to_s: z.int(),
    t0_s: z.int(),
    /** 0 = one figure over the whole window. */
    step_s: z.int(),
  }),
  row: EnergySumsRow,
})
