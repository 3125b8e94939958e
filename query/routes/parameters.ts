import { z } from 'zod'
import { DIMENSIONS } from '../filters.ts'

/** Query parameters that several routes share. Times and filters are read where they are used. */
const text = z.string().max(64)

/** Repeatable: one value arrives as text, several as a list. */
const Repeated = z
  .union([z.string().max(30_000), z.array(z.string().max(30_000)).max(50)])
  .default([])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .describe('field:op:value, repeatable; op is eq, ne, in (comma list) or prefix')

export const WindowParams = {
  from: text.optional().describe('start, RFC 3339 or epoch ms; default 24 h before `to`'),
  to: text.optional().describe('end (exclusive); default the end of what is settled'),
}
export const FilterParam = { filter: Repeated }
export const GroupByParam = {
  group_by: z
    .string()
    .max(256)
    .optional()
    .describe(`comma list of ${DIMENSIONS.join(', ')}`),
}

/** A whole number in a query string. */
export const wholeNumber = (min: number, max: number, fallback: number) =>
  numberText(min, max).default(fallback)

/** The same where leaving it out means something else than any number. */
export const wholeNumberOrNone = (min: number, max: number) => numberText(min, max).optional()

const numberText = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))

export const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .default(false)

export const CursorParam = { cursor: z.string().max(256).optional() }
export const DeviceIdParams = z.strictObject({
  id: z
    .string()
    .refine(
      (id) => /^\d{1,20}$/.test(id) && BigInt(id) < 2n ** 64n,
      'a device id is a 64-bit number',
    ),
})
