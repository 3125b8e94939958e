import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Profile } from '../store/migration-text.ts'
import { profileOf } from '../store/profile.ts'
import type { Store } from '../store/store.ts'
import type { BootRuns, DeliveryState } from './delivery.ts'
import { iso, type JsonRow } from './rows.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  newest: statement('newest-batch'),
  keepMinutes: statement('keep-batch-minutes'),
} as const

export interface CompactorDeps {
  readonly store: Pick<Store, 'command' | 'insertJson' | 'query'>
  readonly shard: number
  /** What is known to be stored of the collectors of this shard. */
  readonly delivery: Pick<DeliveryState, 'runsToWrite' | 'written' | 'removed'>
  readonly clock: Clock
  readonly log: Logger
}

export interface BatchCompactor {
  /**
   * Compacts when it is due, else returns at once. Call it while no insert of this shard is under way: what
   * lands meanwhile would be in neither place. Never rejects; what failed is tried again.
   */
  step(): Promise<void>
}

/** How often rows of `batches` become runs, and how long the rows stay, for people and for other processes. */
export const COMPACT_EVERY_MS = 3_600_000
export const BATCHES_KEPT_MS = 2 * 3_600_000
/** After a start, and after a failure. */
const SOON_MS = 300_000
/** Boots of one insert: it is one block, so a boot has either all of its new runs or none. */
const BOOTS_PER_INSERT = 5_000

const Newest = z.object({
  newest_ms: z.coerce.number().int(),
  removals: z.coerce.number().int(),
})

/**
 * Keeps `batches` small: what is stored of each boot is written as runs (`batch_runs`), when minutes got
 * samples as one row per minute (`batch_minutes`), and only then rows older than two hours are removed. Each
 * step may be repeated, and a crash between any two of them leaves every sequence in one place or in both.
 */
export function createBatchCompactor(deps: CompactorDeps): BatchCompactor {
  const { clock, log, shard } = deps
  let dueMs = clock() + SOON_MS
  let isFailing = false
  return {
    async step() {
      if (clock() < dueMs) return
      try {
        await compactBatches(deps)
        dueMs = clock() + COMPACT_EVERY_MS
        isFailing = false
      } catch (error) {
        dueMs = clock() + SOON_MS
        if (!isFailing)
          log.warn('batches cannot be compacted, trying again', { shard, cause: String(error) })
        isFailing = true
      }
    },
  }
}

/** One compaction. Rejects when the store refuses; nothing is lost by that, and nothing by ending it anywhere. */
export async function compactBatches(deps: CompactorDeps): Promise<void> {
  const { store, shard, clock } = deps
  const nowMs = clock()
  const profile = await profileOf(store)
  await writeRuns(deps, nowMs)
  const table = profile.kind === 'single' ? 'batches' : 'batches_local'
  const [row] = await store.query(SQL.newest, { shard, table })
  const { newest_ms, removals } = Newest.parse(row)
  // The newest rows stay however old they are: they tell that the last insert landed.
  const cutoff_ms = Math.min(newest_ms, nowMs) - BATCHES_KEPT_MS
  if (removals > 0 || cutoff_ms <= 0) return
  const token = `batch_minutes:${shard}:${cutoff_ms}:${nowMs}`
  await store.command(SQL.keepMinutes, { shard, cutoff_ms }, { token })
  await store.command(removal(profile), { shard, cutoff_ms })
  deps.delivery.removed(cutoff_ms)
}

async function writeRuns({ store, shard, delivery }: CompactorDeps, nowMs: number): Promise<void> {
  const boots = delivery.runsToWrite()
  for (let first = 0; first < boots.length; first += BOOTS_PER_INSERT) {
    const part = boots.slice(first, first + BOOTS_PER_INSERT)
    const token = `batch_runs:${shard}:${nowMs}:${first}`
    await store.insertJson(
      'batch_runs',
      part.flatMap((boot) => rowsOf(boot, nowMs)),
      token,
    )
    delivery.written(
      part.map(({ sender }) => sender),
      nowMs,
    )
  }
}

function rowsOf({ sender, stored, lost, heardAtMs }: BootRuns, nowMs: number): JsonRow[] {
  const times = { heard_at: iso(heardAtMs ?? nowMs), compacted_at: iso(nowMs) }
  const row = (isLost: number, { from, to }: { readonly from: number; readonly to: number }) => ({
    ...sender,
    lost: isLost,
    first_seq: from,
    last_seq: to,
    ...times,
  })
  return [...stored.map((range) => row(0, range)), ...lost.map((range) => row(1, range))]
}

/**
 * Rows of this shard whose boots were written after the newest of these rows: a boot that belongs to another
 * shard now (their number changed) is left to that one. The engine removes them in its own time.
 */
function removal(profile: Profile): string {
  const target =
    profile.kind === 'single' ? 'batches' : `batches_local ON CLUSTER '${profile.cluster}'`
  return `ALTER TABLE ${target} DELETE
WHERE shard = {shard:UInt16}
  AND inserted_at < fromUnixTimestamp64Milli({cutoff_ms:Int64}, 'UTC')
  AND (collector, boot) IN
  (
    SELECT collector, boot
    FROM batch_runs
    WHERE compacted_at >= fromUnixTimestamp64Milli({cutoff_ms:Int64}, 'UTC')
  )`
}
