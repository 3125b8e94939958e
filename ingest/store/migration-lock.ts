import { setTimeout as sleep } from 'node:timers/promises'
import { ClickHouseError } from '@clickhouse/client'
import { z } from 'zod'
import type { Logger } from '#schemas/role.ts'
import { migrationStatements, type Profile } from './migration-text.ts'
import type { Store } from './store.ts'

/** How often a program that migrates says that it lives. */
const RENEW_MS = 5_000
/** A lock that was not renewed for so long belongs to a program that is gone. */
const STALE_MS = 30_000
const LOOK_MS = 500

export interface LockTiming {
  readonly renewMs: number
  readonly staleMs: number
}

/** Making a table is the one thing that a ClickHouse server lets only one of two programs do. */
const TAKE = `CREATE TABLE schema_migrating {{on_cluster}} (holder String) ENGINE = Memory`
const RENEW = `ALTER TABLE schema_migrating {{on_cluster}} MODIFY COMMENT 'held'`
const GIVE_BACK = `DROP TABLE IF EXISTS schema_migrating {{on_cluster}}`
/** TABLE_ALREADY_EXISTS. */
const TAKEN_CODE = '57'

const AgeRow = z.object({ age_ms: z.number() })

/**
 * Runs `work` while no other program migrates this database. Two at once would harm it: the slower one drops or alters
 * what the faster one made and others already write to. Waits for as long as the other one lives; a lock whose holder
 * is gone is taken after `staleMs`. Throws what `work` throws, and the store's errors.
 */
export async function whileLocked<T>(
  { store, profile, log }: { store: Store; profile: Profile; log: Logger },
  work: () => Promise<T>,
  timing: LockTiming = { renewMs: RENEW_MS, staleMs: STALE_MS },
): Promise<T> {
  const say = async (text: string): Promise<void> => {
    for (const statement of migrationStatements(text, profile)) await store.command(statement)
  }
  let told = false
  while (!(await taken(() => say(TAKE)))) {
    const age = await lockAgeMs(store)
    if (age !== null && age > timing.staleMs) {
      log.warn('the program that migrated is gone: going on in its place', { silent_ms: age })
      await say(GIVE_BACK)
      continue
    }
    if (!told) log.info('another program migrates this database: waiting for it')
    told = true
    await sleep(LOOK_MS)
  }
  // A failed renewal needs no care here: a store that is away fails the work itself.
  const renewal = setInterval(() => void say(RENEW).catch(() => undefined), timing.renewMs)
  try {
    return await work()
  } finally {
    clearInterval(renewal)
    await say(GIVE_BACK)
  }
}

async function taken(take: () => Promise<void>): Promise<boolean> {
  try {
    await take()
    return true
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === TAKEN_CODE) return false
    throw error
  }
}

/** Since the lock was taken or renewed, by the server's own clock; null where there is none. */
async function lockAgeMs(store: Store): Promise<number | null> {
  const rows = await store.query(
    `SELECT toFloat64(dateDiff('second', metadata_modification_time, now())) * 1000 AS age_ms
     FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrating'`,
  )
  return z.array(AgeRow).parse(rows)[0]?.age_ms ?? null
}
