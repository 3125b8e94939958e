import type { Clock } from '#schemas/role.ts'
import type { Store } from '../ingest/store/store.ts'
import type { FleetModel } from './fleet/state.ts'
import type { FacilityHistory } from './facility/history.ts'
import { createHistoryBlock, ticksPerSeal } from './history-block.ts'
import { createGroupMinutes, type GroupMinutes } from './history-groups.ts'
import type { HistoryPlan } from './history-plan.ts'
import { createInserts } from './inserts.ts'
import { storeTime } from './store-time.ts'

export interface WriteDeps {
  readonly store: Pick<Store, 'insertNative' | 'insertJson'>
  readonly model: FleetModel
  /** device_id by device position. */
  readonly ids: readonly bigint[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The site round the fleet; absent = only the fleet is written. */
  readonly site?: FacilityHistory
}

const COARSE_STEP_MS = 60_000
const FINE_STEP_MS = 10_000
/** The table's first sort key: rows of one bucket are written device by device. */
const BUCKET_MS = 600_000
/** Large blocks are several times cheaper per row; 200,000 rows are about 25 MB. */
const BLOCK_ROWS = 200_000
const GROUP_ROWS = 60_000
const FIRST_REVISION = 1

/**
 * Writes the samples of a plan in the order of time, and the group minutes of what is older than
 * `settledFromMs`. `onStored` is told up to where everything is in the tables.
 */
export async function writeSamples(
  deps: WriteDeps,
  plan: HistoryPlan,
  onStored: (untilMs: number) => void,
): Promise<void> {
  const { store, model, ids, signal } = deps
  const devices = model.fleet.devices.length
  const ticksMax = ticksPerSeal(devices)
  const block = createHistoryBlock(model.fleet, ids, BLOCK_ROWS + devices * ticksMax)
  const groups = createGroupMinutes(
    model,
    GROUP_ROWS + model.slots.length * 2 * (BUCKET_MS / COARSE_STEP_MS),
  )
  const inserts = createInserts()

  const flush = (untilMs: number) => {
    const rows = block.rows
    if (rows === 0) return Promise.resolve()
    const columns = block.take()
    return inserts.run(
      () => store.insertNative('samples', columns, rows, `demo-samples:${untilMs}`),
      () => onStored(untilMs),
    )
  }
  for (let fromMs = plan.fromMs; fromMs < plan.toMs;) {
    signal.throwIfAborted()
    const isFine = fromMs >= plan.fineFromMs
    const stepMs = isFine ? FINE_STEP_MS : COARSE_STEP_MS
    const bucketEndMs = (Math.floor(fromMs / BUCKET_MS) + 1) * BUCKET_MS
    const endMs = Math.min(bucketEndMs, fromMs + ticksMax * stepMs, plan.toMs)
    for (let atMs = fromMs; atMs < endMs; atMs += stepMs) {
      const tick = model.tick(atMs, null)
      deps.site?.follow(tick)
      const values = block.stage(tick, stepMs)
      if (fromMs < plan.settledFromMs) groups.add(tick, values)
    }
    block.seal()
    if (block.rows >= BLOCK_ROWS) await flush(endMs)
    if (groups.columns.rows >= GROUP_ROWS || endMs === plan.settledFromMs)
      await inserts.run(() => publishGroups(deps, groups))
    await deps.site?.write()
    fromMs = endMs
    // Lets inserts, progress and signals through between blocks of arithmetic.
    await new Promise((resolve) => setImmediate(resolve))
  }
  await flush(plan.toMs)
  await deps.site?.finish()
  await inserts.done()
}

async function publishGroups(
  { store, clock }: WriteDeps,
  { columns }: GroupMinutes,
): Promise<void> {
  const { minutes } = columns
  if (columns.rows === 0) return
  const { columns: native, rows } = columns.take(FIRST_REVISION)
  const token = `demo-groups:${minutes[0]}`
  const as_of = storeTime(clock())
  await store.insertNative('ledger_1m_group', native, rows, token)
  const revisions = minutes.map((ms) => ({
    resolution: '1m',
    bucket: ms / 1000,
    revision: FIRST_REVISION,
    as_of,
    row_count: 0,
    reason: '',
  }))
  await store.insertJson('revisions', revisions, token)
}
