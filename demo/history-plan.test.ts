import { describe, expect, it } from 'vitest'
import { planHistory, settleChunks } from './history-plan.ts'

const NOW = Date.UTC(2026, 10, 20, 9, 37, 42)
const HOUR = 3_600_000

describe('the plan of a history', () => {
  it('is whole hours that end with the last whole minute, the last two hours fine, the last day settled', () => {
    expect(planHistory({ nowMs: NOW, days: 7 })).toEqual({
      fromMs: Date.UTC(2026, 10, 13, 9),
      settledFromMs: Date.UTC(2026, 10, 19, 9),
      fineFromMs: Date.UTC(2026, 10, 20, 7, 30),
      toMs: Date.UTC(2026, 10, 20, 9, 37),
    })
  })

  it('of one day is settled at once, and what comes every ten seconds always is', () => {
    const day = planHistory({ nowMs: NOW, days: 1 })
    expect(day.settledFromMs).toBe(day.fromMs)
    const least = planHistory({ nowMs: NOW, days: 1, settledHours: 0 })
    expect(least.settledFromMs).toBeLessThanOrEqual(least.fineFromMs)
    expect(least.settledFromMs % HOUR).toBe(0)
  })
})

describe('pieces to settle', () => {
  it('cover the range, the shorter the larger the fleet', () => {
    const range = { fromMs: 0, toMs: HOUR }
    expect(settleChunks(range, 2048)).toEqual([range])
    const pieces = settleChunks(range, 65_536)
    expect(pieces.length).toBe(20)
    expect(pieces.every(({ fromMs }, i) => fromMs === (pieces[i - 1]?.toMs ?? 0))).toBe(true)
    expect(pieces.at(-1)?.toMs).toBe(HOUR)
    expect(settleChunks(range, 1_000_000).length).toBe(60)
  })
})
