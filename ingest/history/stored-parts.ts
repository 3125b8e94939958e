import { z } from 'zod'
import type { Clock } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'
import { iso } from '../worker/rows.ts'

/** Who stored a part of a file, in the table of what is stored. */
const COLLECTOR = 'import'

/** What one insert of a file holds: rows and the time they are of, epoch ms. */
export interface PartSpan {
  readonly rows: number
  readonly minMs: number
  readonly maxMs: number
}

export interface StoredParts {
  has(part: number): boolean
  /**
   * Stores a part unless it is stored; false when it was. A part that may be half way is repeated under its token;
   * `insert` tells what was in it.
   */
  store(part: number, insert: (token: string) => Promise<PartSpan>): Promise<boolean>
  /** When the newest part of this file was stored; 0 before any is. */
  readonly newestMs: number
}

const Row = z.object({ part: z.coerce.number().int(), inserted_ms: z.coerce.number().int() })

/** The parts of a file (by its hash) that are in the tables. */
export async function storedParts(
  store: Pick<Store, 'query' | 'insertJson'>,
  hash: string,
  clock: Clock,
): Promise<StoredParts> {
  const rows = z.array(Row).parse(
    await store.query(
      `SELECT first_seq AS part, toUnixTimestamp64Milli(inserted_at) AS inserted_ms FROM batches
       WHERE collector = {collector:String} AND boot = {hash:String}`,
      { collector: COLLECTOR, hash },
      { maxResultRows: 10_000_000 },
    ),
  )
  const stored = new Map(rows.map(({ part, inserted_ms }) => [part, inserted_ms]))
  let newestMs = Math.max(0, ...stored.values())
  return {
    has: (part) => stored.has(part),
    async store(part, insert) {
      if (stored.has(part)) return false
      const token = `import:${hash}:${part}`
      const span = await insert(token)
      const nowMs = clock()
      await store.insertJson('batches', [batchRow(hash, part, span, nowMs)], `${token}:stored`)
      stored.set(part, nowMs)
      newestMs = Math.max(newestMs, nowMs)
      return true
    },
    get newestMs() {
      return newestMs
    },
  }
}

const batchRow = (hash: string, part: number, span: PartSpan, nowMs: number) => ({
  cluster: '',
  collector: COLLECTOR,
  boot: hash,
  first_seq: part,
  last_seq: part,
  shard: 0,
  epoch: COLLECTOR,
  first_position: 0,
  last_position: 0,
  min_ts: iso(span.minMs),
  max_ts: iso(span.maxMs),
  row_count: span.rows,
  lost: 0,
  inserted_at: iso(nowMs),
})
