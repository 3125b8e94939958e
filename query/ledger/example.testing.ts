import type { Store } from '../../ingest/store/store.ts'
import {
  publish,
  seedDevices,
  seedGroups,
  seedInventory,
  type SeedMinute,
} from '../seed.testing.ts'
import { MINUTE_MS } from '../window.ts'

/** The hour of twenty devices that docs/numbers.md works out by hand. */
export const EXAMPLE_FROM_MS = Date.UTC(2026, 4, 4, 8)
const MINUTES = Array.from({ length: 60 }, (_, at) => EXAMPLE_FROM_MS + at * MINUTE_MS)

type Minute = Omit<SeedMinute, 'bucketMs' | 'deviceId'>
const HELD = { allocation_source: 'slurm', tenant: 'stars', class: 'training', billing: 'paid' }
const LABS = { ...HELD, tenant: 'labs', billing: 'internal' }
const FREE = { allocation_source: 'slurm' }
const known = { allocated_known_ms: 60_000 }
const held = { ...known, allocated_ms: 60_000 }

const FAILED: Minute = { busy: 0, dims: FREE, states: { ...known, failed_ms: 60_000 } }
const DRAINED: Minute = { busy: 0, dims: FREE, states: { ...known, drained_ms: 60_000 } }
const VERIFIED: Minute = { knownMs: 0, verificationMs: 60_000, dims: FREE, states: {} }
const UNKNOWN: Minute = { knownMs: 0, dims: HELD, states: { ...held, unknown_ms: 60_000 } }
const UNALLOCATED: Minute = {
  busy: 0,
  watts: 100,
  dims: FREE,
  states: { ...known, unallocated_ms: 60_000, power_unallocated_mw_ms: 100_000 * 60_000 },
}
const IDLE: Minute = {
  busy: 0.01,
  watts: 120,
  dims: HELD,
  states: {
    ...held,
    idle_held_ms: 60_000,
    busy_idle_held_ms_x1000: 600_000,
    power_idle_held_mw_ms: 120_000 * 60_000,
  },
}
/** A quarter of each second lost to heat. */
const THROTTLED: Minute = {
  busy: 0.8,
  dims: LABS,
  states: {
    ...held,
    throttled_ms_x1000: 15_000_000,
    throttled_heat_ms_x1000: 15_000_000,
    productive_ms_x1000: 45_000_000,
    busy_throttled_ms_x1000: 12_000_000,
  },
}
const PRODUCTIVE: Minute = {
  busy: 0.9,
  dims: HELD,
  states: { ...held, productive_ms_x1000: 60_000_000 },
}

const DEVICES: readonly Minute[] = [
  FAILED,
  DRAINED,
  VERIFIED,
  UNKNOWN,
  ...Array.from({ length: 3 }, () => UNALLOCATED),
  ...Array.from({ length: 2 }, () => IDLE),
  THROTTLED,
  ...Array.from({ length: 10 }, () => PRODUCTIVE),
]

/** What the devices are besides. */
export interface ExampleFleet {
  readonly model?: string
  readonly pool?: string
  readonly cluster?: string
  /** Added to the ids of the devices. */
  readonly firstId?: number
}

/** Seeds the hour in minutes of devices and of groups, and publishes it. */
export async function seedExample(store: Store, fleet: ExampleFleet = {}): Promise<void> {
  const { model = 'NVIDIA H100 80GB HBM3', pool = 'main', cluster = 'east', firstId = 1 } = fleet
  const place = { model, pool, cluster }
  const minutes = DEVICES.flatMap((minute, at) =>
    MINUTES.map((bucketMs) => ({
      ...minute,
      bucketMs,
      deviceId: firstId + at,
      dims: { ...place, node: `${cluster}-n${Math.floor(at / 8)}`, ...minute.dims },
    })),
  )
  await seedDevices(store, minutes)
  await seedGroups(
    store,
    minutes.map((minute) => ({ ...minute, devices: 1 })),
  )
  await seedInventory(
    store,
    DEVICES.map((_, at) => ({
      id: firstId + at,
      sinceMs: EXAMPLE_FROM_MS - MINUTE_MS,
      dims: { ...place, node: `${cluster}-n${Math.floor(at / 8)}` },
    })),
  )
  await publish(store, MINUTES)
}
