import { readFileSync } from 'node:fs'
import type { Store } from '../../ingest/store/store.ts'

const DAY_MS = 86_400_000
const statement = (name: string) =>
  readFileSync(new URL(`../../ingest/settle/${name}.sql`, import.meta.url), 'utf8')

/** Hours and days by node out of those of the devices (revision 1), by the statements that settling runs. */
export async function seedNodeBuckets(
  store: Store,
  seed: { readonly hoursFromMs: number; readonly daysFromMs: number; readonly toMs: number },
): Promise<void> {
  const hours = { from_ms: seed.hoursFromMs, to_ms: seed.toMs, revision: 1 }
  await store.command(statement('hour-nodes'), hours)
  for (let fromMs = seed.daysFromMs; fromMs < seed.toMs; fromMs += DAY_MS) {
    await store.command(statement('day-nodes'), {
      from_ms: fromMs,
      to_ms: fromMs + DAY_MS,
      revision: 1,
    })
  }
  await store.command(
    `INSERT INTO revisions
     SELECT concat(resolution, '_node'), bucket, revision, as_of, row_count, reason
     FROM revisions
     WHERE resolution IN ('1h', '1d')`,
  )
}
