import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { IDLE_WINDOW_MINUTES, IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import type { QueryValue } from '#schemas/ports.ts'
import type { Store } from '../store/store.ts'
import type { LocalDay } from './local-day.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

const SQL = {
  find: statement('idle-moves'),
  count: statement('moves-of-pass'),
  unfinished: statement('unfinished-passes'),
  done: statement('pass-done'),
  minutes: statement('moves-minutes'),
  groups: statement('moves-groups'),
  hours: statement('moves-hours'),
  hourNodes: statement('moves-hour-nodes'),
  day: statement('moves-day'),
  dayNodes: statement('moves-day-nodes'),
} as const

const integer = z.coerce.number().int()
const Moves = z.tuple([z.object({ moves: integer, first_ms: integer, last_ms: integer })])
const Pass = z.object({ from_ms: integer, to_ms: integer, revision: integer })
/** Minutes [from, to) under a revision, epoch ms: what is added with them is known by it. */
type Pass = z.infer<typeof Pass>

const WINDOWS = {
  window_max_s: IDLE_WINDOW_MINUTES_MAX * 60,
  training_minutes: IDLE_WINDOW_MINUTES.training,
  interactive_minutes: IDLE_WINDOW_MINUTES.interactive,
  serving_minutes: IDLE_WINDOW_MINUTES.serving,
} as const

/** Moves quiet stretches to idle_held, or back, once it is known which they are. */
export interface IdleMoves {
  /**
   * Call it after the rows of these minutes were written and before their groups are summed and they are published.
   * When it rejects, the next call goes on where this one stopped: call `finish` before hours or days are settled.
   */
  run(pass: Pass): Promise<void>
  /** Adds what an earlier attempt, or process, has written down and not added everywhere. */
  finish(): Promise<void>
}

/**
 * Idle time is added to what was settled before as rows of its own: settling 50,000 devices again because one of
 * them fell quiet would cost more than all else. What is to be added is stored first, then added table by
 * table under tokens, so an attempt that was cut short is repeated without adding anything twice.
 */
export function createIdleMoves(
  store: Pick<Store, 'command' | 'query'>,
  dayOf: (ms: number) => LocalDay,
): IdleMoves {
  let hasLooked = false
  let unfinished: Pass | null = null

  const apply = async (pass: Pass): Promise<void> => {
    const [{ moves, first_ms, last_ms }] = Moves.parse(await store.query(SQL.count, pass))
    if (moves === 0) return
    const key = `${pass.from_ms}-${pass.to_ms}:${pass.revision}`
    const add = (name: keyof typeof SQL, params: Readonly<Record<string, QueryValue>>, part = '') =>
      store.command(SQL[name], { ...pass, ...params }, { token: `moves:${name}:${part}:${key}` })
    await add('minutes', {})
    if (first_ms < pass.from_ms || last_ms >= pass.to_ms) {
      await add('groups', {})
      await add('hours', {})
      await add('hourNodes', {})
      let day = dayOf(first_ms)
      for (;;) {
        const { date, startMs, endMs } = day
        const params = { date, day_s: startMs / 1000, day_end_s: endMs / 1000 }
        await add('day', params, date)
        await add('dayNodes', params, date)
        if (endMs > last_ms) break
        day = dayOf(endMs)
      }
    }
    await add('done', { moves })
  }

  const finish = async () => {
    if (!hasLooked) {
      for (const pass of z.array(Pass).parse(await store.query(SQL.unfinished, {})))
        await apply(pass)
      hasLooked = true
    }
    if (unfinished === null) return
    await apply(unfinished)
    unfinished = null
  }
  /** One after the other: what is unfinished is known of one pass at a time. */
  let last: Promise<unknown> = Promise.resolve()
  const inOrder = (act: () => Promise<void>): Promise<void> => {
    const mine = last.then(act)
    last = mine.catch(() => undefined)
    return mine
  }

  return {
    run: (pass) =>
      inOrder(async () => {
        await finish()
        const token = `moves:find:${pass.from_ms}-${pass.to_ms}:${pass.revision}`
        unfinished = pass
        await store.command(SQL.find, { ...pass, ...WINDOWS }, { token })
        await apply(pass)
        unfinished = null
      }),
    finish: () => inOrder(finish),
  }
}
