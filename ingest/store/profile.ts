import { z } from 'zod'
import type { Profile } from './migration-text.ts'
import type { Store } from './store.ts'

const Engine = z.object({ engine: z.string() })
const DISTRIBUTED = /^Distributed\('([^']+)'/

/** Where the tables of this database live, as the table of samples says it. */
export async function profileOf(store: Pick<Store, 'query'>): Promise<Profile> {
  const [row] = await store.query(
    `SELECT engine_full AS engine FROM system.tables
     WHERE database = currentDatabase() AND name = 'samples'`,
  )
  const cluster = row === undefined ? undefined : DISTRIBUTED.exec(Engine.parse(row).engine)?.[1]
  return cluster === undefined ? { kind: 'single' } : { kind: 'cluster', cluster }
}
