import { z } from 'zod'
import { countMap, epochMsOrNull, int64, namedQuery } from '../named-query.ts'

export const TargetRow = z.strictObject({
  cluster: z.string(),
  collector: z.string(),
  source: z.string(),
  target: z.string(),
  node: z.string(),
  at_ms: int64,
  outcome: z.enum(['ok', 'absent', 'failed']),
  reason: z.string(),
  detail: z.string(),
  since_ms: int64,
  last_ok_ms: epochMsOrNull,
  interval_ms: z.int(),
  duration_ms: z.number(),
  bytes: int64,
  devices: z.int(),
  readings: z.int(),
  rejected: countMap,
  examples: z.string(),
  fields: countMap,
  missing: z.array(z.string()),
  vanished: z.string(),
  tool: z.record(z.string(), z.string()),
  is_stale: z.int(),
  total: int64,
})
export type TargetRow = z.infer<typeof TargetRow>

/** What targets are filtered by; empty = no condition. */
export const TargetFilterParams = z.strictObject({
  clusters: z.array(z.string()),
  collectors: z.array(z.string()),
  sources: z.array(z.string()),
  nodes: z.array(z.string()),
  /** ok, absent, failed, stale. */
  outcomes: z.array(z.string()),
  /** Part of a node or an address. */
  q: z.string(),
})
export type TargetFilterParams = z.infer<typeof TargetFilterParams>

export const collectionTargets = namedQuery({
  file: new URL('collection-targets.sql', import.meta.url),
  params: TargetFilterParams.extend({
    now_ms: z.int(),
    /** 1 = only targets that failed, are stale, or lack or refuse something. */
    troubled: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  row: TargetRow,
})

const GroupPlace = z.enum(['cluster', 'collector', 'source', 'node', 'none'])

export const collectionGroups = namedQuery({
  file: new URL('collection-groups.sql', import.meta.url),
  params: TargetFilterParams.extend({
    now_ms: z.int(),
    k1: GroupPlace,
    k2: GroupPlace,
    limit: z.int(),
  }),
  row: z.strictObject({
    key_1: z.string(),
    key_2: z.string(),
    targets: int64,
    ok: int64,
    absent: int64,
    failed: int64,
    stale: int64,
    devices: int64,
    rejected: int64,
    with_missing: int64,
    with_vanished: int64,
  }),
})

export const collectionTotals = namedQuery({
  file: new URL('collection-totals.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({
    targets: int64,
    ok: int64,
    absent: int64,
    failed: int64,
    stale: int64,
    devices: int64,
    rejected: countMap,
    quarantined_24h: int64,
    inserted_rows: int64,
    newest_sample_ms: epochMsOrNull,
  }),
})
