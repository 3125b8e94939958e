import { z } from 'zod'

/** What /api/v1/inventory answers: what stands there, what it runs, and what goes wrong with which version. */

const count = z.int().min(0)
const name = z.string().max(256)

/** Rows of one table of an answer at most. */
export const INVENTORY_ROWS_MAX = 2_000

/** GET /api/v1/inventory */
export const InventoryQuery = z.strictObject({
  /** Whole days that faults are counted over. */
  days: z.coerce.number().int().min(1).max(366).default(30),
})
export type InventoryQuery = z.infer<typeof InventoryQuery>

/** Devices of a model in one hall and pool. */
export const CapacityRow = z.strictObject({
  vendor: name,
  model: name,
  hall: name,
  pool: name,
  accepted: count,
  /** Delivered and not accepted. */
  waiting: count,
  retired: count,
  /** Seen and taken into capacity by nobody yet. */
  pending: count,
  /** Accepted by the inventory, and no collector ever saw it. */
  never_seen: count,
  /** Seen, and the inventory does not know it. */
  unlisted: count,
  /** Nodes of those, as a hostlist; the longest are cut. */
  never_seen_nodes: z.string().max(600),
  unlisted_nodes: z.string().max(600),
})
export type CapacityRow = z.infer<typeof CapacityRow>

/** Findings of critical and fatal severity per 1,000 device-days that are known. */
export const FaultRate = z.strictObject({
  faults: count,
  faulty_devices: count,
  device_days: z.number().min(0),
  /** Null = no device-day is known. */
  per_thousand: z.number().min(0).nullable(),
  /** 95 % bounds (exact Poisson): so few faults say little. */
  low: z.number().min(0).nullable(),
  high: z.number().min(0).nullable(),
})
export type FaultRate = z.infer<typeof FaultRate>

export const VersionItem = z.strictObject({
  value: name,
  devices: count,
  /** Most devices of the model run it. */
  is_majority: z.boolean(),
  /** Nodes of it, as a hostlist; empty for the majority. */
  nodes: z.string().max(600),
  rate: FaultRate,
  /** Its lower bound is above the rate of the whole model: worse than chance. */
  is_worse: z.boolean(),
})
export type VersionItem = z.infer<typeof VersionItem>

/** What devices of one model run. */
export const ModelInventory = z.strictObject({
  vendor: name,
  model: name,
  devices: count,
  rate: FaultRate,
  versions: z
    .array(
      z.strictObject({
        /** driver_version, firmware_version… */
        name: z.string().max(64),
        /** Devices that say it. */
        told: count,
        /** Devices that run another than most. */
        drifted: count,
        values: z.array(VersionItem).max(INVENTORY_ROWS_MAX),
      }),
    )
    .max(32),
})
export type ModelInventory = z.infer<typeof ModelInventory>

export const InventoryAnswer = z.strictObject({
  definition: z.string().max(64),
  at: z.iso.datetime(),
  /** Faults are of these published days, [from, to); null = none is published yet. */
  from: z.iso.datetime().nullable(),
  to: z.iso.datetime().nullable(),
  /** Days asked for and days that were published. */
  days_asked: count,
  days: count,
  /** Whether anybody entered an inventory: without one nothing can be unlisted. */
  has_inventory: z.boolean(),
  capacity: z.array(CapacityRow).max(INVENTORY_ROWS_MAX),
  models: z.array(ModelInventory).max(INVENTORY_ROWS_MAX),
  simulated: z.boolean(),
})
export type InventoryAnswer = z.infer<typeof InventoryAnswer>
