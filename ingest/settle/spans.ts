import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  spans: statement('spans'),
  set: statement('span-set'),
  digest: statement('spans-digest'),
} as const

const LastId = z.tuple([z.object({ set_id: z.coerce.number().int() })])
const LAST_ID = 'SELECT max(set_id) AS set_id FROM span_sets'
const Digest = z.tuple([z.object({ is_here: z.coerce.number(), digest: z.string() })])

/** Fresh answers reach this far ahead of the last time that something changed. */
const AHEAD_MS = 48 * 3_600_000
/** Rows of a set leave after three hours (migration 013): a quiet site gets a new one before. */
const KEEP_MS = 3_600_000
/** Fresh answers reach at most this far back: beyond it settling is behind by a day. */
const BACK_MS = 24 * 3_600_000
/** Minutes that are settled again are mostly of the last hours: the open set serves them too. */
const AGAIN_MS = 3 * 3_600_000

interface OpenSet {
  readonly id: number
  /** When it was made, by the clock; its id may be ahead of it. */
  readonly madeMs: number
  readonly fromMs: number
  readonly toMs: number
  /** Null where nobody can say whether something changed since. */
  readonly digest: string | null
}

/** A set for minutes of long ago that close one piece after the other, some of them side by side. */
interface PastSet extends Omit<OpenSet, 'id'> {
  /** Resolves when its rows are there. */
  readonly id: Promise<number>
}

/** Sets of device_spans: who holds which device in which state, resolved for a time. */
export interface Spans {
  /**
   * The set to settle [fromMs, toMs) by, epoch ms: the open one as long as nothing changed since it was made. `isFresh`:
   * these minutes close for the first time, so a new one is open from there on, or where that is long ago serves what
   * comes next; others get a set of their own.
   */
  setFor(work: {
    readonly fromMs: number
    readonly toMs: number
    readonly isFresh: boolean
  }): Promise<number>
  /** Makes the open set anew where something changed: fresh answers from `fromMs` on go by it. */
  open(fromMs: number): Promise<void>
}

/** `clock` gives sets their ids. Nothing is read or written until the first call. */
export function createSpans(store: Pick<Store, 'command' | 'query'>, clock: Clock): Spans {
  let current: OpenSet | null = null
  let past: PastSet | null = null
  /** Read once: sets of processes before this one have lower ids, whatever their clocks said. */
  let firstId: Promise<number> | null = null
  let lastId = 0

  const digestNow = async (): Promise<string | null> => {
    const [row] = Digest.parse(await store.query(SQL.digest, {}))
    return row.is_here === 1 ? row.digest : null
  }
  const readLastId = async () => {
    try {
      return LastId.parse(await store.query(LAST_ID, {}))[0].set_id
    } catch (error) {
      firstId = null
      throw error
    }
  }
  const make = async (fromMs: number, toMs: number, isOpen: boolean): Promise<number> => {
    firstId ??= readLastId()
    const before = await firstId
    const id = Math.max(before + 1, lastId + 1, clock())
    lastId = id
    const set = { set_id: id, from_ms: fromMs, to_ms: toMs }
    const token = (name: string) => ({ token: `spans:${name}:${id}:${fromMs}-${toMs}` })
    await store.command(SQL.spans, set, token('rows'))
    await store.command(SQL.set, { ...set, is_open: isOpen ? 1 : 0 }, token('set'))
    return id
  }
  const openAnew = async (fromMs: number, digest: string | null): Promise<OpenSet> => {
    const toMs = Math.max(fromMs, clock()) + AHEAD_MS
    const from = Math.max(fromMs, clock() - BACK_MS) - AGAIN_MS
    const madeMs = clock()
    const id = await make(from, toMs, true)
    current = { id, madeMs, fromMs: from, toMs, digest }
    return current
  }
  // Either way: rows leave by the clock of the store, whatever happens to this one.
  const isGood = (set: Omit<OpenSet, 'id'>, digest: string | null) =>
    digest !== null && set.digest === digest && Math.abs(clock() - set.madeMs) < KEEP_MS

  /** Planning is most of what a set costs, however long its time: history comes in hundreds of pieces. */
  const makePast = (fromMs: number, toMs: number, digest: string | null): Promise<number> => {
    const madeMs = clock()
    const endMs = Math.max(toMs, Math.min(fromMs + AHEAD_MS, madeMs))
    const set: PastSet = { id: make(fromMs, endMs, false), madeMs, fromMs, toMs: endMs, digest }
    past = set
    set.id.catch(() => {
      if (past === set) past = null
    })
    return set.id
  }

  return {
    async setFor({ fromMs, toMs, isFresh }) {
      // Before the rows are read: what is written meanwhile makes the next set differ.
      const digest = await digestNow()
      const isCovered = (set: Omit<OpenSet, 'id'>) => set.fromMs <= fromMs && set.toMs >= toMs
      const set = current !== null && isGood(current, digest) ? current : null
      if (set !== null && isCovered(set)) return set.id
      if (isFresh && fromMs >= clock() - BACK_MS) return (await openAnew(fromMs, digest)).id
      if (!isFresh) return make(fromMs, toMs, false)
      const isServed = past !== null && isGood(past, digest) && isCovered(past)
      return isServed && past !== null ? past.id : makePast(fromMs, toMs, digest)
    },
    async open(fromMs) {
      const digest = await digestNow()
      if (current !== null && isGood(current, digest) && current.fromMs <= fromMs) return
      await openAnew(fromMs, digest)
    },
  }
}
