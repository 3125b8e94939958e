import { randomBytes } from 'node:crypto'
import type { Journal } from '#schemas/journal.ts'
import type { TestEngine } from './engine/engine.testing.ts'
import { createIngest, type Ingest, type IngestOptions } from './ingest.ts'
import { storeRepairs } from './settle/repair-queues.ts'
import { migratedDatabase } from './store/migrated.testing.ts'
import { connectStore, type Store } from './store/store.ts'
import {
  asMessage,
  memoryHandle,
  silent,
  testBatch,
  until,
  type BatchSpec,
  type MemoryHandle,
} from './worker/ingest.testing.ts'

/** A store of its own in a running engine. */
export async function freshStore(engine: TestEngine): Promise<Store> {
  const database = `t_${randomBytes(6).toString('hex')}`
  const { url, user, password } = engine
  await migratedDatabase({ url, user, password }, database)
  return connectStore({ url, user, password, database })
}

export interface Pipeline {
  readonly store: Store
  readonly handle: MemoryHandle
  readonly clock: { nowMs: number }
  /** The ingest role that runs now; `restart` replaces it. */
  ingest: Ingest
  /** Puts batches into the log. */
  send(...batches: readonly BatchSpec[]): void
  /** Resolves when everything in the log has been inserted. */
  drained(): Promise<void>
  /** Sets the clock, and resolves when nothing is left to settle before `untilMs`. */
  settledUntil(nowMs: number, untilMs: number): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

const INSTANT: IngestOptions = { settle: { quietMs: 0, delayMs: 20_000 }, shard: { waitMs: 5 } }

/** Ingest over a log in memory and a real engine, with a clock that only the test moves. */
export async function startPipeline(
  engine: TestEngine,
  nowMs: number,
  options: IngestOptions = INSTANT,
  journal?: Journal,
): Promise<Pipeline> {
  const store = await freshStore(engine)
  const handle = memoryHandle()
  const clock = { nowMs }
  const start = async () => {
    const ingest = createIngest({
      store,
      shards: [handle],
      log: silent,
      repairs: storeRepairs(store),
      ...(journal === undefined ? {} : { journal }),
      clock: () => clock.nowMs,
      // Loops spin quickly, whatever pause they ask for.
      sleep: (_, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) reject(new Error('stopped'))
          else setTimeout(resolve, 5)
        }),
      options,
    })
    await ingest.start()
    return ingest
  }
  const pipeline: Pipeline = {
    store,
    handle,
    clock,
    ingest: await start(),
    send(...batches) {
      for (const spec of batches) handle.log.add(asMessage(testBatch(spec)))
    },
    async drained() {
      const last = handle.log.messages.at(-1)?.position ?? 0
      await until('the log to be read', () => {
        const [shard] = pipeline.ingest.shardStatus()
        return (shard?.storedPosition ?? 0) >= last
      })
    },
    async settledUntil(atMs, untilMs) {
      clock.nowMs = Math.max(clock.nowMs, atMs)
      await until('minutes to settle', () => {
        const { metrics } = pipeline.ingest.health()
        const isDone = (pipeline.ingest.status().settled_until_ms ?? 0) >= untilMs
        return isDone && metrics['settle_waiting_minutes'] === 0 && metrics['settle_idle'] === 1
      })
    },
    async restart() {
      await pipeline.ingest.stop()
      pipeline.ingest = await start()
    },
    async stop() {
      await pipeline.ingest.stop()
      await store.close()
    },
  }
  return pipeline
}
