import { z } from 'zod'
import { FieldPlace, FilterParams } from '../filters.ts'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** Columns of the sums, or `zero` (`nothing`) where nobody asked: unread columns cost nothing. */
export const FigureColumns = z.strictObject({
  active_known: z.enum(['active_known_ms', 'zero']),
  active: z.enum(['active_ms_x1000', 'zero']),
  effective_known: z.enum(['effective_known_ms', 'zero']),
  effective: z.enum(['effective_ms_x1000', 'zero']),
  power_known: z.enum(['power_known_ms', 'zero']),
  power: z.enum(['power_mw_ms', 'zero']),
  /** Buckets are counted where power is asked for: its mean is over the time of those with capacity. */
  power_bucket: z.enum(['bucket', 'zero']),
  memory_known: z.enum(['memory_known_ms', 'zero']),
  memory: z.enum(['memory_ms_x1000', 'zero']),
  temperature_known: z.enum(['temperature_known_ms', 'zero']),
  temperature: z.enum(['temperature_max', 'nothing']),
})
export type FigureColumns = z.infer<typeof FigureColumns>

/** Utilization needs no more than every question reads. */
export const NO_COLUMNS: FigureColumns = {
  active_known: 'zero',
  active: 'zero',
  effective_known: 'zero',
  effective: 'zero',
  power_known: 'zero',
  power: 'zero',
  power_bucket: 'zero',
  memory_known: 'zero',
  memory: 'zero',
  temperature_known: 'zero',
  temperature: 'nothing',
}

/** What is asked of every table alike. */
export const GroupingParams = z.strictObject({
  ...FilterParams.shape,
  ...FigureColumns.shape,
  k1: FieldPlace,
  k2: FieldPlace,
  k3: FieldPlace,
  k4: FieldPlace,
  t0_s: z.int(),
  /** 0 = one figure over the whole window. */
  step_s: z.int(),
  by_source: z.int(),
})
export const SettledParams = GroupingParams.extend({
  from_s: z.int(),
  to_s: z.int(),
  /** What lies between the two edges that are read; empty when from = to. */
  hole_from_s: z.int(),
  hole_to_s: z.int(),
  resolution: z.enum(['1m', '1h', '1h_node', '1d', '1d_node']),
})

export const DeviceSumsParams = SettledParams.extend({
  table: z.enum(['ledger_1m', 'ledger_1h', 'ledger_1h_node', 'ledger_1d', 'ledger_1d_node']),
  /** Starts of the local days to read; empty for the other tables. */
  days_s: z.array(z.int()),
})

/** One group, step and busy source: sums that are divided once, at the rim. */
export const SumsRow = z.object({
  key_1: z.string(),
  key_2: z.string(),
  key_3: z.string(),
  key_4: z.string(),
  slot: z.int(),
  source: z.int(),
  sum_capacity_ms: bigSum,
  sum_verification_ms: bigSum,
  sum_known_ms: bigSum,
  sum_busy_ms_x1000: bigSum,
  sum_active_known_ms: bigSum,
  sum_active_ms_x1000: bigSum,
  sum_effective_known_ms: bigSum,
  sum_effective_ms_x1000: bigSum,
  sum_power_known_ms: bigSum,
  sum_power_mw_ms: bigSum,
  sum_memory_known_ms: bigSum,
  sum_memory_ms_x1000: bigSum,
  sum_temperature_known_ms: bigSum,
  max_temperature_celsius: z.number().nullable(),
  first_bucket_s: int64,
  last_bucket_s: int64,
  /** How many buckets the group has in this step, of all sources. */
  buckets: int64,
})
export type SumsRow = z.infer<typeof SumsRow>

/** Published minutes by group: for questions whose fields it knows. */
export const fleetGroupSums = namedQuery({
  file: new URL('fleet-group-sums.sql', import.meta.url),
  params: SettledParams,
  row: SumsRow,
})

/** Published minutes, hours or days by device, or hours and days by node. */
export const fleetDeviceSums = namedQuery({
  file: new URL('fleet-device-sums.sql', import.meta.url),
  params: DeviceSumsParams,
  row: SumsRow,
})

/** Minutes that are not settled yet, out of raw samples. */
export const fleetProvisionalSums = namedQuery({
  file: new URL('fleet-provisional-sums.sql', import.meta.url),
  params: GroupingParams.extend({ from_ms: z.int(), to_ms: z.int() }),
  row: SumsRow.extend({ devices: z.int() }),
})

/** Distinct devices with capacity in a window, all together. */
export const capacityDeviceCount = namedQuery({
  file: new URL('capacity-device-count.sql', import.meta.url),
  params: z.strictObject({ from_ms: z.int(), to_ms: z.int() }),
  row: z.strictObject({ devices: z.int() }),
})

export const DeviceCountRow = z.object({
  key_1: z.string(),
  key_2: z.string(),
  key_3: z.string(),
  key_4: z.string(),
  devices: z.int(),
})

/** Distinct devices with capacity in a window, by group. */
export const fleetDeviceCount = namedQuery({
  file: new URL('fleet-device-count.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    k1: FieldPlace,
    k2: FieldPlace,
    k3: FieldPlace,
    k4: FieldPlace,
    from_ms: z.int(),
    to_ms: z.int(),
  }),
  row: DeviceCountRow,
})
