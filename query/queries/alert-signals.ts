import { z } from 'zod'
import { bigSum, int64, namedQuery } from '../named-query.ts'

const float = z.coerce.number()
const figure = z.preprocess((value) => value ?? null, float.nullable())
const range = z.strictObject({ from_s: z.int(), to_s: z.int() })
const since = z.strictObject({ since_ms: z.int(), now_ms: z.int() })
const text = z.string()

export const alertGroups = namedQuery({
  file: new URL('alert-groups.sql', import.meta.url),
  params: range,
  row: z.strictObject({
    cluster: text,
    hall: text,
    vendor: text,
    capacity_time_ms: bigSum,
    base_ms: bigSum,
    known_time_ms: bigSum,
    throttled_x1000: bigSum,
    missing_x1000: bigSum,
  }),
})

export const alertPower = namedQuery({
  file: new URL('alert-power.sql', import.meta.url),
  params: range,
  row: z.strictObject({
    cluster: text,
    minute_s: int64,
    watts: float,
    power_coverage: float,
    device_count: float,
  }),
})

export const alertRacks = namedQuery({
  file: new URL('alert-racks.sql', import.meta.url),
  params: range.extend({ margin_below: z.number(), limit: z.int() }),
  row: z.strictObject({
    cluster: text,
    hall: text,
    rack: text,
    vendor: text,
    devices: int64,
    heat_devices: int64,
    brake_devices: int64,
    margin_devices: int64,
    margin_p05: figure,
    throttled_x1000: bigSum,
  }),
})

export const alertNodes = namedQuery({
  file: new URL('alert-nodes.sql', import.meta.url),
  params: since.extend({ limit: z.int() }),
  row: z.strictObject({
    cluster: text,
    hall: text,
    rack: text,
    node: text,
    vendor: text,
    devices: int64,
    lost: int64,
  }),
})

export const alertLevels = namedQuery({
  file: new URL('alert-levels.sql', import.meta.url),
  params: since.extend({ limit: z.int() }),
  row: z.strictObject({
    device: text,
    cluster: text,
    hall: text,
    rack: text,
    node: text,
    vendor: text,
    job: text,
    tenant: text,
    ecc_uncorrected: float,
    ecc_corrected: float,
    link_errors: float,
    network_flaps: float,
    remap_failed: float,
    repair_pending: float,
    links_down: float,
    network_down: float,
    clock_corrected: float,
  }),
})
export type LevelRow = Awaited<ReturnType<typeof alertLevels.run>>[number]

export const alertCovered = namedQuery({
  file: new URL('alert-covered.sql', import.meta.url),
  params: since,
  row: z.strictObject({
    vendor: text,
    devices: int64,
    nodes: int64,
    racks: int64,
    jobs: int64,
    ecc: int64,
    remap: int64,
    link: int64,
    network: int64,
    clock: int64,
    margin: int64,
    power: int64,
  }),
})
export type CoveredRow = Awaited<ReturnType<typeof alertCovered.run>>[number]

export const alertIdle = namedQuery({
  file: new URL('alert-idle.sql', import.meta.url),
  params: z.strictObject({ minute_s: z.int(), limit: z.int() }),
  row: z.strictObject({
    cluster: text,
    tenant: text,
    job: text,
    class: text,
    model: text,
    pool: text,
    vendor: text,
    devices: int64,
  }),
})

export const alertJobs = namedQuery({
  file: new URL('alert-jobs.sql', import.meta.url),
  params: range.extend({
    now_s: z.int(),
    busy_min: z.number(),
    drop_min: z.number(),
    limit: z.int(),
  }),
  row: z.strictObject({
    cluster: text,
    tenant: text,
    job: text,
    vendor: text,
    devices: int64,
    busy_now: float,
    watts_now: float,
    watts_before: float,
    known_before_ms: float,
  }),
})

export const alertMassIdle = namedQuery({
  file: new URL('alert-mass-idle.sql', import.meta.url),
  params: z.strictObject({
    before_from_s: z.int(),
    before_to_s: z.int(),
    now_s: z.int(),
    to_s: z.int(),
    limit: z.int(),
  }),
  row: z.strictObject({ name: text, value: text, went: int64, stayed: int64 }),
})

export const alertPipeline = namedQuery({
  file: new URL('alert-pipeline.sql', import.meta.url),
  params: since,
  row: z.strictObject({
    process: text,
    at_ms: int64,
    lag: figure,
    settled_age: figure,
    disk: figure,
    stream: figure,
  }),
})

export const alertLedgerCheck = namedQuery({
  file: new URL('alert-ledger-check.sql', import.meta.url),
  params: since,
  row: z.strictObject({ broken: z.int(), example: text }),
})

export const alertCollectors = namedQuery({
  file: new URL('alert-collectors.sql', import.meta.url),
  params: z.strictObject({ since_ms: z.int(), limit: z.int() }),
  row: z.strictObject({
    cluster: text,
    collector: text,
    last_node: text,
    heard_ms: int64,
    last_devices: int64,
    every_ms: int64,
    stopping: int64,
    failed: int64,
    spool_ratio: float,
    total: int64,
  }),
})
