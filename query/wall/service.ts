import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { WallLayout } from '#schemas/api-wall.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import { priceBook, type PriceBook, type PriceDocument } from '#schemas/price-book.ts'
import {
  encodeWall,
  encodeWallDelta,
  encodeWallIds,
  WALL_COLUMNS,
  wallChanges,
  type WallData,
  type WallHead,
} from '#schemas/wall.ts'
import type { FleetDeps } from '../fleet.ts'
import { memo } from '../memo.ts'
import { wallMinute, wallNow, wallPlaces } from '../queries/wall.ts'
import { floorMinute, iso, MINUTE_MS } from '../window.ts'
import { type WallPlan, wallPlan } from './layout.ts'
import { capsOf, liveWall, minuteWall } from './values.ts'

const compress = promisify(gzip)

export const WALL_LIMITS = {
  /** Where devices stand is read this often while somebody looks. */
  planMs: 10_000,
  /** The latest values are read this often at most… */
  tickMs: 2_000,
  /** …and never for more than this part of the time. */
  tickShare: 0.1,
  /** Snapshots that a delta can be told against. */
  deltas: 6,
  /** Settled minutes that are kept, and for how long: they may be settled again. */
  minutes: 24,
  minutesMs: 60_000,
} as const

export type WallDeps = FleetDeps & {
  readonly models: ModelCatalogue
  readonly documents: () => Promise<{ readonly prices: PriceDocument | null }>
}

/** An answer's bytes, plain and compressed; made once for everybody who asks. */
export interface Packed {
  readonly plain: Uint8Array
  readonly gzipped: Uint8Array
}

export interface WallService {
  /** Rejects with the reader's errors. */
  layout(): Promise<{ readonly stamp: number; readonly packed: Packed }>
  /** Ids by place. */
  ids(): Promise<{ readonly stamp: number; readonly packed: Packed }>
  /** The latest values; what changed since `since` where that is known and shorter. */
  now(since: number | null): Promise<Packed>
  /** A settled minute. Rejects with E_RANGE_INVALID for one that is not settled, or not any more. */
  minute(atMs: number): Promise<Packed>
}

interface Snapshot {
  readonly stamp: number
  readonly head: WallHead
  readonly data: WallData
  readonly caps: Float32Array
}

/** One snapshot of the wall for all who look; nothing is read while nobody asks. `stopwatch` measures how long reading takes, ms. */
export function createWall(deps: WallDeps, stopwatch = () => performance.now()): WallService {
  const { clock, reader } = deps
  const plans = memo(clock, WALL_LIMITS.planMs, () => readPlan(deps))
  const packedLayouts = byKey((plan: WallPlan) => pack(Buffer.from(JSON.stringify(plan.layout)), 6))
  const packedIds = byKey((plan: WallPlan) => pack(encodeWallIds(plan.layout.stamp, plan.ids)))
  const minutes = createMinutes(deps)
  const snapshots: Snapshot[] = []
  const packedSince = new Map<number | null, Promise<Packed>>()
  let newest: { readonly sinceMs: number; readonly value: Promise<Snapshot> } | null = null
  let tookMs = 0

  const read = async (): Promise<Snapshot> => {
    const startMs = stopwatch()
    const atMs = clock()
    const [plan, [row], { settledUntilMs }] = await Promise.all([
      plans(),
      wallNow.run(reader, { now_ms: atMs }),
      deps.published(),
    ])
    if (row === undefined) throw new PlimsollError('E_INTERNAL', 'the store answered no row')
    const caps = capsOf(plan, row)
    const settledAtMs = settledUntilMs === null ? 0 : settledUntilMs - MINUTE_MS
    const settled = settledAtMs === 0 ? null : await minutes.read(plan, caps, settledAtMs)
    const data = liveWall(plan, row, { caps, settled: settled?.data ?? null })
    const stamp = Math.max(
      (snapshots.at(-1)?.stamp ?? 0) + 1,
      Math.floor(atMs / 1000) % 900_000_000,
    )
    const head: WallHead = {
      source: 'live',
      layoutStamp: plan.layout.stamp,
      stamp,
      atMs,
      elsewhere: 0,
      settledAtMs,
    }
    const snapshot = { stamp, head, data, caps }
    snapshots.push(snapshot)
    if (snapshots.length > WALL_LIMITS.deltas) snapshots.shift()
    packedSince.clear()
    tookMs = stopwatch() - startMs
    return snapshot
  }
  /** Remembered for as long as a tick; a large fleet takes longer to read and is read less often. */
  const current = (): Promise<Snapshot> => {
    const everyMs = Math.max(WALL_LIMITS.tickMs, tookMs / WALL_LIMITS.tickShare)
    const ageMs = newest === null ? Infinity : clock() - newest.sinceMs
    if (newest !== null && ageMs >= 0 && ageMs < everyMs) return newest.value
    const entry = { sinceMs: clock(), value: read() }
    newest = entry
    entry.value.catch(() => {
      if (newest === entry) newest = null
    })
    return entry.value
  }
  return {
    async layout() {
      const at = await plans()
      return { stamp: at.layout.stamp, packed: await packedLayouts(at) }
    },
    async ids() {
      const at = await plans()
      return { stamp: at.layout.stamp, packed: await packedIds(at) }
    },
    async now(since) {
      const snapshot = await current()
      const base = snapshots.find(
        ({ stamp, head }) => stamp === since && head.layoutStamp === snapshot.head.layoutStamp,
      )
      const key = base?.stamp ?? null
      const known = packedSince.get(key)
      if (known !== undefined) return known
      const made = pack(encodeSince(snapshot, base))
      packedSince.set(key, made)
      return made
    },
    async minute(asked) {
      const atMs = floorMinute(asked)
      const { firstMinuteMs, settledUntilMs } = await deps.published()
      if (
        firstMinuteMs === null ||
        settledUntilMs === null ||
        atMs < firstMinuteMs ||
        atMs >= settledUntilMs
      ) {
        const range =
          firstMinuteMs === null || settledUntilMs === null
            ? 'nothing is settled yet'
            : `what is settled reaches from ${iso(firstMinuteMs)} to ${iso(settledUntilMs)}`
        throw new PlimsollError(
          'E_RANGE_INVALID',
          `the minute ${iso(atMs)} is not settled: ${range}`,
        )
      }
      const [at, { caps, head }] = await Promise.all([plans(), current()])
      const { data, elsewhere } = await minutes.read(at, caps, atMs)
      return minutes.pack(at, atMs, () =>
        encodeWall(
          {
            source: 'settled',
            layoutStamp: at.layout.stamp,
            stamp: 0,
            atMs,
            elsewhere,
            settledAtMs: head.settledAtMs,
          },
          data,
        ),
      )
    },
  }
}

/** Only what changed where that is known and shorter. */
function encodeSince(
  { head, data }: Snapshot,
  base: Snapshot | undefined,
): Uint8Array<ArrayBuffer> {
  if (base === undefined) return encodeWall(head, data)
  const changes = wallChanges(base.data, data)
  const isShorter =
    changes.length * (4 + WALL_COLUMNS.length) < data.state.length * WALL_COLUMNS.length
  return isShorter ? encodeWallDelta(head, data, changes) : encodeWall(head, data)
}

async function readPlan({ reader, clock, models, documents, simulated, published }: WallDeps) {
  const nowMs = clock()
  const [rows, prices, { firstMinuteMs }] = await Promise.all([
    wallPlaces.run(reader, { now_ms: nowMs }),
    pricesOf(documents),
    published(),
  ])
  return wallPlan({ rows, models, prices, nowMs, simulated, settledFromMs: firstMinuteMs })
}

/** Without the journal the wall stands; what it says of money is unknown then. */
async function pricesOf(documents: WallDeps['documents']): Promise<PriceBook | null> {
  try {
    return priceBook((await documents()).prices)
  } catch (error) {
    if (error instanceof PlimsollError && error.code === 'E_JOURNAL_AWAY') return null
    throw error
  }
}

type Minute = ReturnType<typeof minuteWall>

/** Settled minutes by their beginning, of the layout they were asked for last. */
function createMinutes({ reader, clock }: WallDeps) {
  interface Kept {
    readonly stamp: WallLayout['stamp']
    readonly sinceMs: number
    readonly value: Promise<Minute>
    packed: Promise<Packed> | null
  }
  const kept = new Map<number, Kept>()
  const read = async (plan: WallPlan, caps: Float32Array, atMs: number): Promise<Minute> => {
    const [row] = await wallMinute.run(reader, { bucket_s: atMs / 1000 })
    if (row === undefined) throw new PlimsollError('E_INTERNAL', 'the store answered no row')
    return minuteWall(plan, row, caps)
  }
  return {
    read(plan: WallPlan, caps: Float32Array, atMs: number): Promise<Minute> {
      const known = kept.get(atMs)
      const isFresh = known !== undefined && clock() - known.sinceMs < WALL_LIMITS.minutesMs
      if (known !== undefined && isFresh && known.stamp === plan.layout.stamp) return known.value
      const value = read(plan, caps, atMs)
      const entry: Kept = { stamp: plan.layout.stamp, sinceMs: clock(), value, packed: null }
      kept.delete(atMs)
      kept.set(atMs, entry)
      const [oldest] = kept.keys()
      if (kept.size > WALL_LIMITS.minutes && oldest !== undefined) kept.delete(oldest)
      value.catch(() => {
        if (kept.get(atMs) === entry) kept.delete(atMs)
      })
      return value
    },
    pack(plan: WallPlan, atMs: number, encode: () => Uint8Array): Promise<Packed> {
      const entry = kept.get(atMs)
      if (entry === undefined || entry.stamp !== plan.layout.stamp) return pack(encode())
      entry.packed ??= pack(encode())
      return entry.packed
    },
  }
}

/** What was made of the newest plan. */
function byKey(make: (plan: WallPlan) => Promise<Packed>) {
  let made: { readonly stamp: number; readonly value: Promise<Packed> } | null = null
  return (plan: WallPlan): Promise<Packed> => {
    if (made?.stamp !== plan.layout.stamp) made = { stamp: plan.layout.stamp, value: make(plan) }
    return made.value
  }
}

/** Values of a moment are packed for seconds only: at the fastest level. */
async function pack(plain: Uint8Array, level = 1): Promise<Packed> {
  return { plain, gzipped: await compress(plain, { level }) }
}
