import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { Profile } from './migration-text.ts'
import { profileOf } from './profile.ts'
import type { Store } from './store.ts'

const DAY_MS = 86_400_000

/** How long rows are kept, days. Restating needs raw samples, a day needs its settled minutes. */
export interface RetentionDays {
  readonly raw: number
  readonly minutes: number
  readonly groups: number
  readonly hours: number
  /** Quarter hours of energy. */
  readonly energy: number
  readonly events: number
  readonly quarantine: number
  /** Targets that no collector speaks of any more. */
  readonly targets: number
  /** What is stored by sequence; must outlast the spools, or a late duplicate would be stored again. */
  readonly batches: number
  /** Requests to settle a window again. */
  readonly repairs: number
}

/** Three years and the leap day that may be among them. Days are kept for ever. */
export const DEFAULT_RETENTION: RetentionDays = {
  raw: 14,
  minutes: 90,
  groups: 400,
  hours: 1_096,
  energy: 400,
  events: 400,
  quarantine: 30,
  targets: 30,
  batches: 45,
  repairs: 30,
}

/** Which column of which table ages, and by which setting. Days (ledger_1d) and energy of scopes (facility_15m) are kept for ever. */
const AGING = [
  { table: 'samples', column: 'ts', days: 'raw' },
  { table: 'samples_node', column: 'ts', days: 'raw' },
  { table: 'samples_link', column: 'ts', days: 'raw' },
  { table: 'samples_meter', column: 'ts', days: 'minutes' },
  { table: 'meter_energy_15m', column: 'bucket', days: 'hours' },
  { table: 'ledger_1m', column: 'bucket', days: 'minutes' },
  { table: 'ledger_1m_group', column: 'bucket', days: 'groups' },
  { table: 'ledger_1h', column: 'bucket', days: 'hours' },
  { table: 'ledger_1h_node', column: 'bucket', days: 'hours' },
  { table: 'energy_15m', column: 'bucket', days: 'energy' },
  { table: 'events', column: 'at', days: 'events' },
  { table: 'quarantine', column: 'at', days: 'quarantine' },
  { table: 'collection_targets', column: 'at', days: 'targets' },
  { table: 'batches', column: 'inserted_at', days: 'batches' },
  { table: 'batch_runs', column: 'heard_at', days: 'batches' },
  { table: 'batch_minutes', column: 'inserted_at', days: 'batches' },
  { table: 'repairs', column: 'asked_at', days: 'repairs' },
] as const satisfies readonly { table: string; column: string; days: keyof RetentionDays }[]

/**
 * Sets the time to live of every table that ages; safe to run at every start. Rows go when the store next
 * merges or drops their part, not at once. Throws E_RETENTION for a retention that would break restating.
 */
export async function applyRetention(
  store: Pick<Store, 'command' | 'query'>,
  days: RetentionDays,
  given?: Profile,
): Promise<void> {
  checkRetention(days)
  const profile = given ?? (await profileOf(store))
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

/**
 * Taken off the raw retention before settling relies on it: for a store whose clock is ahead of ours, and
 * for a statement that began while the samples were still there.
 */
const MARGIN_MS = 3_600_000

/** How far back raw samples are surely whole: what is older is neither settled again nor taken. */
export const rawRetentionMs = (days: RetentionDays): number => days.raw * DAY_MS - MARGIN_MS

/** What a person may set, in the order of the help. */
const SETTABLE = ['raw', 'minutes', 'hours', 'groups', 'energy', 'events', 'quarantine'] as const
const UNIT_DAYS = { d: 1, w: 7, y: 365.25 } as const
const ENTRY = /^([a-z]+)=(\d{1,5})([dwy])$/

/**
 * Reads `raw=14d,minutes=90d,hours=3y` (days, weeks, years); what is not named keeps its default. Throws
 * E_RETENTION for a word, a time or a combination that cannot be.
 */
export function parseRetention(text: string): RetentionDays {
  const days: { -readonly [Level in keyof RetentionDays]: RetentionDays[Level] } = {
    ...DEFAULT_RETENTION,
  }
  for (const entry of text.split(',')) {
    const [, word = '', digits = '', unit = 'd'] = ENTRY.exec(entry.trim()) ?? []
    const level = SETTABLE.find((name) => name === word)
    const length = unit === 'd' || unit === 'w' || unit === 'y' ? UNIT_DAYS[unit] : 0
    if (level === undefined)
      throw refusal(
        `'${entry.trim()}' is not understood; write it like raw=14d,minutes=90d,hours=3y (levels: ${SETTABLE.join(', ')}; units: d, w, y)`,
      )
    days[level] = Math.ceil(Number(digits) * length)
  }
  checkRetention(days)
  return days
}

/** A day is made of its minutes again when one of them changed: up to 25 hours before the oldest raw sample. */
const DAY_OF_MINUTES = 2
/** The stream keeps what nobody read for three days, and a sample may be as old as raw when it gets there. */
const STREAM_DAYS = 3
const DAYS_MAX = 36_525

function checkRetention(days: RetentionDays): void {
  for (const [name, value] of Object.entries(days))
    if (!Number.isInteger(value) || value < 1 || value > DAYS_MAX)
      throw refusal(`${name} is ${value} days; it is a whole number of 1 to ${DAYS_MAX}`)
  const { raw, minutes, groups, hours, batches } = days
  if (raw < 2) throw refusal('raw is 1 day; a late sample of yesterday needs at least 2')
  if (minutes < raw + DAY_OF_MINUTES)
    throw refusal(
      `minutes are kept ${minutes} days and raw ${raw}: at least ${raw + DAY_OF_MINUTES}, or a late sample would make its day again from a part of its minutes`,
    )
  if (groups < raw + DAY_OF_MINUTES)
    throw refusal(
      `groups are kept ${groups} days and raw ${raw}: at least ${raw + DAY_OF_MINUTES}, or a restatement could not say what it replaces`,
    )
  if (hours < minutes)
    throw refusal(
      `hours are kept ${hours} days and minutes ${minutes}: a coarser level is kept at least as long`,
    )
  if (batches < raw + STREAM_DAYS)
    throw refusal(
      `raw is ${raw} days; what is stored by sequence is known for ${batches}, so raw is at most ${batches - STREAM_DAYS}, or a late duplicate could be counted twice`,
    )
}

const refusal = (problem: string) => new PlimsollError('E_RETENTION', `the retention: ${problem}`)
