import { z } from 'zod'
import { bigSum, int64, namedQuery } from '../named-query.ts'

/** What signals were made of in the past, in five-minute slots from `from_s` on. */

const range = z.strictObject({ from_s: z.int(), to_s: z.int() })
const text = z.string()
const slot = z.int()

export const alertHistoryGroups = namedQuery({
  file: new URL('alert-history-groups.sql', import.meta.url),
  params: range,
  row: z.strictObject({
    slot,
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

export const alertHistoryRacks = namedQuery({
  file: new URL('alert-history-racks.sql', import.meta.url),
  params: range.extend({ margin_below: z.number(), limit: z.int() }),
  row: z.strictObject({
    slot,
    cluster: text,
    hall: text,
    rack: text,
    vendor: text,
    devices: int64,
    heat_devices: int64,
    brake_devices: int64,
    margin_p05: z.preprocess((value) => value ?? null, z.coerce.number().nullable()),
  }),
})

export const alertHistoryIdle = namedQuery({
  file: new URL('alert-history-idle.sql', import.meta.url),
  params: range.extend({ limit: z.int() }),
  row: z.strictObject({
    slot,
    cluster: text,
    tenant: text,
    job: text,
    class: text,
    model: text,
    pool: text,
    devices: int64,
  }),
})
