import { z } from 'zod'
import { FieldPlace } from '../filters.ts'
import { bigSum, namedQuery } from '../named-query.ts'
import { DeviceSumsParams, GroupingParams, SettledParams, SumsRow } from './fleet-sums.ts'

const MoreKeys = { k5: FieldPlace, k6: FieldPlace, k7: FieldPlace }

/** The nine states of one group, step and source; units are in the names, see 013-ledger-states.sql. */
export const StatesRow = SumsRow.extend({
  key_5: z.string(),
  key_6: z.string(),
  key_7: z.string(),
  sum_failed_ms: bigSum,
  sum_drained_ms: bigSum,
  sum_unknown_ms: bigSum,
  sum_unallocated_ms: bigSum,
  sum_idle_held_ms: bigSum,
  sum_throttled_ms_x1000: bigSum,
  sum_throttled_heat_ms_x1000: bigSum,
  sum_throttled_power_ms_x1000: bigSum,
  sum_inefficient_ms_x1000: bigSum,
  sum_inefficient_lost_ms_x1000: bigSum,
  sum_productive_ms_x1000: bigSum,
  sum_busy_unallocated_ms_x1000: bigSum,
  sum_busy_idle_held_ms_x1000: bigSum,
  sum_busy_throttled_ms_x1000: bigSum,
  sum_busy_inefficient_ms_x1000: bigSum,
  sum_allocated_known_ms: bigSum,
  sum_allocated_ms: bigSum,
  sum_reserve_ms: bigSum,
  sum_power_unallocated_mw_ms: bigSum,
  sum_power_idle_held_mw_ms: bigSum,
})
export type StatesRow = z.infer<typeof StatesRow>

/** As fleetGroupSums, with states. */
export const fleetGroupStates = namedQuery({
  file: new URL('fleet-group-states.sql', import.meta.url),
  params: SettledParams.extend(MoreKeys),
  row: StatesRow,
})

/** As fleetDeviceSums, with states. */
export const fleetDeviceStates = namedQuery({
  file: new URL('fleet-device-states.sql', import.meta.url),
  params: DeviceSumsParams.extend(MoreKeys),
  row: StatesRow,
})

/** As fleetProvisionalSums, with states: quiet held time is productive there until it is settled. */
export const fleetProvisionalStates = namedQuery({
  file: new URL('fleet-provisional-states.sql', import.meta.url),
  params: GroupingParams.extend({ ...MoreKeys, from_ms: z.int(), to_ms: z.int() }),
  row: StatesRow.extend({ devices: z.int() }),
})
