import { z } from 'zod'
import { FilterParams } from '../filters.ts'
import { int64, namedQuery } from '../named-query.ts'

/** Columns a page can be sorted by; text and number columns sort in places of their own. */
export const SORT_TEXT = ['cluster', 'node', 'vendor', 'model'] as const
export const SORT_NUMBER = ['busy_ratio', 'power_watts', 'temperature_celsius'] as const

/** Where a device stands: as the ledger goes by where it counts it, else as its collector says. */
export const DevicesPageRow = z.strictObject({
  id: z.string(),
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  total: int64,
})
export type DevicesPageRow = z.infer<typeof DevicesPageRow>

export const devicesPage = namedQuery({
  file: new URL('devices-page.sql', import.meta.url),
  params: z.strictObject({
    ...FilterParams.shape,
    now_ms: z.int(),
    include_partitions: z.int(),
    /** A node as collectors name it, or empty, and its cluster. */
    at_node: z.string(),
    at_cluster: z.string(),
    /** DeviceLedgerState or `outside`; empty = all. */
    states: z.array(z.string()),
    q: z.string(),
    sort_text: z.enum([...SORT_TEXT, 'none']),
    sort_number: z.enum([...SORT_NUMBER, 'zero']),
    /** Sorted by a number: only then samples are read. */
    by_value: z.int(),
    descending: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  row: DevicesPageRow,
})
