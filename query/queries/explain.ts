import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

/** Device-time by node, holder and busy source. */
export const explainCells = namedQuery({
  file: new URL('explain-cells.sql', import.meta.url),
  params: FilterParams.extend({
    table: z.enum(['ledger_1m', 'ledger_1h', 'ledger_1d']),
    resolution: z.enum(['1m', '1h', '1d']),
    /** Starts of the local days to read; empty for the other tables. */
    days_s: z.array(z.int()),
    from_s: z.int(),
    to_s: z.int(),
    quiet: z.enum(['quiet', 'no_quiet']),
  }),
  row: z
    .strictObject({
      at_cluster: z.string(),
      at_rack: z.string(),
      node: z.string(),
      of_tenant: z.string(),
      job: z.string(),
      source: z.int(),
      is_unnamed: z.int().transform(Boolean),
      capacity_ms: int64,
      verification_ms: int64,
      known_ms: int64,
      busy_ms_x1000: int64,
      failed_ms: int64,
      drained_ms: int64,
      unallocated_ms: int64,
      busy_unallocated_ms_x1000: int64,
      idle_held_ms: int64,
      busy_idle_held_ms_x1000: int64,
      throttled_ms_x1000: int64,
      quiet_ms: int64,
      busy_quiet_ms_x1000: int64,
    })
    .transform(({ at_cluster, at_rack, of_tenant, ...cell }) => ({
      ...cell,
      cluster: at_cluster,
      rack: at_rack,
      tenant: of_tenant,
    })),
})

/** Busy time of some jobs by minute. */
export const explainMoments = namedQuery({
  file: new URL('explain-moments.sql', import.meta.url),
  params: z.strictObject({ jobs: z.array(z.string()), from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    cluster: z.string(),
    tenant: z.string(),
    job: z.string(),
    bucket_s: z.int(),
    busy_ms_x1000: int64,
  }),
})

/** Busy time by job over a slice. */
export const contingencyJobs = namedQuery({
  file: new URL('contingency-jobs.sql', import.meta.url),
  params: FilterParams.extend({ from_s: z.int(), to_s: z.int() }),
  row: z.strictObject({
    cluster: z.string(),
    tenant: z.string(),
    job: z.string(),
    capacity_ms: int64,
    verification_ms: int64,
    known_ms: int64,
    busy_ms_x1000: int64,
  }),
})
