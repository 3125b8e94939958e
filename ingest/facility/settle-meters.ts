import { type FacilityBook, NO_FACILITY } from '#schemas/facility.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { RevisionFence } from '../settle/ledger.ts'
import type { Store } from '../store/store.ts'
import { type LongStep, makeMeters, makeScopes } from './bucket-work.ts'
import { createMeterPlan, floorToBucket, type MeterPlan, type MeterWork } from './meter-plan.ts'
import { METER_RESOLUTION, meterStore, type TreeNews } from './meter-store.ts'
import { BUCKET_MS, type MeterBucket } from './meter-energy.ts'
import { writeMeters, writeSeen } from './write-meters.ts'

export interface MeterSettlingDeps {
  readonly store: Pick<Store, 'command' | 'query' | 'insertJson'>
  readonly clock: Clock
  readonly log: Logger
  /** Null = this process is the only one that settles. */
  readonly fence: RevisionFence | null
  /** Difference between the clocks of who stores and who settles that is reckoned with, ms. */
  readonly skewMs: number
  /** Raw samples older than this may be gone: what was settled from them is only summed up again. */
  readonly rawRetentionMs: number
}

export interface MeterSettling {
  /**
   * Settles some buckets of meters and scopes that are due; false when there were none. Never rejects: minutes go on
   * without it.
   */
  step(): Promise<boolean>
}

/** Buckets of one piece of work: 2,000 meters at 30 s are some 120,000 readings in each. */
const BUCKETS_AT_ONCE = 4
/** How often it is asked what was stored late, and whether the tree changed. */
const LOOK_MS = 20_000
/** Writers' clocks, and inserts that take their time: what was stored is told of again for this long. */
const OVERLAP_MS = 60_000
/** How often it is noted that nothing waits. */
const SEEN_MS = 600_000
/** After a failure others go first. */
const RETRY_MS = 30_000

interface Known {
  readonly plan: MeterPlan
  book: FacilityBook
  treeNews: string
  beginMs: number | null
  /** What was stored before this is known to the plan. */
  sinceMs: number
  seenMs: number
}

/**
 * Settles meter_energy_15m and facility_15m: a minute after each quarter of an hour, and again where readings came late
 * or the tree changed. A pure function of stored readings and rows, so a crash anywhere ends with the same figures.
 */
export function createMeterSettling(deps: MeterSettlingDeps): MeterSettling {
  const { store, clock, log, fence } = deps
  const stored = meterStore(store)
  const heard = new Set<string>()
  let known: Known | null = null
  let unspent = 1
  let lookedMs = -Infinity
  let retryMs = -Infinity

  /** Buckets from here on can be made from raw readings. */
  const horizonMs = () => floorToBucket(clock() - deps.rawRetentionMs) + BUCKET_MS

  const load = async (): Promise<Known> => {
    const { buckets, seenMs } = await stored.settled()
    for (const name of await stored.knownMeters(horizonMs())) heard.add(name)
    const plan = createMeterPlan(buckets)
    return { plan, book: NO_FACILITY, treeNews: '', beginMs: null, sinceMs: seenMs, seenMs }
  }
  const touch = (
    own: Known,
    bucketMs: number,
    insertedMs: number,
    reason: 'late readings' | 'tree changed',
  ) => own.plan.touch(bucketMs, { insertedMs: insertedMs + deps.skewMs, reason }, clock())

  const lookAtTree = async (own: Known) => {
    const news = await stored.treeNews()
    if (news === own.treeNews) return
    const { rows, ...book } = await stored.tree()
    own.book = book
    // One of them may be silent round a bucket, and what it says later speaks for it all the same.
    for (const { meter, level } of book.meters) if (level !== 'ambient') heard.add(meter)
    own.treeNews = news
    for (const { fromMs, toMs, insertedMs } of changedSpans(rows, own.sinceMs))
      for (const ms of own.plan.publishedIn(fromMs, toMs))
        touch(own, ms, insertedMs, 'tree changed')
  }
  const look = async (own: Known) => {
    if (clock() - lookedMs < LOOK_MS) return
    const beganMs = clock()
    const firstMs = await stored.firstMs()
    own.beginMs = firstMs === null ? null : Math.max(floorToBucket(firstMs), horizonMs())
    await lookAtTree(own)
    if (firstMs !== null)
      for (const { fromMs, insertedMs } of await stored.late(own.sinceMs, horizonMs()))
        touch(own, fromMs, insertedMs, 'late readings')
    own.sinceMs = Math.max(own.sinceMs, beganMs - OVERLAP_MS)
    lookedMs = beganMs
  }
  /**
   * When the first of the readings was stored that reach into other buckets, which are to be settled next. Readers and a
   * process that starts are told that it was not read here yet: after a crash this work is done again, and touches them.
   */
  const unfinishedMs = (own: Known, { fromMs, toMs }: MeterWork, long: readonly LongStep[]) => {
    let firstMs = Infinity
    for (const step of long) {
      if (step.insertedMs >= firstMs) continue
      const older = own.plan.olderIn(step.fromMs, step.toMs, step.insertedMs + deps.skewMs)
      if (older.some((ms) => ms < fromMs || ms >= toMs)) firstMs = step.insertedMs
    }
    return firstMs
  }
  /** What reaches into buckets that were settled before it was stored. */
  const touchLong = (own: Known, long: readonly LongStep[]) => {
    for (const { fromMs, toMs, insertedMs } of long)
      for (const ms of own.plan.publishedIn(fromMs, toMs))
        touch(own, ms, insertedMs, 'late readings')
  }
  const settle = async (own: Known, work: MeterWork) => {
    const asOfMs = clock()
    const [storedMeters, storedScopes] = [await stored.meters(work), await stored.scopes(work)]
    const isRaw = work.fromMs >= horizonMs()
    const made = isRaw
      ? await makeMeters(work, own.book, { stored, nowMs: asOfMs, heard })
      : { meters: namedMeters(storedMeters), long: [] }
    const scopes = await makeScopes(work, own.book, made.meters, stored)
    const least = Math.max(unspent, fence?.floor(METER_RESOLUTION) ?? 1)
    const revision = Math.max(await stored.nextRevision(work), least)
    await fence?.reserve(METER_RESOLUTION, revision)
    // Whatever fails from here on may still be writing: its revision is never used again.
    unspent = revision + 1
    const outcome = { meters: made.meters, scopes, storedMeters, storedScopes }
    const { restated } = await writeMeters(store, outcome, {
      work,
      revision,
      asOfMs: Math.min(asOfMs, unfinishedMs(own, work, made.long)),
    })
    own.plan.done(work, asOfMs)
    touchLong(own, made.long)
    if (restated > 0)
      log.info('energy of the facility was settled again', {
        from: new Date(work.fromMs).toISOString(),
        to: new Date(work.toMs).toISOString(),
        reason: work.reason ?? '',
      })
  }
  const noteSeen = async (own: Known) => {
    // A process that starts looks at everything stored after this, and finds little of it changed.
    const seenMs = Math.min(own.sinceMs, own.plan.endMs)
    if (own.beginMs === null || own.plan.waiting > 0 || seenMs - own.seenMs < SEEN_MS) return
    await writeSeen(store, seenMs)
    own.seenMs = seenMs
  }

  return {
    async step() {
      if (clock() < retryMs) return false
      try {
        known ??= await load()
        await look(known)
        const { plan, beginMs } = known
        const work = plan.next({ beginMs, bucketsMax: BUCKETS_AT_ONCE }, clock())
        if (work !== null) await settle(known, work)
        else await noteSeen(known)
        return work !== null
      } catch (error) {
        retryMs = clock() + RETRY_MS
        // What was touched stays known by what was noted as seen.
        known = null
        lookedMs = -Infinity
        log.warn('energy of meters could not be settled, trying again', { cause: String(error) })
        return false
      }
    },
  }
}

/** Of each row that was written since then, the time it speaks for: until the next of its name begins. */
function changedSpans(
  rows: readonly TreeNews[],
  sinceMs: number,
): { fromMs: number; toMs: number; insertedMs: number }[] {
  // Rows come by name and in the order of their starts.
  return rows.flatMap(({ key, fromMs, insertedMs }, at) => {
    if (insertedMs < sinceMs) return []
    const next = rows[at + 1]
    return [{ fromMs, toMs: next?.key === key ? next.fromMs : Infinity, insertedMs }]
  })
}

/** Stored rows of meters as they were made; keys are `bucketKey`s. */
function namedMeters(buckets: ReadonlyMap<string, MeterBucket>) {
  return new Map(
    [...buckets].map(([key, bucket]): [string, readonly [string, MeterBucket]] => [
      key,
      [key.slice(key.indexOf(' ') + 1), bucket],
    ]),
  )
}
