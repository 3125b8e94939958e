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
  is_stale: z.int(),
})
export type TargetRow = z.infer<typeof TargetRow>

export const collectionTargets = namedQuery({
  file: new URL('collection-targets.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int(), limit: z.int(), offset: z.int() }),
  row: TargetRow,
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
