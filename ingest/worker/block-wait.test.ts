import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockWaitMs, rateAfter } from './block-wait.ts'

describe('how long a block is gathered', () => {
  it('is short for a small fleet, twice that for a large one, and grows in between', () => {
    // 2,048 devices every 10 s; 50,000 every 10 s; 50,000 every second.
    expect(blockWaitMs(1_200, 205)).toBe(1_200)
    expect(blockWaitMs(1_200, 5_000)).toBe(1845)
    expect(blockWaitMs(1_200, 50_000)).toBe(2400)
    expect(blockWaitMs(1_200, 0)).toBe(1_200)
  })

  it('never falls when the rate rises, and stays within its bounds', () => {
    const rate = fc.double({ min: 0, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        const [slow, fast] = [Math.min(a, b), Math.max(a, b)]
        expect(blockWaitMs(1_200, slow)).toBeLessThanOrEqual(blockWaitMs(1_200, fast))
        expect(blockWaitMs(1_200, fast)).toBeLessThanOrEqual(2400)
        expect(blockWaitMs(1_200, slow)).toBeGreaterThanOrEqual(1_200)
      }),
    )
  })

  it('follows a rate within a few blocks, and believes no block that took no time', () => {
    let rate = 0
    for (let block = 0; block < 8; block += 1)
      rate = rateAfter(rate, { rows: 8_000, tookMs: 1_600 })
    expect(rate).toBeGreaterThan(4_950)
    expect(rate).toBeLessThan(5_000)
    expect(rateAfter(rate, { rows: 100, tookMs: 0 })).toBe(rate)
  })
})
