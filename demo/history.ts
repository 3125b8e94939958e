import type { Clock } from '#schemas/role.ts'
import { deviceId } from '../ingest/identity/device-id.ts'
import type { Ledger } from '../ingest/settle/ledger.ts'
import type { Store } from '../ingest/store/store.ts'
import { createFacilityHistory } from './facility/history.ts'
import type { FacilityModel } from './facility/model.ts'
import { writeTree } from './facility/write-tree.ts'
import type { FleetModel } from './fleet/state.ts'
import { writeIdentities } from './history-identities.ts'
import { settleChunks, type HistoryPlan } from './history-plan.ts'
import { writeSamples, type WriteDeps } from './history-samples.ts'

export interface HistoryOptions {
  readonly store: Store
  readonly ledger: Ledger
  readonly model: FleetModel
  /** The site round the fleet; absent = only the fleet is written. */
  readonly facility?: FacilityModel
  readonly plan: HistoryPlan
  readonly clock: Clock
  /** 0..1 of the whole work, samples and settling. */
  onProgress(share: number): void
  /** Ends the writing between two blocks; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

const HOUR_MS = 3_600_000
const CELL_MS = 10_000
/** Part of the work that is samples, for the progress bar; measured on two cores. */
const SAMPLES_SHARE = 0.8

/**
 * Writes devices, their capacity, who held them, their samples and those of the site's meters, as if they had been collected. Hours
 * from `plan.settledFromMs` on are settled by the product's own settler as soon as their samples are
 * stored; the group minutes of older ones are written as revision 1 and are settled later
 * (history-resettle.ts). Ends with the ten seconds that it is, so that the live fleet goes on from there.
 */
export async function writeHistory(options: HistoryOptions): Promise<void> {
  const { store, model, plan, clock, signal = new AbortController().signal } = options
  const ids = model.fleet.devices.map((device) => deviceId(device.key))
  const { facility } = options
  const site =
    facility === undefined
      ? {}
      : { site: createFacilityHistory({ store, facility, clock, toMs: plan.toMs }) }
  const deps: WriteDeps = { store, model, ids, clock, signal, ...site }
  await writeIdentities({ store, model, ids, fromMs: plan.fromMs, toMs: plan.toMs })
  if (facility !== undefined) await writeTree(store, facility.site, { fromMs: plan.fromMs, clock })
  // Merging while writing costs a quarter of the time until the demo is ready; later nobody waits for it.
  await store.command('SYSTEM STOP MERGES samples')
  try {
    await writeAndSettle(deps, options)
    await catchUp(deps, plan)
  } finally {
    await store.command('SYSTEM START MERGES samples')
  }
  options.onProgress(1)
}

async function writeAndSettle(deps: WriteDeps, options: HistoryOptions): Promise<void> {
  const { ledger, plan } = options
  const progress = createProgress(options)
  const stored = createMark(plan.fromMs)
  const writing = writeSamples(deps, plan, (untilMs) => {
    stored.raise(untilMs)
    progress.samples(untilMs)
  }).finally(stored.end)
  const settling = settleBehind(deps, { ledger, plan, stored }, (untilMs) =>
    progress.settled(untilMs),
  )
  await Promise.all([writing, settling])
}

function createProgress(options: HistoryOptions) {
  const { plan } = options
  const shares = { samples: 0, settled: 0 }
  const part = (untilMs: number, fromMs: number) =>
    plan.toMs > fromMs ? (untilMs - fromMs) / (plan.toMs - fromMs) : 1
  const tell = () =>
    options.onProgress(
      0.99 * (SAMPLES_SHARE * shares.samples + (1 - SAMPLES_SHARE) * shares.settled),
    )
  return {
    samples(untilMs: number) {
      shares.samples = part(untilMs, plan.fromMs)
      tell()
    },
    settled(untilMs: number) {
      shares.settled = part(untilMs, plan.settledFromMs)
      tell()
    },
  }
}

interface Mark {
  /** Resolves with true once the mark is there, with false when it will never be. */
  reached(ms: number): Promise<boolean>
  raise(ms: number): void
  readonly end: () => void
}

/** How far samples are in the table; the settler waits on it. */
function createMark(startMs: number): Mark {
  const mark = { atMs: startMs, isOver: false }
  let moved = Promise.withResolvers<void>()
  const move = () => {
    moved.resolve()
    moved = Promise.withResolvers<void>()
  }
  return {
    async reached(ms) {
      while (mark.atMs < ms && !mark.isOver) await moved.promise
      return mark.atMs >= ms
    },
    raise(ms) {
      mark.atMs = ms
      move()
    },
    end() {
      mark.isOver = true
      move()
    },
  }
}

/** Settles whole hours behind the writer: minutes first, then the hour of those minutes. */
async function settleBehind(
  { signal, model }: Pick<WriteDeps, 'signal' | 'model'>,
  { ledger, plan, stored }: Pick<HistoryOptions, 'ledger' | 'plan'> & { readonly stored: Mark },
  onSettled: (untilMs: number) => void,
): Promise<void> {
  for (let fromMs = plan.settledFromMs; fromMs < plan.toMs; fromMs += HOUR_MS) {
    const toMs = Math.min(fromMs + HOUR_MS, plan.toMs)
    if (!(await stored.reached(toMs))) return
    signal.throwIfAborted()
    for (const chunk of settleChunks({ fromMs, toMs }, model.fleet.devices.length))
      await ledger.settle({ kind: 'minutes', ...chunk, reason: null })
    if (toMs - fromMs === HOUR_MS) await ledger.settle({ kind: 'hours', fromMs, toMs })
    onSettled(toMs)
  }
}

/** Samples of the time that writing took, up to the ten seconds that it is now. */
async function catchUp(deps: WriteDeps, plan: HistoryPlan): Promise<void> {
  let fromMs = plan.toMs
  for (;;) {
    const toMs = (Math.floor(deps.clock() / CELL_MS) + 1) * CELL_MS
    if (toMs <= fromMs) return
    await writeSamples(
      deps,
      { fromMs, fineFromMs: fromMs, settledFromMs: fromMs, toMs },
      () => undefined,
    )
    fromMs = toMs
  }
}
