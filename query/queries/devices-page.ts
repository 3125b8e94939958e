import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { epochMsOrNull, int64, namedQuery } from '../named-query.ts'

/** Columns a page can be sorted by; text and number columns sort in places of their own. */
export const SORT_TEXT = ['cluster', 'node', 'vendor', 'model'] as const
export const SORT_NUMBER = ['busy_ratio', 'power_watts', 'temperature_celsius'] as const

export const DevicesPageRow = z.strictObject({
  id: z.string(),
  canonical_key: z.string(),
  vendor: z.string(),
  model: z.string(),
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  node: z.string(),
  device_index: z.int(),
  bus: z.string(),
  /** `0` = not a partition. */
  parent: z.string(),
  partition_id: z.string(),
  partition_profile: z.string(),
  partition_share: z.number().nullable(),
  tenant: z.string(),
  job: z.string(),
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  class: z.string(),
  sources: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  is_accepted: z.int(),
  /** Within three intervals, else null. */
  last_sample_ms: epochMsOrNull,
  step_ms: z.int(),
  busy_source: z.int(),
  total: int64,
})
export type DevicesPageRow = z.infer<typeof DevicesPageRow>

export const devicesPage = namedQuery({
  file: new URL('devices-page.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    now_ms: z.int(),
    include_partitions: z.int(),
    /** Empty = all. */
    ids: z.array(z.string()),
    /** Device id of the parent, or empty. */
    parent: z.string(),
    q: z.string(),
    sort_text: z.enum([...SORT_TEXT, 'none']),
    sort_number: z.enum([...SORT_NUMBER, 'zero']),
    descending: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  row: DevicesPageRow,
})
