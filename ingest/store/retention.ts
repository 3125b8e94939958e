import { z } from 'zod'
import type { Profile } from './migration-text.ts'
import type { Store } from './store.ts'

const DAY_MS = 86_400_000

/** How long rows are kept, days. Restating needs raw samples, a day needs its settled minutes. */
export interface RetentionDays {
  readonly raw: number
  readonly minutes: number
  readonly groups: number
  readonly hours: number
  readonly events: number
  readonly quarantine: number
  /** Targets that no collector speaks of any more. */
  readonly targets: number
  /** What is stored by sequence; must outlast the spools, or a late duplicate would be stored again. */
  readonly batches: number
}

export const DEFAULT_RETENTION: RetentionDays = {
  raw: 30,
  minutes: 90,
  groups: 400,
  hours: 800,
  events: 400,
  quarantine: 30,
  targets: 30,
  batches: 45,
}

/** Which column of which table ages, and by which setting. Days (ledger_1d) and meters are kept for ever. */
const AGING = [
  { table: 'samples', column: 'ts', days: 'raw' },
  { table: 'samples_node', column: 'ts', days: 'raw' },
  { table: 'samples_link', column: 'ts', days: 'raw' },
  { table: 'ledger_1m', column: 'bucket', days: 'minutes' },
  { table: 'ledger_1m_group', column: 'bucket', days: 'groups' },
  { table: 'ledger_1h', column: 'bucket', days: 'hours' },
  { table: 'events', column: 'at', days: 'events' },
  { table: 'quarantine', column: 'at', days: 'quarantine' },
  { table: 'collection_targets', column: 'at', days: 'targets' },
  { table: 'batches', column: 'inserted_at', days: 'batches' },
] as const satisfies readonly { table: string; column: string; days: keyof RetentionDays }[]

/**
 * Sets the time to live of every table that ages; safe to run at every start. Rows go when the store next
 * merges or drops their part, not at once. Throws a RangeError for a retention that would break
 * restating: each must be a whole number of days, minutes at least as long as raw, batches too.
 */
export async function applyRetention(
  store: Pick<Store, 'command' | 'query'>,
  days: RetentionDays,
  profile: Profile = { kind: 'single' },
): Promise<void> {
  checkRetention(days)
  for (const { table, column, days: setting } of AGING) {
    const isSingle = profile.kind === 'single'
    const name = isSingle ? table : `${table}_local`
    const [row] = await store.query(CURRENT, { table: name })
    // Setting it again would rewrite every part.
    if (Current.parse(row).definition.includes(`${column}) + toIntervalDay(${days[setting]})`))
      continue
    const target = isSingle ? name : `${name} ON CLUSTER '${profile.cluster}'`
    // Numbers and names of this file only; a TTL expression takes no bound parameters.
    await store.command(
      `ALTER TABLE ${target} MODIFY TTL toDateTime(${column}) + INTERVAL ${days[setting]} DAY`,
    )
  }
}

const CURRENT = `SELECT create_table_query AS definition FROM system.tables
  WHERE database = currentDatabase() AND name = {table:String}`
const Current = z.object({ definition: z.string() })

/** Raw retention as settling takes it. */
export const rawRetentionMs = (days: RetentionDays): number => days.raw * DAY_MS

function checkRetention(days: RetentionDays): void {
  for (const [name, value] of Object.entries(days))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(
        `retention of ${name} is ${value}; it is a whole number of days, at least 1`,
      )
  if (days.minutes < days.raw || days.batches < days.raw)
    throw new RangeError('settled minutes and batches must be kept at least as long as raw samples')
}
