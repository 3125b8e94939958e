import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import type { StoreOptions } from '../../ingest/store/client.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Group, GroupReport, GroupRunner, PastQuestion } from './prometheus-job.ts'

/** What a thread needs to read groups by itself. */
export interface ThreadSetup {
  readonly url: string
  readonly connection: StoreOptions
  readonly question: PastQuestion
  /** Options that make the sources, as the command line gave them. */
  readonly mapping: string | undefined
  readonly names: string | undefined
  readonly match: readonly string[]
}

/** An order to a thread. */
export const GroupOrder = z.object({ source: z.number(), instances: z.array(z.string()) })

/** What a thread says. */
export const ThreadWord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('part') }),
  z.object({
    kind: z.literal('done'),
    report: z.object({
      devices: z.number(),
      samples: z.number(),
      partsBefore: z.number(),
      newestMs: z.number(),
      refused: z.map(z.string(), z.number()),
    }),
  }),
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
])
export type ThreadWord = z.infer<typeof ThreadWord>

/** Reading pages is arithmetic: more threads than cores gain nothing, and this many use one server well. */
const THREADS_MAX = 16

export interface Threads {
  readonly runners: readonly GroupRunner[]
  stop(): Promise<void>
}

/** Threads that read groups of exporters; each has its own connections to the server and the store. */
export function startThreads(
  setup: ThreadSetup,
  count: number = Math.min(THREADS_MAX, availableParallelism()),
): Threads {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./prometheus-thread.ts', import.meta.url), { workerData: setup }),
  )
  return {
    runners: workers.map((worker) => (group, onPart) => askThread(worker, group, onPart)),
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

function askThread(worker: Worker, group: Group, onPart: () => void): Promise<GroupReport> {
  const { promise, resolve, reject } = Promise.withResolvers<GroupReport>()
  const hear = (message: unknown) => {
    const word = ThreadWord.parse(message)
    if (word.kind === 'part') onPart()
    else if (word.kind === 'done') resolve(word.report)
    else reject(failureOf(word.code, word.message))
  }
  const ended = (code: number) => reject(new Error(`a reading thread ended with code ${code}`))
  worker.on('message', hear).once('error', reject).once('exit', ended)
  worker.postMessage(group, [])
  return promise.finally(() => worker.off('message', hear).off('error', reject).off('exit', ended))
}

/** Errors lose their kind between threads. */
const failureOf = (code: string, message: string): Error =>
  code === 'E_PROMETHEUS_AWAY' || code === 'E_STORE_AWAY'
    ? new PlimsollError(code, message)
    : new Error(message)
