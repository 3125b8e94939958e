import { deviceId } from '../ingest/identity/device-id.ts'
import type { Ledger } from '../ingest/settle/ledger.ts'
import type { Store } from '../ingest/store/store.ts'
import type { FleetModel } from './fleet/state.ts'
import { createHistoryBlock } from './history-block.ts'
import { writeIdentities } from './history-identities.ts'

/** What to write: [fromMs, fineFromMs) every minute, [fineFromMs, toMs) every ten seconds; whole hours. */
export interface HistoryPlan {
  readonly fromMs: number
  readonly fineFromMs: number
  readonly toMs: number
}

export interface HistoryOptions {
  readonly store: Store
  readonly ledger: Ledger
  readonly model: FleetModel
  readonly plan: HistoryPlan
  /** 0..1 of the whole work, samples and settling. */
  onProgress(share: number): void
}

const COARSE_STEP_MS = 60_000
const FINE_STEP_MS = 10_000
const HOUR_MS = 3_600_000
/** The table's first sort key: rows of one bucket are written device by device. */
const BUCKET_MS = 600_000
/** Large blocks are several times cheaper per row; 200,000 rows are about 25 MB. */
const BLOCK_ROWS = 200_000

/**
 * Writes devices, their capacity, who held them, and their samples, as if they had been collected, and
 * settles each hour by the product's own settler as soon as its samples are stored.
 */
export async function writeHistory(options: HistoryOptions): Promise<void> {
  const { store, model, plan } = options
  const { devices } = model.fleet
  const ids = devices.map((device) => deviceId(device.key))
  await writeIdentities({ store, model, ids, fromMs: plan.fromMs, toMs: plan.toMs })
  const stored = { untilMs: plan.fromMs, done: false, wake: () => undefined }
  await Promise.all([writeSamples(options, ids, stored), settleBehind(options, stored)])
  options.onProgress(1)
}

/** How far samples are in the table; `wake` tells the settler that it moved. */
interface Stored {
  untilMs: number
  done: boolean
  wake: () => void
}

async function writeSamples(
  options: HistoryOptions,
  ids: readonly bigint[],
  stored: Stored,
): Promise<void> {
  const { store, model, plan } = options
  const { devices } = model.fleet
  const block = createHistoryBlock(
    model.fleet,
    ids,
    BLOCK_ROWS + devices.length * (BUCKET_MS / FINE_STEP_MS),
  )
  let pending: Promise<void> = Promise.resolve()
  let blocks = 0

  const flush = async (untilMs: number) => {
    const rows = block.rows
    if (rows === 0) return
    const columns = block.take()
    const token = `demo-history:${plan.fromMs}:${blocks++}`
    // One insert runs while the next block is computed; more would only queue in the engine.
    await pending
    pending = store.insertNative('samples', columns, rows, token).then(() => {
      stored.untilMs = untilMs
      stored.wake()
    })
  }

  for (let bucketMs = plan.fromMs; bucketMs < plan.toMs; bucketMs += BUCKET_MS) {
    const stepMs = bucketMs >= plan.fineFromMs ? FINE_STEP_MS : COARSE_STEP_MS
    const endMs = Math.min(bucketMs + BUCKET_MS, plan.toMs)
    for (let atMs = bucketMs; atMs < endMs; atMs += stepMs)
      block.stage(model.tick(atMs, null), stepMs)
    block.seal()
    if (block.rows >= BLOCK_ROWS) await flush(endMs)
    // Lets inserts, progress and signals through between blocks of arithmetic.
    await new Promise((resolve) => setImmediate(resolve))
  }
  await flush(plan.toMs)
  await pending
  stored.done = true
  stored.wake()
}

/** Settles whole hours behind the writer: minutes first, then the hour of those minutes. */
async function settleBehind(options: HistoryOptions, stored: Stored): Promise<void> {
  const { ledger, plan } = options
  for (let fromMs = plan.fromMs; fromMs < plan.toMs; fromMs += HOUR_MS) {
    const toMs = Math.min(fromMs + HOUR_MS, plan.toMs)
    while (stored.untilMs < toMs && !stored.done) {
      await new Promise<void>((resolve) => {
        stored.wake = resolve
      })
    }
    await ledger.settle({ kind: 'minutes', fromMs, toMs, reason: null })
    if (toMs - fromMs === HOUR_MS) await ledger.settle({ kind: 'hours', fromMs, toMs })
    options.onProgress((toMs - plan.fromMs) / (plan.toMs - plan.fromMs))
  }
}
