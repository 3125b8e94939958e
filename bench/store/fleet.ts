import type { Store } from '../../ingest/store/store.ts'

/**
 * A fleet as SQL expressions of a device's number `d` (0, 1, …): nodes of 8, racks of 4 nodes, halls of about
 * 3,125 devices, four halls a cluster, two models a hall, three pools, eight tenants of 24 in each hall.
 */
export const FLEET = {
  // Hashed, as real ids are: neighbours in a rack are not neighbours in the table.
  deviceId: (d: string) => `cityHash64(${d}, 7)`,
  cluster: (d: string) => `concat('cluster-', toString(intDiv(${d}, 12500)))`,
  hall: (d: string) => `concat('hall-', toString(intDiv(${d}, 3125)))`,
  rack: (d: string) => `concat('rack-', toString(intDiv(${d}, 32)))`,
  node: (d: string) => `concat('node-', toString(intDiv(${d}, 8)))`,
  pool: (d: string) => `['train', 'serve', 'research'][1 + intDiv(${d}, 160) % 3]`,
  vendor: (d: string) =>
    `['nvidia', 'nvidia', 'huawei', 'nvidia'][1 + intDiv(intDiv(${d}, 3125), 4) % 4]`,
  model: (d: string) =>
    `concat(['H100', 'A100', 'Ascend 910B', 'H20'][1 + intDiv(intDiv(${d}, 3125), 4) % 4], if(intDiv(${d}, 1600) % 2, ' 80G', ' 64G'))`,
  tenant: (d: string) =>
    `concat('tenant-', toString((intDiv(${d}, 3125) * 5 + intDiv(${d}, 32) % 8) % 24))`,
  job: (d: string) => `concat('job-', toString(intDiv(${d}, 64)))`,
  class: (d: string) => `['training', 'serving', 'interactive'][1 + intDiv(${d}, 160) % 3]`,
  /** How much a device is used, 0..1, steady over the day and different from node to node. */
  load: (d: string) => `(0.15 + 0.8 * (cityHash64(intDiv(${d}, 8)) % 1000) / 1000)`,
} as const

export interface FleetSeed {
  readonly devices: number
  /** Capacity and the first description begin here, epoch ms. */
  readonly sinceMs: number
  /** Descriptions a device has, one every eight hours from `sinceMs` on: it changes its job. */
  readonly changes: number
}

/** Descriptions and capacity. */
export async function seedFleet(store: Store, seed: FleetSeed): Promise<void> {
  const { devices, sinceMs, changes } = seed
  const d = 'intDiv(number, {changes:UInt32})'
  await store.command(
    `INSERT INTO devices
      (device_id, at, canonical_key, node, vendor, model, device_index, bus, cluster, hall, rack, pool,
       collector, tenant, job, class, sources, log_position)
     SELECT ${FLEET.deviceId(d)},
       fromUnixTimestamp64Milli({since:Int64} + toInt64(number % {changes:UInt32}) * 28800000, 'UTC'),
       concat('uuid:GPU-', toString(${d})), ${FLEET.node(d)}, ${FLEET.vendor(d)}, ${FLEET.model(d)}, ${d} % 8, '',
       ${FLEET.cluster(d)}, ${FLEET.hall(d)}, ${FLEET.rack(d)}, ${FLEET.pool(d)}, ${FLEET.node(d)},
       ${FLEET.tenant(d)}, concat('job-', toString(intDiv(${d}, 64)), '-', toString(number % {changes:UInt32})),
       ${FLEET.class(d)}, ['dcgm-exporter'], number
     FROM numbers({devices:UInt32} * {changes:UInt32})`,
    { devices, changes, since: sinceMs },
  )
  await store.command(
    `INSERT INTO intervals (kind, device_id, from_at, to_at, reason, detail, version)
     SELECT 'capacity', ${FLEET.deviceId('number')}, fromUnixTimestamp64Milli({since:Int64}, 'UTC'),
       toDateTime64('2100-01-01 00:00:00', 3, 'UTC'), 'inventory', '', 1
     FROM numbers({devices:UInt32})`,
    { devices, since: sinceMs },
  )
}

export interface SampleSeed {
  readonly devices: number
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Of 1,000 samples this many were never delivered. */
  readonly missingPerMille: number
}

/** Ticks that one insert brings, as ingest joins them. */
const TICKS_PER_INSERT = 10

/** Raw samples, in inserts of ten ticks of the whole fleet. */
export async function seedSamples(store: Store, seed: SampleSeed): Promise<number> {
  const { devices, fromMs, toMs, stepMs, missingPerMille } = seed
  const width = TICKS_PER_INSERT * stepMs
  const d = '(number % {devices:UInt32})'
  const wave = `(cityHash64(number, {from:Int64}) % 1000 / 1000)`
  for (let from = fromMs; from < toMs; from += width) {
    const ticks = Math.min(TICKS_PER_INSERT, (toMs - from) / stepMs)
    await store.command(
      `INSERT INTO samples
        (ts, device_id, step_ms, log_position, busy_source, busy_ratio, sm_active_ratio, tensor_active_ratio,
         power_watts, temperature_celsius, sm_clock_hertz, sm_clock_max_hertz, memory_used_bytes, memory_total_bytes,
         energy_joules_total, memory_temperature_celsius, gpu_util_ratio, pcie_tx_bytes_per_second)
       SELECT fromUnixTimestamp64Milli({from:Int64} + toInt64(intDiv(number, {devices:UInt32})) * {step:Int64}, 'UTC'),
         ${FLEET.deviceId(d)}, {step:UInt32}, intDiv({from:Int64}, 1000) * 10000 + intDiv(number, 80), 1,
         round(${FLEET.load(d)} * (0.9 + 0.1 * ${wave}), 2) AS busy, round(busy * 0.7, 3), round(busy * 0.4, 3),
         100 + round(busy * 500 + ${wave} * 20), 40 + round(busy * 30), 1.98e9 - round(busy * 10) * 15e6, 1.98e9,
         (20 + ${d} % 50) * 1073741824., 85899345920.,
         1e9 + {from:Int64} / 1000 * 400 + number, 50 + round(busy * 30), busy, 1e9 * ${wave}
       FROM numbers({devices:UInt32} * {ticks:UInt32})
       WHERE cityHash64(number, 5, {from:Int64}) % 1000 >= {missing:UInt32}
       SETTINGS max_insert_block_size = 1000000, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0`,
      { devices, from, step: stepMs, ticks, missing: missingPerMille },
    )
  }
  return (devices * (toMs - fromMs)) / stepMs
}
