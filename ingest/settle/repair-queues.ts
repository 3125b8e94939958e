import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'
import { isOpen, Repair, type RepairQueue } from './repair.ts'

const Body = z.object({ body: z.string() })
/** A request and its outcome stay for this long, days; the table's own retention is the same (store/retention.ts). */
export const REPAIRS_KEPT_DAYS = 30
/** Not those whose rows are old enough to go: an earlier version may still be there when the last one is gone. */
const OLDEST = `SELECT body FROM repairs FINAL WHERE state IN ('asked', 'running')
  AND asked_at > (SELECT max(asked_at) FROM repairs) - INTERVAL ${REPAIRS_KEPT_DAYS} DAY
  ORDER BY asked_at, id LIMIT 1`
const ONE = 'SELECT body FROM repairs FINAL WHERE id = {id:String}'

/** Requests in the store: the asking and the settling process need nothing else in common. */
export function storeRepairs(store: Pick<Store, 'query' | 'insertJson'>): RepairQueue {
  const first = async (sql: string, params: Readonly<Record<string, string>>) => {
    const [row] = z.array(Body).parse(await store.query(sql, params))
    return row === undefined ? null : Repair.parse(JSON.parse(row.body))
  }
  return {
    next: () => first(OLDEST, {}),
    read: (id) => first(ONE, { id }),
    async write(repair) {
      const { id, version, state, asked_at_ms } = repair
      const asked_at = new Date(asked_at_ms).toISOString()
      const row = { id, version, state, asked_at, body: JSON.stringify(repair) }
      await store.insertJson('repairs', [row], `repair:${id}:${version}`)
    },
  }
}

/** Requests that ended and whose files stay, for whoever asked to read. */
const FINISHED_MAX = 100

async function removeFinished(
  folder: string,
  repairs: readonly (Repair | null)[],
  nowMs: number,
): Promise<void> {
  const finished = repairs
    .flatMap((repair) => (repair === null || isOpen(repair) ? [] : [repair]))
    .toSorted((a, b) => b.asked_at_ms - a.asked_at_ms)
  const keptSinceMs = nowMs - REPAIRS_KEPT_DAYS * 86_400_000
  for (const [index, { id, asked_at_ms }] of finished.entries())
    if (index >= FINISHED_MAX || asked_at_ms < keptSinceMs)
      await rm(join(folder, `${id}.json`), { force: true })
}

/**
 * Requests as small files in the data folder, one each: the way to the process that owns an embedded
 * engine, which nobody else can open meanwhile. A file that cannot be read is passed over. Looking for the next
 * one removes what ended long ago, and beyond FINISHED_MAX the oldest of what ended.
 */
export function fileRepairs(folder: string, clock: Clock = Date.now): RepairQueue {
  const read = async (id: string) => {
    try {
      return Repair.parse(JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')))
    } catch {
      return null
    }
  }
  return {
    read,
    async next() {
      const names = await readdir(folder).catch(() => [])
      const ids = names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
      const found = await Promise.all(ids.map(read))
      await removeFinished(folder, found, clock())
      const waiting = found.flatMap((repair) => (repair !== null && isOpen(repair) ? [repair] : []))
      return waiting.toSorted((a, b) => a.asked_at_ms - b.asked_at_ms)[0] ?? null
    },
    async write(repair) {
      const stored = await read(repair.id)
      if (stored !== null && stored.version >= repair.version) return
      await mkdir(folder, { recursive: true })
      const aside = join(folder, `${repair.id}.new`)
      const handle = await open(aside, 'w', 0o600)
      try {
        await handle.writeFile(JSON.stringify(repair))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(aside, join(folder, `${repair.id}.json`))
    },
  }
}
