import { z } from 'zod'
import { FieldPlace } from '../filters.ts'
import { namedQuery } from '../named-query.ts'
import { STATE_COLUMNS } from '../state-sums.ts'
import {
  DeviceSumsParams,
  GroupingParams,
  provisionalRow,
  SettledParams,
  SUM_FIELDS,
  sumsRow,
} from './fleet-sums.ts'

const MoreKeys = { k5: FieldPlace, k6: FieldPlace, k7: FieldPlace }

/** What fleet-sums.ts has and the states after it; units are in the names, see 013-ledger-states.sql. */
const SUM_COUNT = SUM_FIELDS.length + STATE_COLUMNS.length

/** As fleetGroupSums, with states. */
export const fleetGroupStates = namedQuery({
  file: new URL('fleet-group-states.sql', import.meta.url),
  params: SettledParams.extend(MoreKeys),
  row: sumsRow(SUM_COUNT),
})

/** As fleetDeviceSums, with states. */
export const fleetDeviceStates = namedQuery({
  file: new URL('fleet-device-states.sql', import.meta.url),
  params: DeviceSumsParams.extend(MoreKeys),
  row: sumsRow(SUM_COUNT),
})

/** As fleetProvisionalSums, with states: quiet held time is productive there until it is settled. */
export const fleetProvisionalStates = namedQuery({
  file: new URL('fleet-provisional-states.sql', import.meta.url),
  params: GroupingParams.extend({ ...MoreKeys, from_ms: z.int(), to_ms: z.int() }),
  row: provisionalRow(SUM_COUNT),
})
