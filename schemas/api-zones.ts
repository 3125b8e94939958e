import { z } from 'zod'
import { ZONE_SCOPES, ZoneLevels, ZoneSet } from '#schemas/alerts/zone-set.ts'

/** What GET /api/v1/zones answers. Rules as in api.ts. */

const time = z.iso.datetime()

export const ZoneSetAnswer = z.object({
  name: z.string(),
  scope: z.enum(ZONE_SCOPES),
  /** Which hall, cluster…; empty with `fleet`, `*` = each on its own. */
  value: z.string(),
  tier: ZoneSet.shape.tier,
  owner: z.string(),
  /** Lines in force at `at`; null before the first began. */
  in_force: ZoneLevels.nullable(),
  /** All of them, oldest first: a chart of a longer time has steps. */
  levels: z.array(ZoneLevels),
})
export const ZonesAnswer = z.object({
  definition: z.string(),
  simulated: z.boolean(),
  at: time,
  /** Nobody entered a set: the fleet is watched by the default levels. */
  is_default: z.boolean(),
  sets: z.array(ZoneSetAnswer),
})
export type ZonesAnswer = z.infer<typeof ZonesAnswer>
