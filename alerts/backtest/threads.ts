import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import type { ScopeSlices } from '#schemas/alerts/ports.ts'
import { AlertSeverity } from '#schemas/alerts/severity.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import type { BacktestWindow } from './episodes.ts'
import type { Backtest } from './report.ts'

/** One scope for a thread to replay. */
export interface ThreadSetup {
  readonly kind: 'zone' | 'forecast'
  readonly window: BacktestWindow
  readonly set: ZoneSet
  readonly scope: ScopeSlices
  readonly timeZone: string
  readonly holidays: readonly string[]
}

const ms = z.number()
/** What a thread says at its end. */
const ThreadWord = z.union([
  z.object({ failed: z.string() }),
  z.object({
    result: z.object({
      rule: z.string(),
      fromMs: ms,
      toMs: ms,
      told: z.array(
        z.object({
          scope: z.string(),
          severity: AlertSeverity,
          fromMs: ms,
          toMs: ms.nullable(),
          leadMinutes: z.number().nullable(),
        }),
      ),
      judged: z.number(),
      looksAhead: z.boolean(),
      came: z.number(),
      missed: z.number(),
    }),
  }),
])
export type ThreadWord = { readonly failed: string } | { readonly result: Backtest }

/** Replays a scope in a thread of its own. Rejects with what went wrong there, or when `signal` is aborted. */
export async function replayInThread(setup: ThreadSetup, signal: AbortSignal): Promise<Backtest> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: setup })
  try {
    const said: unknown[] = await once(worker, 'message', { signal })
    const word = ThreadWord.parse(said[0])
    if ('failed' in word) throw new Error(word.failed)
    return word.result
  } finally {
    await worker.terminate()
  }
}
