import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import type { StoreOptions } from '../store/client.ts'
import { migrate } from '../store/migrate.ts'
import { connectStore, type Store } from '../store/store.ts'

const NAME = /^[a-z][a-z0-9_]{0,31}$/

/** Database of a data set: beside the site's own, so that no question mixes the two. Throws E_HISTORY_INVALID. */
export function datasetDatabase(database: string, name: string): string {
  if (NAME.test(name)) return `${database}_${name}`
  throw new PlimsollError(
    'E_HISTORY_INVALID',
    `${JSON.stringify(name)} is no name of a data set: small letters, digits and _, a letter first, at most 32`,
  )
}

/**
 * Opens a data set, made by the same migrations as a site's database but kept for ever. The caller closes it.
 * Throws E_HISTORY_INVALID for a name, and what migrate throws.
 */
export async function openDataset(
  site: StoreOptions,
  { name, log }: { readonly name: string; readonly log: Logger },
): Promise<{ readonly store: Store; readonly connection: StoreOptions }> {
  const database = datasetDatabase(site.database ?? 'default', name)
  const connection = { ...site, database }
  await migrate({ connection, profile: { kind: 'single' }, log })
  const store = connectStore(connection)
  try {
    await keepForEver(store)
  } catch (error) {
    await store.close()
    throw error
  }
  return { store, connection }
}

const AGING = `SELECT name FROM system.tables
  WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND create_table_query LIKE '% TTL %'`
const Names = z.array(z.object({ name: z.string().regex(/^[a-z0-9_]+$/) }))

async function keepForEver(store: Store): Promise<void> {
  for (const { name } of Names.parse(await store.query(AGING)))
    await store.command(`ALTER TABLE ${name} REMOVE TTL`)
}
