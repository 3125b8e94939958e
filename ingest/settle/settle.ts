import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { type ModelCatalogue, modelCatalogue } from '#schemas/models/model.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { createEnergySettling } from '../energy/settle-energy.ts'
import { createMeterSettling } from '../facility/settle-meters.ts'
import type { Store } from '../store/store.ts'
import { intervalRow, iso } from '../worker/rows.ts'
import type { Staged } from '../worker/stage.ts'
import { type Capacity, type CapacityInterval, OPEN_MS } from './capacity.ts'
import { createChanges } from './changes.ts'
import { createCorrections } from './corrections.ts'
import { createLedger, type RevisionFence } from './ledger.ts'
import { createLocalDays } from './local-day.ts'
import {
  createSettlePlan,
  type PlanOptions,
  type RestateReason,
  type SettlePlan,
  type Work,
} from './plan.ts'
import { planStart, type StartFacts } from './plan-start.ts'
import type { RepairQueue } from './repair.ts'
import { createRepairs } from './repairs.ts'

export interface SettleOptions extends Omit<PlanOptions, 'dayOf'> {
  /** IANA zone of the site's days. */
  readonly timeZone: string
}

/** A minute settles 20 s after it closed; a changed one when left alone for 5 s, or after 2 minutes. */
export const DEFAULT_SETTLE_OPTIONS: SettleOptions = {
  delayMs: 20_000,
  quietMs: 5_000,
  waitMaxMs: 120_000,
  rawRetentionMs: 30 * 86_400_000,
  timeZone: 'UTC',
}

export interface SettleDeps {
  readonly store: Pick<Store, 'command' | 'query' | 'insertJson'>
  readonly capacity: Capacity
  /** Stored capacity intervals, as they were when `capacity` was made. */
  readonly intervals: readonly CapacityInterval[]
  readonly clock: Clock
  readonly log: Logger
  readonly options: SettleOptions
  /** Where people ask for windows to be settled again; absent = nowhere. */
  readonly repairs?: RepairQueue
  /** What models may draw and share; absent = the built-in ones. */
  readonly models?: ModelCatalogue
  /** Set where several processes store: one of them settles, and hears of the others' work by noteOthers. */
  readonly shared?: {
    readonly fence: RevisionFence
    /** Difference between the clocks of two processes that is reckoned with, ms. */
    readonly skewMs: number
    /** These intervals are known here: no news when they are read back. */
    onAccepted(intervals: readonly CapacityInterval[]): void
  }
}

/** Rows of [fromMs, toMs) that were stored by insertedAtMs, by the clock of who stored them. */
export interface StoredSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly insertedAtMs: number
}

/** Something that was stored, when, and how it is called in a restatement. */
interface Cause {
  readonly insertedAtMs: number
  readonly reason: RestateReason
}

export interface Settler {
  /** Accepts capacity that is due, then settles one piece of work; false when there was none. */
  step(): Promise<boolean>
  /** An insert stored these: settled minutes they reach are to be settled again. */
  noteStored(staged: Staged): void
  /** Others stored these samples and intervals: settled minutes they change are to be settled again. */
  noteOthers(spans: readonly StoredSpan[], intervals: readonly CapacityInterval[]): void
  readonly settledUntilMs: number | null
  readonly status: SettleStatus
}

/** Counters since start, and what waits. */
export interface SettleStatus {
  readonly minutesSettled: number
  readonly minutesRestated: number
  readonly minutesWaiting: number
  /** True when the last look found nothing due. */
  readonly isIdle: boolean
}

const MINUTE_MS = 60_000
/** Device minutes that one statement writes at most; the chunk shrinks as the fleet grows. */
const CHUNK_DEVICE_MINUTES = 500_000
const CHUNK_MINUTES_MAX = 240
/** A change may be known, and its minutes not settled again yet, when a process ends. */
const CHANGES_BEFORE_MS = 3_600_000

const integer = z.coerce.number().int()
const RevisionRow = z.object({ resolution: z.string(), bucket_ms: integer, as_of_ms: integer })
const LateRow = z.object({ from_ms: integer, to_ms: integer, inserted_at_ms: integer })

/** Restores what was settled from the store; nothing runs until `step` is called. */
export async function createSettler(deps: SettleDeps): Promise<Settler> {
  const { store, capacity, clock, log, options } = deps
  const dayOf = createLocalDays(options.timeZone)
  const facts = await loadFacts(deps, dayOf)
  const plan = createSettlePlan(planStart(facts), { ...options, dayOf })
  const ledger = await createLedger(store, clock, { fence: deps.shared?.fence ?? null, dayOf })
  /** When what a minute was made of was read, or began to be; for as long as it can be settled again. */
  const asOfMs = new Map(facts.published.minutes)
  const skewMs = deps.shared?.skewMs ?? 0
  const repairs =
    deps.repairs === undefined
      ? null
      : await createRepairs({ queue: deps.repairs, store, spans: ledger.spans, plan, clock, log })
  /** Fresh answers go by spans that know of all capacity accepted so far. */
  let hasOpened = false
  const onAdopted = (intervals: readonly CapacityInterval[]) => {
    hasOpened = false
    deps.shared?.onAccepted(intervals)
  }
  const corrections = createCorrections({ ...deps, onAdopted, plan })
  /** Settled minutes of [fromMs, toMs) that were read before this was stored are to be settled again. */
  const touchOlder = (fromMs: number, toMs: number, change: Cause) => {
    const endMs = Math.min(toMs, plan.settledUntilMs ?? 0)
    const beginMs = Math.max(floorToMinute(fromMs), plan.horizonMs(clock()))
    for (let ms = beginMs; ms < endMs; ms += MINUTE_MS)
      if ((asOfMs.get(ms) ?? Infinity) < change.insertedAtMs + skewMs)
        plan.touch(ms, ms + MINUTE_MS, change.reason, clock())
  }
  const newestReadMs = [...facts.published.minutes.values()].reduce((a, b) => Math.max(a, b), 0)
  const changes = createChanges({
    ...deps,
    sinceMs: Math.max(0, newestReadMs - CHANGES_BEFORE_MS),
    onChange: (change) => touchOlder(change.fromMs, change.toMs, change),
  })
  const energy = await createEnergySettling({
    store,
    clock,
    log,
    spans: ledger.spans,
    minutesAsOf: asOfMs,
    models: deps.models ?? modelCatalogue(BUILT_IN_MODELS),
    fence: deps.shared?.fence ?? null,
    rawRetentionMs: options.rawRetentionMs,
  })
  const meters = createMeterSettling({
    store,
    clock,
    log,
    skewMs,
    fence: deps.shared?.fence ?? null,
    rawRetentionMs: options.rawRetentionMs,
  })
  let isIdle = false
  const counters = { minutesSettled: 0, minutesRestated: 0 }

  /** Before the reading itself: what is stored while it goes on may be missing in it. */
  const noteRead = (work: Work) => {
    if (work.kind !== 'minutes') return
    const readMs = clock()
    for (let ms = work.fromMs; ms < work.toMs; ms += MINUTE_MS) {
      asOfMs.set(ms, readMs)
      asOfMs.delete(floorToMinute(ms - options.rawRetentionMs))
    }
  }
  const acceptCapacity = async () => {
    const intervals = capacity.acceptable(clock())
    for (const node of capacity.crowdedNodes())
      log.warn('a node delivers more devices than discovery accepts', { node })
    if (intervals.length === 0) return
    const first = intervals[0]
    const token = `capacity:${first?.version}:${first?.deviceId}:${intervals.length}`
    const inserted_at = iso(clock())
    const rows = intervals.map((interval) => ({ ...intervalRow(interval), inserted_at }))
    await store.insertJson('intervals', rows, token)
    capacity.adopt(intervals)
    hasOpened = false
    deps.shared?.onAccepted(intervals)
    const fromMs = Math.min(...intervals.map((interval) => interval.fromMs))
    plan.begin(fromMs)
    plan.touch(fromMs, Infinity, 'capacity accepted', clock())
    log.info('devices entered capacity', { devices: intervals.length })
  }

  return {
    async step() {
      await acceptCapacity()
      await corrections.look()
      await changes.look()
      const firstMs = capacity.firstMs()
      if (!hasOpened && firstMs !== null) {
        await ledger.spans.open(plan.settledUntilMs ?? firstMs)
        hasOpened = true
      }
      const chunk = chunkMinutes(capacity.acceptedDevices)
      const work = plan.next(clock(), chunk)
      if (work === null && (await repairs?.step(chunk)) === true) return true
      isIdle = work === null
      if (work === null) {
        if (await meters.step()) return true
        const isDirty = (minuteMs: number) => plan.isDirty(minuteMs)
        const { settledUntilMs } = plan
        return await energy.step({ fromMs: firstMs, settledUntilMs, isDirty })
      }
      noteRead(work)
      try {
        await ledger.settle(work)
      } catch (error) {
        plan.failed(work)
        throw error
      }
      plan.done(work)
      if (work.kind === 'minutes') {
        energy.noteSettled(work.fromMs, work.toMs)
        const minutes = (work.toMs - work.fromMs) / MINUTE_MS
        if (work.reason === null) counters.minutesSettled += minutes
        else counters.minutesRestated += minutes
      }
      return true
    },
    noteStored(staged) {
      noteStored(plan, staged, clock())
    },
    noteOthers(spans, intervals) {
      for (const { fromMs, toMs, insertedAtMs } of spans)
        touchOlder(fromMs, toMs, { insertedAtMs, reason: 'late rows' })
      for (const { fromMs, toMs } of intervals) {
        plan.begin(fromMs)
        const isEnd = toMs < OPEN_MS
        const reason = isEnd ? 'capacity retired' : 'capacity accepted'
        plan.touch(isEnd ? toMs : fromMs, Infinity, reason, clock())
      }
    },
    get settledUntilMs() {
      return plan.settledUntilMs
    },
    get status() {
      return { ...counters, minutesWaiting: plan.dirtyCount, isIdle }
    },
  }
}

function noteStored(plan: SettlePlan, staged: Staged, nowMs: number): void {
  for (const { minTsMs, reachMs, rows } of staged.stored)
    if (rows > 0) plan.touch(minTsMs, reachMs, 'late rows', nowMs)
  for (const { toMs } of staged.retired) plan.touch(toMs, Infinity, 'capacity retired', nowMs)
}

const floorToMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS

const chunkMinutes = (devices: number) =>
  Math.max(1, Math.min(CHUNK_MINUTES_MAX, Math.floor(CHUNK_DEVICE_MINUTES / Math.max(devices, 1))))

async function loadFacts(
  { store, capacity, intervals, clock, options, shared }: SettleDeps,
  dayOf: StartFacts['dayOf'],
): Promise<StartFacts> {
  const rawMs = Math.ceil((clock() - options.rawRetentionMs) / MINUTE_MS) * MINUTE_MS
  const horizonMs = Math.max(rawMs, options.earliestMs ?? 0)
  const text = (name: string) => readFile(new URL(`./${name}.sql`, import.meta.url), 'utf8')
  const limits = { maxResultRows: 2_000_000, maxExecutionMs: 30_000 }
  const params = { from_ms: horizonMs }
  const rows = await store.query(await text('load-revisions'), params, limits)
  const published = {
    minutes: new Map<number, number>(),
    hours: new Map<number, number>(),
    days: new Map<number, number>(),
  }
  const byResolution = new Map([
    ['1m', published.minutes],
    ['1h', published.hours],
    ['1d', published.days],
  ])
  for (const row of z.array(RevisionRow).parse(rows))
    byResolution.get(row.resolution)?.set(row.bucket_ms, row.as_of_ms)
  const late = z
    .array(LateRow)
    .parse(
      await store.query(await text('load-late'), { ...params, delay_ms: options.delayMs }, limits),
    )
  return {
    published,
    late: late.map((row) => ({
      fromMs: row.from_ms,
      toMs: row.to_ms,
      insertedAtMs: row.inserted_at_ms + (shared?.skewMs ?? 0),
    })),
    capacity: intervals.map(({ fromMs, toMs, version }) => ({
      fromMs,
      toMs,
      decidedAtMs: version,
    })),
    fromMs: capacity.firstMs(),
    horizonMs,
    dayOf,
  }
}
