import type { Store } from '../../ingest/store/store.ts'
import { FLAG_BUSY_IS_COUNTER } from '../../ingest/store/whole-numbers.ts'

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
        (ts, device_id, step_ms, log_position, busy_source, flags, gr_engine_active_ratio_ppm, sm_active_ratio_ppm,
         tensor_active_ratio_ppm, power_milliwatts, temperature_celsius, sm_clock_hertz, sm_clock_max_hertz,
         memory_used_bytes, memory_total_bytes, energy_millijoules_total, memory_temperature_celsius, gpu_util_ratio,
         pcie_tx_bytes_per_second)
       SELECT fromUnixTimestamp64Milli({from:Int64} + toInt64(intDiv(number, {devices:UInt32})) * {step:Int64}, 'UTC'),
         ${FLEET.deviceId(d)}, {step:UInt32}, intDiv({from:Int64}, 1000) * 10000 + intDiv(number, 80), 1,
         ${FLAG_BUSY_IS_COUNTER}, round(1e6 * (round(${FLEET.load(d)} * (0.9 + 0.1 * ${wave}), 2) AS busy)),
         1000 * round(busy * 700), 1000 * round(busy * 400),
         1000 * (100 + round(busy * 500 + ${wave} * 20)), 40 + round(busy * 30), 1.98e9 - round(busy * 10) * 15e6, 1.98e9,
         (20 + ${d} % 50) * 1073741824., 85899345920.,
         1e12 + {from:Int64} * 400 + number * 1000, 50 + round(busy * 30), busy, 1e9 * ${wave}
       FROM numbers({devices:UInt32} * {ticks:UInt32})
       WHERE cityHash64(number, 5, {from:Int64}) % 1000 >= {missing:UInt32}
       SETTINGS max_insert_block_size = 1000000, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0`,
      { devices, from, step: stepMs, ticks, missing: missingPerMille },
    )
  }
  return (devices * (toMs - fromMs)) / stepMs
}

/** Sums of a bucket as the ledger keeps them, of `n` devices over `ms` each, as SQL; `load` is their mean use. */
const ledgerSums = (n: string, ms: string, load: string, noise: string) => {
  const time = `toUInt64(${n} * ${ms})`
  // A hundredth of a percent is unknown here and there, so that coverage is not one everywhere.
  const known = `toUInt64(${time} - ${time} * (${noise} % 100) / 10000)`
  const busy = `least(1, ${load} * (0.9 + (${noise} % 200) / 1000))`
  return `${time}, 0, ${known}, toUInt64(${known} * ${busy} * 1000), ${known}, toUInt64(${known} * ${busy} * 700),
    ${known}, toUInt64(${known} * ${busy} * 400), ${known}, toUInt64(${known} * (100000 + ${busy} * 500000)),
    ${known}, toUInt64(${known} * 600), ${known}, toInt64(${known} * 60000), toFloat32(50 + ${noise} % 30), NULL`
}
const SUM_COLUMNS = `capacity_ms, verification_ms, known_ms, busy_ms_x1000, active_known_ms, active_ms_x1000,
  effective_known_ms, effective_ms_x1000, power_known_ms, power_mw_ms, memory_known_ms, memory_ms_x1000,
  temperature_known_ms, temperature_mc_ms, temperature_max, margin_min`

export interface LedgerSeed {
  readonly devices: number
  /** First bucket, epoch ms. */
  readonly fromMs: number
  readonly buckets: number
}

/** Minutes of groups, as minute-groups.sql makes them of the fleet; of every tenth minute a revision that was replaced. */
export async function seedGroupMinutes(store: Store, seed: LedgerSeed): Promise<void> {
  const noise = 'cityHash64(n, load, minute)'
  const d = 'number'
  await store.command(
    `INSERT INTO ledger_1m_group (bucket, revision, cluster, hall, pool, vendor, model, tenant, class, busy_source, devices, ${SUM_COLUMNS})
     SELECT toDateTime({from:UInt32} + 60 * minute, 'UTC'), revision, cluster, hall, pool, vendor, model, tenant, class, 1, n,
       ${ledgerSums('n', '60000', 'load', noise)}
     FROM
     (
       SELECT ${FLEET.cluster(d)} AS cluster, ${FLEET.hall(d)} AS hall, ${FLEET.pool(d)} AS pool, ${FLEET.vendor(d)} AS vendor,
         ${FLEET.model(d)} AS model, ${FLEET.tenant(d)} AS tenant, ${FLEET.class(d)} AS class, count() AS n, avg(${FLEET.load(d)}) AS load
       FROM numbers({devices:UInt32})
       GROUP BY cluster, hall, pool, vendor, model, tenant, class
     ) AS g
     CROSS JOIN (SELECT number AS minute, arrayJoin(if(number % 10 = 0, [1, 2], [1])) AS revision FROM numbers({buckets:UInt32})) AS m
     ORDER BY minute`,
    { ...seconds(seed) },
  )
  await store.command(
    `INSERT INTO revisions
     SELECT '1m', toDateTime({from:UInt32} + 60 * number, 'UTC'), arrayJoin(if(number % 10 = 0, [1, 2], [1])), now64(3), {devices:UInt32}, ''
     FROM numbers({buckets:UInt32})`,
    seconds(seed),
  )
}

/** Minutes, hours or days of every device; days are those of a zone without changes of clocks. */
export async function seedDeviceBuckets(
  store: Store,
  table: 'ledger_1m' | 'ledger_1h' | 'ledger_1d',
  seed: LedgerSeed,
): Promise<void> {
  const width = { ledger_1m: 60, ledger_1h: 3_600, ledger_1d: 86_400 }[table]
  const d = '(number % {devices:UInt32})'
  const perInsert = Math.max(1, Math.floor(1_000_000 / seed.devices))
  for (let at = 0; at < seed.buckets; at += perInsert) {
    const count = Math.min(perInsert, seed.buckets - at)
    const bucket = `toDateTime({from:UInt32} + ${width} * ({at:UInt32} + intDiv(number, {devices:UInt32})), 'UTC')`
    const [date, extra] = [table === 'ledger_1d', table === 'ledger_1h']
    await store.command(
      `INSERT INTO ${table} (bucket, ${date ? 'local_date,' : ''} device_id, revision, cluster, hall, rack, pool, node, vendor, model,
         tenant, job, class, busy_source, ${SUM_COLUMNS}${extra ? ', busy_histogram_ms' : ''})
       SELECT ${bucket}, ${date ? `toDate(${bucket} + 43200),` : ''} ${FLEET.deviceId(d)}, 1, ${FLEET.cluster(d)}, ${FLEET.hall(d)},
         ${FLEET.rack(d)}, ${FLEET.pool(d)}, ${FLEET.node(d)}, ${FLEET.vendor(d)}, ${FLEET.model(d)}, ${FLEET.tenant(d)}, ${FLEET.job(d)},
         ${FLEET.class(d)}, 1, ${ledgerSums('1', String(width * 1000), FLEET.load(d), `cityHash64(number, {at:UInt32})`)}
         ${extra ? ', arrayMap(bin -> toUInt32(if(bin = 10, 3600000, 0)), range(20))' : ''}
       FROM numbers({devices:UInt32} * {count:UInt32})
       SETTINGS max_insert_block_size = 1000000, min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0`,
      { devices: seed.devices, from: seed.fromMs / 1000, at, count },
    )
  }
  const resolution = table.slice('ledger_'.length)
  if (resolution === '1m') return
  await store.command(
    `INSERT INTO revisions
     SELECT {resolution:String}, toDateTime({from:UInt32} + {width:UInt32} * number, 'UTC'), 1, now64(3), {devices:UInt32}, ''
     FROM numbers({buckets:UInt32})`,
    { ...seconds(seed), resolution, width },
  )
}

const seconds = ({ devices, fromMs, buckets }: LedgerSeed) => ({
  devices,
  buckets,
  from: fromMs / 1000,
})
