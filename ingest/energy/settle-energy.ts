import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { RevisionFence } from '../settle/ledger.ts'
import type { Spans } from '../settle/spans.ts'
import type { Store } from '../store/store.ts'
import {
  BRIDGE_MAX_MS,
  BUCKET_MS,
  createEnergyPlan,
  type EnergyBucket,
  type EnergyWork,
  type MinutesView,
  newestMinuteNear,
  REACH_MS,
} from './energy-plan.ts'
import { powerFacts } from './power-caps.ts'

const own = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')
const shared = (name: string) =>
  readFileSync(new URL(`../settle/${name}.sql`, import.meta.url), 'utf8')

/** Read once, as settling's other statements. */
const SQL = {
  energy: own('energy'),
  models: own('energy-models'),
  load: own('load-energy'),
  nextRevision: shared('next-revision'),
  publish: shared('publish'),
} as const

/** As `revisions` calls the buckets of energy_15m. */
export const ENERGY_RESOLUTION = '15m-energy'
const TARGET = { resolution: ENERGY_RESOLUTION, ledger: 'energy_15m' } as const

const integer = z.coerce.number().int()
const BucketRow = z.object({
  bucket_ms: integer,
  as_of_ms: integer,
  bridged_from_ms: integer,
  bridged_to_ms: integer,
})
const NextRevision = z.tuple([z.object({ revision: integer.min(1) })])
const ModelRow = z.object({ model: z.string() })

export interface EnergyDeps {
  readonly store: Pick<Store, 'command' | 'query'>
  /** What a bucket is made of beside samples. */
  readonly spans: Pick<Spans, 'setFor'>
  readonly models: ModelCatalogue
  readonly clock: Clock
  readonly log: Logger
  /** Null = this process is the only one that settles. */
  readonly fence: RevisionFence | null
  /** Start of each settled minute -> when it was read, epoch ms; looked at, not copied. */
  readonly minutesAsOf: ReadonlyMap<number, number>
  /** Raw samples older than this are gone: what was settled from them stays as it is. */
  readonly rawRetentionMs: number
}

export interface EnergySettling {
  /**
   * Settles one bucket of energy that is due; false when there was none. `minutes.fromMs` is where capacity begins.
   * Never rejects: minutes go on without it.
   */
  step(minutes: MinutesView): Promise<boolean>
  /** These minutes were settled, for the first time or again. */
  noteSettled(fromMs: number, toMs: number): void
}

/** After a failure others go first. */
const RETRY_MS = 30_000
/** Older buckets share a set of spans: it is made for so long… */
const SET_MS = 6 * 3_600_000
/** …and used for so long; the store drops it after three hours. */
const SET_KEEP_MS = 600_000
/** …but buckets of the last hours have the open one. */
const OPEN_SET_MS = 2 * 3_600_000

interface SpanSet {
  readonly id: number
  readonly fromMs: number
  readonly toMs: number
  /** What happened before this is in it. */
  readonly madeMs: number
}

/**
 * Settles energy_15m: each bucket is one statement over raw samples, published last. Tokens make a repeated statement
 * a no-op; an attempt that failed leaves its revision unused. Loads what is published.
 */
export async function createEnergySettling(deps: EnergyDeps): Promise<EnergySettling> {
  const { store, clock, log, fence, minutesAsOf } = deps
  const horizonMs = () => clock() - deps.rawRetentionMs + REACH_MS
  const plan = createEnergyPlan(await loadBuckets(store, horizonMs()), minutesAsOf)
  let unspent = 1
  let retryMs = -Infinity
  let set: SpanSet | null = null

  const setFor = async (bucketMs: number, settledUntilMs: number): Promise<SpanSet> => {
    const toMs = bucketMs + BUCKET_MS
    const newestMs = newestMinuteNear(minutesAsOf, bucketMs)
    if (set !== null && set.fromMs <= bucketMs && set.toMs >= toMs)
      if (set.madeMs > newestMs && clock() - set.madeMs < SET_KEEP_MS) return set
    const madeMs = clock()
    // What settles minutes now has a set of the last hours. A backlog is settled backwards.
    const fromMs = settledUntilMs - toMs < OPEN_SET_MS ? bucketMs : toMs - SET_MS
    const id = await deps.spans.setFor({ fromMs, toMs, isFresh: false })
    set = { id, fromMs, toMs, madeMs }
    return set
  }
  const settle = async ({ fromMs, reason }: EnergyWork, untilMs: number): Promise<EnergyBucket> => {
    const { id: set_id, madeMs: asOfMs } = await setFor(fromMs, untilMs)
    const range = { from_ms: fromMs, to_ms: fromMs + BUCKET_MS }
    const models = z.array(ModelRow).parse(await store.query(SQL.models, { set_id }))
    const [stored] = NextRevision.parse(
      await store.query(SQL.nextRevision, { ...range, ...TARGET }),
    )
    const revision = Math.max(stored.revision, unspent, fence?.floor(ENERGY_RESOLUTION) ?? 1)
    await fence?.reserve(ENERGY_RESOLUTION, revision)
    const token = (name: string) => ({ token: `settle:${name}:energy:${fromMs}:${revision}` })
    const names = models.map(({ model }) => model)
    const params = { ...range, revision, set_id, as_of_ms: asOfMs, bridge_ms: BRIDGE_MAX_MS }
    try {
      await store.command(
        SQL.energy,
        { ...params, ...powerFacts(names, deps.models) },
        token('rows'),
      )
      const published = { ...range, ...TARGET, revision, step_ms: BUCKET_MS, as_of_ms: asOfMs }
      await store.command(SQL.publish, { ...published, reason }, token('publish'))
    } catch (error) {
      // It may still be writing: its revision is never used again.
      unspent = revision + 1
      throw error
    }
    const [bucket] = await loadBuckets(store, fromMs, fromMs + BUCKET_MS)
    return bucket?.[1] ?? { asOfMs, bridgedFromMs: 0, bridgedToMs: 0 }
  }

  return {
    async step(minutes) {
      const { fromMs, settledUntilMs } = minutes
      if (fromMs === null || settledUntilMs === null || clock() < retryMs) return false
      const wholeFromMs = Math.ceil(horizonMs() / BUCKET_MS) * BUCKET_MS
      const work = plan.next({ ...minutes, fromMs: Math.max(fromMs, wholeFromMs) }, clock())
      if (work === null) return false
      try {
        plan.done(work, await settle(work, settledUntilMs), clock())
        return true
      } catch (error) {
        retryMs = clock() + RETRY_MS
        set = null
        const bucket = new Date(work.fromMs).toISOString()
        log.warn('energy could not be settled, trying again', { bucket, cause: String(error) })
        return false
      }
    },
    noteSettled: (fromMs, toMs) => plan.settled(fromMs, toMs, clock()),
  }
}

const FOR_EVER_MS = Date.UTC(2100, 0, 1)

async function loadBuckets(
  store: Pick<Store, 'query'>,
  fromMs: number,
  toMs = FOR_EVER_MS,
): Promise<[number, EnergyBucket][]> {
  const limits = { maxResultRows: 1_000_000, maxExecutionMs: 60_000 }
  const rows = await store.query(SQL.load, { from_ms: Math.max(0, fromMs), to_ms: toMs }, limits)
  return z
    .array(BucketRow)
    .parse(rows)
    .map((row) => [
      row.bucket_ms,
      {
        asOfMs: row.as_of_ms,
        bridgedFromMs: row.bridged_from_ms,
        bridgedToMs: row.bridged_to_ms,
      },
    ])
}
