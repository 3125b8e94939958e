import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

/** A device as it was described last; empty = not told. */
export const DescriptionRow = z.strictObject({
  id: z.string(),
  canonical_key: z.string(),
  vendor: z.string(),
  model: z.string(),
  node: z.string(),
  device_index: z.int(),
  bus: z.string(),
  /** `0` = not a partition. */
  parent: z.string(),
  partition_id: z.string(),
  partition_profile: z.string(),
  partition_share: z.number().nullable(),
  told_cluster: z.string(),
  told_hall: z.string(),
  told_rack: z.string(),
  told_pool: z.string(),
  tenant: z.string(),
  job: z.string(),
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  class: z.string(),
  sources: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  is_accepted: z.int(),
})
export type DescriptionRow = z.infer<typeof DescriptionRow>

export const deviceDescriptions = namedQuery({
  file: new URL('device-descriptions.sql', import.meta.url),
  params: z.strictObject({ ids: z.array(z.string()), now_ms: z.int() }),
  row: DescriptionRow,
})
