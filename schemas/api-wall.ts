import { z } from 'zod'

/** What devices of one model and pool have in common. */
export const WallKind = z.strictObject({
  vendor: z.string(),
  model: z.string(),
  pool: z.string(),
  /** Highest power by the model catalogue; a device's own limit wins over it. */
  power_cap_watts: z.number().nullable(),
  /** Of one device hour now; null = a price book was entered and says nothing of them. */
  usd_per_hour: z.number().nullable(),
  /** Nobody entered any price. */
  price_is_assumed: z.boolean(),
})
export type WallKind = z.infer<typeof WallKind>

/** A rack's nodes by column. A node with devices of two kinds stands in it twice. */
export const WallRack = z.strictObject({
  rack: z.string(),
  nodes: z.array(z.string()),
  /** Devices of each node. */
  devices: z.array(z.int()),
  /** Place in `kinds`, of each node. */
  kinds: z.array(z.int()),
  /** Indexes of a node's devices as its driver counts; absent or null = 0, 1, 2 and so on. -1 = not told. */
  slots: z.array(z.array(z.int()).nullable()).optional(),
})
export type WallRack = z.infer<typeof WallRack>

/**
 * Where every device that the ledger counts now has its place. Places of values (`/wall/values`) and ids (`/wall/ids`) are those
 * of the devices in the order of this answer: halls, rows, racks, nodes, slots.
 */
export const WallLayout = z.strictObject({
  definition: z.string(),
  simulated: z.boolean(),
  /** Changes with anything below. */
  stamp: z.int(),
  devices: z.int(),
  /** Beginning of the first settled minute, RFC 3339; null = nothing is settled. */
  settled_from: z.string().nullable(),
  kinds: z.array(WallKind),
  halls: z.array(
    z.strictObject({
      cluster: z.string(),
      hall: z.string(),
      /** A row is what names of racks have in common before their last number; empty where all of a hall have the same. */
      rows: z.array(z.strictObject({ row: z.string(), racks: z.array(WallRack) })),
    }),
  ),
})
export type WallLayout = z.infer<typeof WallLayout>
