import { describe, expect, it } from 'vitest'
import {
  BUCKET_MS,
  createEnergyPlan,
  type EnergyBucket,
  type EnergyPlan,
  type MinutesView,
  REACH_MS,
} from './energy-plan.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000
const at = (bucket: number) => T0 + bucket * BUCKET_MS
const plain = (asOfMs: number): EnergyBucket => ({ asOfMs, bridgedFromMs: 0, bridgedToMs: 0 })
const view = (settledUntilMs: number | null, dirty: readonly number[] = []): MinutesView => ({
  fromMs: T0,
  settledUntilMs,
  isDirty: (ms) => dirty.includes(ms),
})

/** Settles whatever is due; returns the buckets in their order. */
function work(plan: EnergyPlan, minutes: MinutesView, nowMs: number, bucket = plain(nowMs)) {
  const done: [number, string][] = []
  for (let next = plan.next(minutes, nowMs); next !== null; next = plan.next(minutes, nowMs)) {
    plan.done(next, bucket, nowMs)
    done.push([(next.fromMs - T0) / BUCKET_MS, next.reason])
  }
  return done
}

describe('buckets of energy', () => {
  it('are due when their minutes and those that reach into them are settled, the latest first', () => {
    const plan = createEnergyPlan([], new Map())
    expect(plan.next(view(null), T0)).toBeNull()
    expect(plan.next(view(at(1) + REACH_MS - MINUTE), T0)).toBeNull()
    expect(work(plan, view(at(3) + REACH_MS), at(4))).toEqual([
      [2, ''],
      [1, ''],
      [0, ''],
    ])
    expect(plan.next(view(at(3) + REACH_MS), at(4))).toBeNull()
  })

  it('wait for minutes that are to be settled again', () => {
    const plan = createEnergyPlan([], new Map())
    const until = at(1) + REACH_MS
    expect(plan.next(view(until, [at(1) + MINUTE]), until)).toBeNull()
    expect(plan.next(view(until), until)).toMatchObject({ fromMs: T0 })
  })

  it('are due again when a minute in or near them was settled again, and only those', () => {
    const plan = createEnergyPlan([], new Map())
    const settled = view(at(4) + REACH_MS)
    work(plan, settled, at(5))
    plan.settled(at(1) + MINUTE, at(1) + 2 * MINUTE, at(5))
    expect(work(plan, settled, at(5))).toEqual([
      [0, 'minutes settled again'],
      [1, 'minutes settled again'],
    ])
    plan.settled(at(1) + 5 * MINUTE, at(1) + 6 * MINUTE, at(6))
    expect(work(plan, settled, at(6))).toEqual([[1, 'minutes settled again']])
  })

  it('are settled again with what a counter says of them when it came back, together, once', () => {
    const minutes = new Map([[at(3) + 5 * MINUTE, at(4)]])
    const plan = createEnergyPlan(
      [0, 1, 2].map((bucket) => [at(bucket), plain(at(bucket + 1))] as const),
      minutes,
    )
    const settled = view(at(4) + REACH_MS)
    const bridged = {
      asOfMs: at(5),
      bridgedFromMs: at(1) + 10 * MINUTE,
      bridgedToMs: at(3) + MINUTE,
    }
    expect(plan.next(settled, at(5))).toMatchObject({ fromMs: at(3) })
    plan.done({ fromMs: at(3), reason: '' }, bridged, at(5))
    expect(plan.next(settled, at(5) + 14 * MINUTE)).toBeNull()
    expect(work(plan, settled, at(6), { ...bridged, asOfMs: at(6) })).toEqual([
      [1, 'bridged'],
      [2, 'bridged'],
    ])
    expect(work(plan, settled, at(9))).toEqual([])
    // Late rows within the gap change how its energy lies in all of it.
    plan.settled(at(1) + 12 * MINUTE, at(1) + 13 * MINUTE, at(9))
    expect(work(plan, settled, at(9)).map(([bucket]) => bucket)).toEqual([1, 2, 3])
  })

  it('are found again from what is stored after a crash', () => {
    const minutes = new Map([
      [at(0) + 4 * MINUTE, at(1)],
      [at(2) + 4 * MINUTE, at(8)],
      [at(5) + 4 * MINUTE, at(6) + MINUTE],
    ])
    const bridged = { asOfMs: at(7), bridgedFromMs: at(3) + 1, bridgedToMs: at(5) + 1 }
    const stored: [number, EnergyBucket][] = [
      [at(0), plain(at(7))],
      [at(1), plain(at(7))],
      // Read before its minute was settled again.
      [at(2), plain(at(7))],
      // Read before the counter of bucket 5 came back, and after.
      [at(3), plain(at(6))],
      [at(4), plain(at(7))],
      [at(5), bridged],
    ]
    const plan = createEnergyPlan(stored, minutes)
    expect(work(plan, view(at(6) + REACH_MS), at(9))).toEqual([
      [2, 'minutes settled again'],
      [3, 'bridged'],
    ])
  })

  it('are left as they are once their raw samples are gone', () => {
    const plan = createEnergyPlan([[at(0), plain(at(1))]], new Map())
    plan.settled(at(0), at(0) + MINUTE, at(2))
    expect(plan.next({ ...view(at(2)), fromMs: at(1) + MINUTE }, at(9))).toBeNull()
  })
})
