import type { Clock } from '#schemas/role.ts'
import { facilityRows } from '../../ingest/journal/facility.ts'
import type { Store } from '../../ingest/store/store.ts'
import { storeTime } from '../store-time.ts'
import type { SimSite } from './site.ts'
import { siteBook } from './tree.ts'

/** Any entry of the journal is newer. */
const FIRST_VERSION = 0

/**
 * Stores the tree as the journal's mirror would: settling then knows it before its first bucket. The mirror finds the same
 * rows when it reads the entry, and leaves them alone.
 */
export async function writeTree(
  store: Pick<Store, 'insertJson'>,
  site: SimSite,
  { fromMs, clock }: { readonly fromMs: number; readonly clock: Clock },
): Promise<void> {
  const rows = facilityRows(siteBook(site, fromMs), FIRST_VERSION).map(
    ({ fromMs: beginMs, ...row }) => ({
      ...row,
      from_at: storeTime(beginMs),
      inserted_at: storeTime(clock()),
    }),
  )
  await store.insertJson('facility_rows', rows, 'demo-tree')
}
