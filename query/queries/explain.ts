import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

type Sum = number
/** The sums of a cell in the order of its statement. */
type CellSums = readonly [Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum, Sum]
const CELL_SUMS = 11
// Checked by hand: a place for each would take longer than the statement, over thousands of cells.
const CellSums = z.custom<CellSums>(
  (sums) => Array.isArray(sums) && sums.length === CELL_SUMS && sums.every(Number.isSafeInteger),
)

/** Device-time by node, holder and busy source. */
export const explainCells = namedQuery({
  file: new URL('explain-cells.sql', import.meta.url),
  params: FilterParams.extend({
    table: z.enum(['ledger_1m', 'ledger_1h', 'ledger_1d']),
    resolution: z.enum(['1m', '1h', '1d']),
    /** Starts of the local days to read; empty for the other tables. */
    days_s: z.array(z.int()),
    /** Only these, by name; empty = all. */
    nodes: z.array(z.string()),
    /** `nobody` = of all devices together. */
    device: z.enum(['device_id', 'nobody']),
    from_s: z.int(),
    to_s: z.int(),
    /** What counts as idle: all that `idle_if` says of known time, or idle_held. */
    idle_ms: z.enum(['known_ms', 'idle_held_ms']),
    busy_idle_ms_x1000: z.enum(['busy_ms_x1000', 'busy_idle_held_ms_x1000']),
    idle_if: z.enum(['quiet', 'always']),
  }),
  row: z
    .strictObject({
      at_cluster: z.string(),
      at_rack: z.string(),
      at_node: z.string(),
      device: z.string(),
      of_tenant: z.string(),
      of_job: z.string(),
      source: z.number(),
      is_unnamed: z.number(),
      sums: CellSums,
    })
    .transform((row) => ({
      cluster: row.at_cluster,
      rack: row.at_rack,
      node: row.at_node,
      device: row.device,
      tenant: row.of_tenant,
      job: row.of_job,
      source: row.source,
      is_unnamed: row.is_unnamed === 1,
      capacity_ms: row.sums[0],
      verification_ms: row.sums[1],
      known_ms: row.sums[2],
      busy_ms_x1000: row.sums[3],
      failed_ms: row.sums[4],
      drained_ms: row.sums[5],
      unallocated_ms: row.sums[6],
      busy_unallocated_ms_x1000: row.sums[7],
      idle_ms: row.sums[8],
      busy_idle_ms_x1000: row.sums[9],
      throttled_ms_x1000: row.sums[10],
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
