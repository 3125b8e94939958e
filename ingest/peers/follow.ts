import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock, Logger } from '#schemas/role.ts'
import type { AliasRow as AliasFound } from '../identity/registry.ts'
import { type CapacityInterval, OPEN_MS } from '../settle/capacity.ts'
import type { Store } from '../store/store.ts'
import { AliasRow, capacityIntervals, DeviceRow, storedFacts } from '../worker/load.ts'
import { aliasRow, intervalRow, iso } from '../worker/rows.ts'
import type { DeviceKnowledge } from '../worker/stage.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')
const SQL = {
  news: statement('news'),
  aliases: statement('new-aliases'),
  devices: statement('new-devices'),
  intervals: statement('new-intervals'),
} as const

/**
 * Rows are looked for from this long before the last look on: a row says when its insert was sent, and is seen
 * when it is done, at most 300 s later (WRITE_EXECUTION_MS); the rest is for clocks that differ.
 */
export const LOOK_BACK_MS = 330_000
const LIMITS = { maxResultRows: 2_000_000, maxExecutionMs: 30_000 }

const TABLES = ['aliases', 'devices', 'intervals'] as const
type Table = (typeof TABLES)[number]
const integer = z.coerce.number().int()
const NewsRow = z.object({ name: z.enum(TABLES), rows: integer, newest_ms: integer })

export interface FollowerDeps {
  readonly store: Pick<Store, 'query' | 'insertJson'>
  readonly knowledge: DeviceKnowledge
  /** Stored capacity as it was when the knowledge was loaded. */
  readonly intervals: readonly CapacityInterval[]
  readonly clock: Clock
  readonly log: Logger
}

export interface Follower {
  /**
   * Learns what other processes stored about devices since the last look: their keys, what is known of them,
   * their capacity. Returns the capacity that is new here. `settles`: this process also stores that the
   * capacity of devices ended that were followed in their slot elsewhere. Rejects with E_STORE_AWAY; the next
   * look then covers the same time again.
   */
  look(settles: boolean): Promise<readonly CapacityInterval[]>
  /** These intervals were stored by this process. */
  knows(intervals: readonly CapacityInterval[]): void
}

export function createFollower(deps: FollowerDeps): Follower {
  const { store, knowledge, clock, log } = deps
  const { registry, history, capacity } = knowledge
  const seen = new Map<Table, string>()
  /** End of each capacity interval that this process knows of. */
  const ends = new Map<string, number>()
  /** Found here and not stored yet. */
  const merged = new Map<string, AliasFound>()
  const retired = new Map<string, CapacityInterval>()
  let lookedMs = clock()

  const keyOf = ({ deviceId, fromMs }: CapacityInterval) => `${deviceId}:${fromMs}`
  const knows = (intervals: readonly CapacityInterval[]) => {
    for (const interval of intervals) ends.set(keyOf(interval), interval.toMs)
  }
  knows(deps.intervals)

  const learnAliases = async (fromMs: number) => {
    const rows = z
      .array(AliasRow)
      .parse(await store.query(SQL.aliases, { from_ms: fromMs }, LIMITS))
    const adopted = registry.adopt(
      rows.map((row) => ({ key: row.key, deviceId: row.device_id, atMs: row.at_ms })),
    )
    const renamed = adopted.merged.length + adopted.conflicts
    if (renamed > 0)
      log.warn('one device was named differently by two processes; it goes on under one name', {
        keys: renamed,
      })
    for (const alias of adopted.merged) merged.set(alias.key, alias)
    for (const { oldId, atMs } of adopted.replacements) {
      const interval = capacity.retire(oldId, atMs, clock())
      if (interval !== null) retired.set(keyOf(interval), interval)
    }
  }
  const learnDevices = async (fromMs: number) => {
    const rows = await store.query(SQL.devices, { from_ms: fromMs }, LIMITS)
    for (const row of z.array(DeviceRow).parse(rows)) history.learn(storedFacts(row))
  }
  const learnIntervals = async (fromMs: number) => {
    const rows = await store.query(SQL.intervals, { from_ms: fromMs }, LIMITS)
    const found = capacityIntervals(rows)
    const fresh = found.filter((interval) => ends.get(keyOf(interval)) !== interval.toMs)
    for (const interval of fresh) if (interval.toMs < OPEN_MS) retired.delete(keyOf(interval))
    capacity.adopt(fresh)
    return fresh
  }
  /** What was found out here; kept until it is stored. */
  const storeFound = async (settles: boolean): Promise<readonly CapacityInterval[]> => {
    const inserted_at = iso(clock())
    const aliases = [...merged.values()]
    const [alias] = aliases
    if (alias !== undefined) {
      const token = `merged:${alias.key}:${alias.deviceId}:${alias.atMs}:${aliases.length}`
      const rows = aliases.map((row) => ({ ...aliasRow(row), inserted_at }))
      await store.insertJson('device_aliases', rows, token)
      merged.clear()
    }
    const intervals = settles ? [...retired.values()] : []
    const [first] = intervals
    if (first === undefined) return []
    const token = `followed:${first.deviceId}:${first.version}:${intervals.length}`
    const rows = intervals.map((interval) => ({ ...intervalRow(interval), inserted_at }))
    await store.insertJson('intervals', rows, token)
    retired.clear()
    return intervals
  }

  return {
    knows,
    async look(settles) {
      const startedMs = clock()
      const fromMs = lookedMs - LOOK_BACK_MS
      const news = new Map(
        z
          .array(NewsRow)
          .parse(await store.query(SQL.news, { from_ms: fromMs }, LIMITS))
          .map(({ name, rows, newest_ms }) => [name, `${rows}:${newest_ms}`]),
      )
      const isNew = (table: Table) => news.get(table) !== seen.get(table)
      // Capacity first: a device may be followed in its slot before its own capacity was heard of.
      const heard = isNew('intervals') ? await learnIntervals(fromMs) : []
      knows(heard)
      if (isNew('devices')) await learnDevices(fromMs)
      if (isNew('aliases')) await learnAliases(fromMs)
      const found = await storeFound(settles)
      knows(found)
      for (const table of TABLES) seen.set(table, news.get(table) ?? '')
      lookedMs = startedMs
      return [...heard, ...found]
    },
  }
}
