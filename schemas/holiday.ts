import { z } from 'zod'

const named = z.strictObject({
  date: z.iso.date(),
  /** For people; empty = it is only known to be one. */
  name: z.string().max(64).default(''),
  /** The name in Chinese; empty = as `name`. */
  name_zh: z.string().max(64).default(''),
})

/** A local day of the site on which people do not work as on other days; a bare date is one without a name. */
export const Holiday = z.union([z.iso.date().transform((date) => named.parse({ date })), named])
export type Holiday = z.infer<typeof Holiday>
