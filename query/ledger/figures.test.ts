import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WATERFALL_STEPS } from '#schemas/api-ledger.ts'
import { LEDGER_STATES } from '#schemas/ledger.ts'
import {
  busyByState,
  type LedgerSums,
  missingFromLedger,
  NO_STATES,
  timeByState,
} from '../state-sums.ts'
import { ledgerFigures, waterfallOf } from './figures.ts'
import { lostByLine, lostTime, shortOfTarget } from './money.ts'

/** A fleet's sums, as settling makes them: every state with its busy part, capacity their sum. */
const ms = fc.bigInt({ min: 0n, max: 10n ** 15n })
const ppm = fc.bigInt({ min: 0n, max: 1_000_000n })
const fleet = fc
  .record({
    failed: ms,
    drained: ms,
    verification: ms,
    unknown: ms,
    unallocated: ms,
    idle: ms,
    work: ms,
    cut: ppm,
    weak: ppm,
    busy: ppm,
    quietBusy: ppm,
    deficit: ppm,
  })
  .map((f): LedgerSums => {
    const part = (whole: bigint, share: bigint) => (whole * share) / 1_000_000n
    const work = f.work * 1000n
    const throttled = part(work, f.cut)
    const inefficient = part(work - throttled, f.weak)
    const productive = work - throttled - inefficient
    const states = {
      ...NO_STATES,
      failed_ms: f.failed,
      drained_ms: f.drained,
      unknown_ms: f.unknown,
      unallocated_ms: f.unallocated,
      idle_held_ms: f.idle,
      throttled_ms_x1000: throttled,
      inefficient_ms_x1000: inefficient,
      inefficient_lost_ms_x1000: part(inefficient, f.deficit),
      productive_ms_x1000: productive,
      busy_unallocated_ms_x1000: part(f.unallocated * 1000n, f.quietBusy),
      busy_idle_held_ms_x1000: part(f.idle * 1000n, f.quietBusy),
      busy_throttled_ms_x1000: part(throttled, f.busy),
      busy_inefficient_ms_x1000: part(inefficient, f.busy),
    }
    const busyX1000 =
      states.busy_unallocated_ms_x1000 +
      states.busy_idle_held_ms_x1000 +
      states.busy_throttled_ms_x1000 +
      states.busy_inefficient_ms_x1000 +
      part(productive, f.busy)
    const known = f.failed + f.drained + f.unallocated + f.idle + f.work
    const capacity = known + f.verification + f.unknown
    return { capacity, verification: f.verification, known, busyX1000, states }
  })

describe('any fleet', () => {
  test('has nine states that sum to capacity and busy parts that sum to busy', () => {
    fc.assert(
      fc.property(fleet, (sums) => {
        expect(missingFromLedger(sums)).toBe(0n)
        const busy = busyByState(sums)
        const times = timeByState(sums)
        const total = LEDGER_STATES.reduce((sum, state) => sum + busy[state], 0n)
        expect(total).toBe(sums.busyX1000)
        for (const state of LEDGER_STATES) expect(busy[state]).toBeLessThanOrEqual(times[state])
      }),
    )
  })

  test('has a waterfall whose steps end at busy, to the last thousandth of a millisecond', () => {
    fc.assert(
      fc.property(fleet, (sums) => {
        const times = waterfallOf(sums)
        const steps = WATERFALL_STEPS.map((step) => times[step])
        const last = steps.at(-1)
        expect(steps.slice(0, -1).reduce((sum, time) => sum + time, 0n)).toBe(last)
        expect(last).toBe(sums.busyX1000)
        const busy = busyByState(sums)
        expect(times.busy_while_quiet).toBe(busy.unallocated + busy.idle_held)
      }),
    )
  })

  test('loses no second twice: the lines are never more than capacity that is not verified', () => {
    fc.assert(
      fc.property(fleet, (sums) => {
        expect(lostTime(sums)).toBeLessThanOrEqual((sums.capacity - sums.verification) * 1000n)
        const lines = Object.values(lostByLine(sums))
        expect(lines.every((time) => time >= 0n)).toBe(true)
      }),
    )
  })
})

const sumsOf = (more: Partial<LedgerSums>): LedgerSums => ({
  capacity: 0n,
  verification: 0n,
  known: 0n,
  busyX1000: 0n,
  states: NO_STATES,
  ...more,
})
const HOUR = 3_600_000n

describe('numbers that others got wrong', () => {
  test('eight busy devices are 100 %, not their ratio divided by eight', () => {
    const states = { ...NO_STATES, productive_ms_x1000: 8n * HOUR * 1000n }
    const busyX1000 = 8n * HOUR * 1000n
    const { utilization } = ledgerFigures(
      sumsOf({ capacity: 8n * HOUR, known: 8n * HOUR, busyX1000, states }),
      {},
    )
    expect(utilization).toBe(1)
  })

  test('time nobody knows is neither idle nor a loss: 24 h of silence cost nothing', () => {
    const capacity = 24n * HOUR
    const sums = sumsOf({ capacity, states: { ...NO_STATES, unknown_ms: capacity } })
    expect(lostTime(sums)).toBe(0n)
    expect(shortOfTarget(sums)).toBe(0n)
    expect(ledgerFigures(sums, {})).toMatchObject({
      utilization: null,
      util_lo: 0,
      util_hi: 1,
      coverage: 0,
      ledger: { unknown: 86_400, idle_held: 0 },
    })
  })

  test('a fleet above the target is ahead of it, with a sign', () => {
    const known = 10n * HOUR
    const states = { ...NO_STATES, productive_ms_x1000: known * 1000n }
    const sums = sumsOf({ capacity: known, known, busyX1000: 9n * HOUR * 1000n, states })
    expect(shortOfTarget(sums)).toBe((-3n * HOUR * 1000n) / 2n)
  })
})
