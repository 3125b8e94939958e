import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** A field to group by, or `none` for an unused place. */
const Key = z.string().regex(/^[a-z]+$/)

/** A sum's column, or `zero` where nobody asked for it: unread columns cost nothing. */
const column = <Name extends string>(name: Name) => z.enum([name, 'zero'])

export const FigureColumns = z.strictObject({
  active_known: column('active_known_ms'),
  active: column('active_ms_x1000'),
  effective_known: column('effective_known_ms'),
  effective: column('effective_ms_x1000'),
  power_known: column('power_known_ms'),
  power: column('power_mw_ms'),
  memory_known: column('memory_known_ms'),
  memory: column('memory_ms_x1000'),
  temperature_known: column('temperature_known_ms'),
  temperature: z.enum(['temperature_max', 'nothing']),
})
export type FigureColumns = z.infer<typeof FigureColumns>

const GroupingParams = FilterParams.and(
  z.object({
    ...FigureColumns.shape,
    k1: Key,
    k2: Key,
    k3: Key,
    k4: Key,
    t0_s: z.int(),
    /** 0 = one figure over the whole window. */
    step_s: z.int(),
    by_source: z.int(),
  }),
)
const SettledParams = GroupingParams.and(
  z.object({ from_s: z.int(), to_s: z.int(), resolution: z.enum(['1m', '1h', '1d']) }),
)

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
})
export type SumsRow = z.infer<typeof SumsRow>

/** Published minutes by group: for questions whose fields it knows. */
export const fleetGroupSums = namedQuery({
  file: new URL('fleet-group-sums.sql', import.meta.url),
  params: SettledParams,
  row: SumsRow,
})

/** Published minutes, hours or days by device. */
export const fleetDeviceSums = namedQuery({
  file: new URL('fleet-device-sums.sql', import.meta.url),
  params: SettledParams.and(z.object({ table: z.enum(['ledger_1m', 'ledger_1h', 'ledger_1d']) })),
  row: SumsRow,
})

/** Minutes that are not settled yet, out of raw samples. */
export const fleetProvisionalSums = namedQuery({
  file: new URL('fleet-provisional-sums.sql', import.meta.url),
  params: GroupingParams.and(z.object({ from_ms: z.int(), to_ms: z.int() })),
  row: SumsRow.extend({ devices: z.int() }),
})

/** Distinct devices with capacity in a window. */
export const fleetDeviceCount = namedQuery({
  file: new URL('fleet-device-count.sql', import.meta.url),
  params: FilterParams.and(
    z.object({ k1: Key, k2: Key, k3: Key, k4: Key, from_ms: z.int(), to_ms: z.int() }),
  ),
  row: z.object({
    key_1: z.string(),
    key_2: z.string(),
    key_3: z.string(),
    key_4: z.string(),
    devices: z.int(),
  }),
})
