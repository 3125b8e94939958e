import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

/** Devices of a model in one place, and how they stand with capacity. */
export const inventoryCapacity = namedQuery({
  file: new URL('inventory-capacity.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int(), nodes_max: z.int(), limit: z.int() }),
  row: z.strictObject({
    vendor: z.string(),
    model: z.string(),
    hall: z.string(),
    pool: z.string(),
    accepted: z.int(),
    waiting: z.int(),
    retired: z.int(),
    pending: z.int(),
    never_seen: z.int(),
    unlisted: z.int(),
    listed: z.int(),
    never_seen_nodes: z.array(z.string()),
    unlisted_nodes: z.array(z.string()),
  }),
})

export const VersionRow = z.strictObject({
  vendor: z.string(),
  model: z.string(),
  /** Name of a fact; empty = the whole model. */
  name: z.string(),
  value: z.string(),
  devices: z.int(),
  nodes: z.array(z.string()),
  device_days: z.number(),
  faults: z.int(),
  faulty_devices: z.int(),
})
export type VersionRow = z.infer<typeof VersionRow>

/** What devices run, and what went wrong with it. */
export const inventoryVersions = namedQuery({
  file: new URL('inventory-versions.sql', import.meta.url),
  params: z.strictObject({
    now_ms: z.int(),
    from_s: z.int(),
    to_s: z.int(),
    nodes_max: z.int(),
    limit: z.int(),
  }),
  row: VersionRow,
})

export const inventoryDays = namedQuery({
  file: new URL('inventory-days.sql', import.meta.url),
  params: z.strictObject({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({ days: z.int(), first_s: z.int(), last_s: z.int() }),
})
