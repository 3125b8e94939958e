import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

export const alertPlans = namedQuery({
  file: new URL('alert-plans.sql', import.meta.url),
  params: FilterParams.extend({ now_ms: z.int(), until_ms: z.int(), limit: z.int() }),
  row: z.strictObject({ reason: z.string(), from_ms: int64, to_ms: int64, devices: int64 }),
})

export const alertPlaceDevices = namedQuery({
  file: new URL('alert-place-devices.sql', import.meta.url),
  params: FilterParams.extend({ now_ms: z.int() }),
  row: z.strictObject({ devices: int64 }),
})
