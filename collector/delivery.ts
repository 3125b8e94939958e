import type { Batch } from '#schemas/batch.ts'
import type { Logger } from '#schemas/role.ts'
import { encodeBatch } from '#schemas/wire.ts'
import type { BatchKind } from './batcher.ts'
import type { PublishDeps } from './publish.ts'
import { createPump } from './pump.ts'
import { createResends, type LostRange } from './resend.ts'
import { SpoolOverflow } from './spool/append-queue.ts'
import type { Spool } from './spool/spool.ts'
import { createTailResend } from './tail-resend.ts'

export interface DeliveryDeps extends PublishDeps {
  readonly spool: Spool
  readonly logger: Logger
  /** Sequences that are gone: asked for and not here, or never spooled. */
  readonly onLost: (range: LostRange) => void
}

export interface DeliveryStats {
  readonly published: number
  readonly refused: number
  readonly resent: number
  /** Batches that could not be encoded or spooled. */
  readonly lost: number
  readonly inFlight: number
  /** Everything in the spool was published at least once. */
  readonly isCaughtUp: boolean
}

export interface Delivery {
  /** Encodes and spools a batch; resolves when it is in the spool. Never rejects: a loss is counted. */
  accept(batch: Batch, kind: BatchKind): Promise<void>
  stats(): DeliveryStats
  /** Waits until everything is published, at most this long; what is left stays in the spool. */
  stop(waitMs: number): Promise<void>
}

/**
 * Spool first, then publish: in order, again and again until the log has it. What an earlier run left is
 * published first. The watermark frees the spool; a range that ingest misses is sent again.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { spool, publisher, logger, onLost } = deps
  const accepting = new Set<Promise<void>>()
  let lost = 0
  const pump = createPump(deps)
  const resends = createResends(deps)
  const tail = createTailResend({ ...deps, isCaughtUp: () => pump.stats().isCaughtUp })
  const unsubscribe = [
    spool.onAppend(() => pump.wake()),
    publisher.onWatermark((watermark) => {
      spool
        .release(watermark)
        .catch((error: unknown) =>
          logger.warn('the spool could not be shortened', { reason: String(error) }),
        )
    }),
    publisher.onResend((request) => resends.add(request)),
  ]
  pump.wake()
  const settled = async () => {
    while (accepting.size > 0) await Promise.all(accepting)
  }
  return {
    accept(batch, kind) {
      const appending = append(spool, batch, kind)
        .catch((error: unknown) => {
          lost++
          // Counted, alarmed and reported as a gap by the spool, in one piece with its neighbours.
          if (error instanceof SpoolOverflow) return
          logger.error('a batch could not be spooled', {
            seq: batch.seq,
            reason: error instanceof Error ? error.message : String(error),
          })
          onLost(lostBatch(batch))
        })
        .finally(() => accepting.delete(appending))
      accepting.add(appending)
      return appending
    },
    stats: () => ({ ...pump.stats(), resent: resends.count() + tail.count(), lost }),
    async stop(waitMs) {
      await settled()
      resends.stop()
      tail.stop()
      await pump.stop(publisher.connected() ? waitMs : 0)
      for (const end of unsubscribe) end()
    },
  }
}

async function append(spool: Spool, batch: Batch, kind: BatchKind): Promise<void> {
  const { boot, seq } = batch
  await spool.append({ boot, seq, kind, ...spanOf(batch), payload: encodeBatch(batch) })
}

const spanOf = ({ t0Ms, ticks, stepMs }: Batch) => ({
  fromMs: t0Ms,
  toMs: t0Ms + Math.max(0, ticks * stepMs - 1),
})

function lostBatch(batch: Batch): LostRange {
  const { fromMs, toMs } = spanOf(batch)
  const { boot, seq } = batch
  return { boot, from_seq: seq, to_seq: seq, from_ms: fromMs, to_ms: toMs, reason: 'spool_damaged' }
}
