import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import type { QueryValue } from '#schemas/ports.ts'
import type { Store } from '../store/store.ts'
import { createIdleMoves } from './idle-moves.ts'
import { inlineMinutes } from './minute-definition.ts'
import type { LocalDay } from './local-day.ts'
import type { Work } from './plan.ts'
import { createSpans, type Spans } from './spans.ts'
import { createTurns, type Turn } from './turns.ts'

/** Statements of this folder, one per file. */
const STATEMENTS = [
  'minutes',
  'minute-groups',
  'hours',
  'hour-nodes',
  'day',
  'day-nodes',
  'next-revision',
  'publish',
  'restate',
] as const
type Statement = (typeof STATEMENTS)[number]

/** Which table and bucket width a piece of work fills. */
const TARGETS = {
  minutes: { resolution: '1m', ledger: 'ledger_1m', stepMs: 60_000 },
  hours: { resolution: '1h', ledger: 'ledger_1h', stepMs: 3_600_000 },
  day: { resolution: '1d', ledger: 'ledger_1d', stepMs: null },
} as const satisfies Record<Work['kind'], unknown>

const NextRevision = z.tuple([z.object({ revision: z.coerce.number().int().min(1) })])

/** What revisions are reserved for: the ledger's tables, and beside them energy (ingest/energy) and meters (ingest/facility). */
export type Resolution = (typeof TARGETS)[Work['kind']]['resolution'] | '15m-energy' | '15m-meters'

/**
 * Keeps two processes that both believe they settle from writing under one revision: a piece begins only when
 * its revision was reserved, and the next process begins above all that were.
 */
export interface RevisionFence {
  /** The lowest revision that no process before this one may be writing under. */
  floor(resolution: Resolution): number
  /** Resolves when this process still is the one that settles and the revision is kept. */
  reserve(resolution: Resolution, revision: number): Promise<void>
}

export interface Ledger {
  /**
   * Writes the buckets of this work as the next revision and publishes it; returns the revision. Work that shares no
   * bucket of one kind may be settled side by side: where one reaches what the other reads, they wait for each other in
   * the order of the calls.
   */
  settle(work: Work): Promise<number>
  /** Who holds which device in which state, as settling and fresh answers go by. */
  readonly spans: Spans
}

export interface LedgerOptions {
  /** Absent = this process is the only one that settles. */
  readonly fence?: RevisionFence | null
  /** The days that `day` work is of: idle time that is found with hindsight is moved in them, too. */
  readonly dayOf: (ms: number) => LocalDay
}

/**
 * Settling as statements of the store. The tokens make a repeated statement a no-op. An attempt that failed
 * may still be writing, whatever range the next one has: its revision is never used again.
 */
export async function createLedger(
  store: Pick<Store, 'command' | 'query'>,
  clock: () => number,
  { fence = null, dayOf }: LedgerOptions,
): Promise<Ledger> {
  const texts = new Map<Statement, string>()
  for (const name of STATEMENTS) {
    texts.set(name, await readFile(new URL(`./${name}.sql`, import.meta.url), 'utf8'))
  }
  const text = (name: Statement) => texts.get(name) ?? ''
  texts.set('minutes', await inlineMinutes(store, texts.get('minutes') ?? ''))
  const spans = createSpans(store, clock)
  const idle = createIdleMoves(store, dayOf)
  const turns = createTurns()
  /** By resolution: the lowest revision that no failed attempt may be writing under. */
  const unspent = new Map<string, number>()

  const settleInTurn = async (work: Work, turn: Turn): Promise<number> => {
    // Minutes need their turn only for what they move: until then they read nothing that others write.
    if (work.kind !== 'minutes') await turn.comes.then(() => idle.finish())
    const asOfMs = clock()
    const { resolution, ledger, stepMs } = TARGETS[work.kind]
    const range = { from_ms: work.fromMs, to_ms: work.toMs }
    const [stored] = NextRevision.parse(
      await store.query(text('next-revision'), { ...range, resolution, ledger }),
    )
    const least = Math.max(unspent.get(resolution) ?? 1, fence?.floor(resolution) ?? 1)
    const revision = Math.max(stored.revision, least)
    await fence?.reserve(resolution, revision)
    const reason = (work.kind === 'minutes' ? work.reason : null) ?? ''
    const run = (
      name: Statement,
      params: Readonly<Record<string, QueryValue>>,
      told: string = resolution,
    ) => {
      const token = `settle:${name}:${told}:${work.fromMs}-${work.toMs}:${revision}`
      return store.command(text(name), { ...range, revision, ...params }, { token })
    }
    const step_ms = stepMs ?? work.toMs - work.fromMs
    try {
      if (work.kind === 'minutes') {
        const isFresh = work.reason === null
        const set_id = await spans.setFor({ fromMs: work.fromMs, toMs: work.toMs, isFresh })
        await run('minutes', { set_id })
        await turn.comes
        await idle.run({ ...range, revision })
        await run('minute-groups', {})
        if (reason !== '') await run('restate', { as_of_ms: asOfMs, reason })
      } else if (work.kind === 'hours') {
        await run('hours', {})
        await run('hour-nodes', {})
      } else {
        await run('day', { date: work.date })
        await run('day-nodes', {})
      }
      const published = { step_ms, as_of_ms: asOfMs, reason }
      // The nodes first: readers take them only where their revision is the one of the devices.
      if (work.kind !== 'minutes') {
        const nodes = `${resolution}_node`
        const table = `${ledger}_node`
        await run('publish', { ...published, resolution: nodes, ledger: table }, nodes)
      }
      await run('publish', { ...published, resolution, ledger })
    } catch (error) {
      unspent.set(resolution, Math.max(revision + 1, unspent.get(resolution) ?? 1))
      throw error
    }
    return revision
  }

  return {
    spans,
    async settle(work) {
      const turn = turns.take(reachOf(work))
      try {
        return await settleInTurn(work, turn)
      } finally {
        turn.end()
      }
    },
  }
}

/** What settling reads and writes: quiet stretches beside its minutes change with them, and hours and days of those. */
function reachOf({ kind, fromMs, toMs }: Work) {
  const aroundMs = kind === 'minutes' ? IDLE_WINDOW_MINUTES_MAX * 60_000 : 0
  return { fromMs: fromMs - aroundMs, toMs: toMs + aroundMs }
}
