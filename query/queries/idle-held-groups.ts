import { z } from 'zod'
import { FieldPlace, FilterParams } from '../filters.ts'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** Fields with `of_` are its own; the keys may name the same ones. */
export const IdleGroupRow = z.strictObject({
  keys: z.array(z.string()),
  of_tenant: z.string(),
  of_class: z.string(),
  of_billing: z.string(),
  of_model: z.string(),
  of_pool: z.string(),
  devices: z.int(),
  /** Cluster and node. */
  nodes: z.array(z.string()),
  since_ms: int64,
  since_latest_ms: int64,
  /** Idle device-milliseconds of the stretches in each piece. */
  pieces_ms: z.array(bigSum),
})
export type IdleGroupRow = z.infer<typeof IdleGroupRow>

/** Idle devices that somebody holds, summed by the fields of a line and by what decides price and payer. */
export const idleHeldGroups = namedQuery({
  file: new URL('idle-held-groups.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    k1: FieldPlace,
    k2: FieldPlace,
    k3: FieldPlace,
    /** How far to look back for the beginning, and the end of what is settled. */
    from_s: z.int(),
    to_s: z.int(),
    /** Pieces of that time between two changes of prices. */
    pieces_from_s: z.array(z.int()),
    pieces_to_s: z.array(z.int()),
  }),
  row: IdleGroupRow,
})
