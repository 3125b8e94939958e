import { z } from 'zod'

/** The dimensions a zone set can be about; DEFINITIONS section 9. */
export const ZONE_SCOPES = ['fleet', 'hall', 'cluster', 'model', 'pool', 'class', 'tenant'] as const

const ratio = z.number().min(0).max(1)

export const ZoneLevels = z.strictObject({
  from_ms: z.int().min(0).max(8.64e15),
  ticket: ratio,
  watch: ratio,
  warn: ratio,
  danger: ratio,
})
export type ZoneLevels = z.infer<typeof ZoneLevels>

/** Where a scope's utilization is watched, and from when with which lines. */
export const ZoneSet = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
  scope: z.enum(ZONE_SCOPES),
  /** Which hall, cluster…; empty with `fleet`, and `*` = each of them on its own. */
  value: z.string().max(128).default(''),
  tier: z.enum(['allocated', 'busy', 'active', 'effective']).default('busy'),
  /** Dated, oldest first: a new site ramps up. */
  levels: z.array(ZoneLevels).min(1).max(64),
  owner: z.string().max(256).default(''),
  /** Devices x minutes under a line before it may page: 64 idle devices wake nobody. */
  min_device_minutes: z.int().min(0).default(7_500),
  /** Local minutes of the day [from, to) in which it pages; outside it warns. Absent = always. */
  schedule: z
    .strictObject({
      from_minute: z.int().min(0).max(1440),
      to_minute: z.int().min(0).max(1440),
      days: z.array(z.int().min(1).max(7)).max(7).default([1, 2, 3, 4, 5, 6, 7]),
    })
    .optional(),
})
export type ZoneSet = z.infer<typeof ZoneSet>

/** One closed five-minute slice of a scope, whole device-milliseconds. */
export interface ZoneSlice {
  /** Start, epoch ms, aligned to the hour. */
  readonly fromMs: number
  /** Capacity less verification: the base that coverage is of. */
  readonly baseMs: bigint
  readonly knownMs: bigint
  /** Device-ms x 1000 of the set's tier, busy unless it says otherwise. */
  readonly busyX1000: bigint
  /** Device-ms of base whose busy source is another than in the slice before. */
  readonly sourceChangedMs: bigint
}
