import { z } from 'zod'
import { FieldPlace, FilterParams } from '../filters.ts'
import { namedQuery } from '../named-query.ts'
import { deviceCountRow } from './fleet-sums.ts'

/** A window and its parts by table; ranges that are not used are empty. */
export const PlannedRanges = z.strictObject({
  from_s: z.int(),
  to_s: z.int(),
  m1_from_s: z.int(),
  m1_to_s: z.int(),
  m2_from_s: z.int(),
  m2_to_s: z.int(),
  m3_from_s: z.int(),
  m3_to_s: z.int(),
  m4_from_s: z.int(),
  m4_to_s: z.int(),
  h1_from_s: z.int(),
  h1_to_s: z.int(),
  h2_from_s: z.int(),
  h2_to_s: z.int(),
  days_s: z.array(z.int()),
})

/** Distinct devices by group where the question is about holders. */
export const ledgerDeviceCount = namedQuery({
  file: new URL('ledger-device-count.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    k1: FieldPlace,
    k2: FieldPlace,
    k3: FieldPlace,
    k4: FieldPlace,
    ...PlannedRanges.shape,
  }),
  row: deviceCountRow,
})
