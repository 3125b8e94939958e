import { describe, expect, it } from 'vitest'
import { cellOf, nextReadMs, spreadOffset } from './schedule.ts'

describe('when a target is read', () => {
  it('always at the same place of its cell, away from the edges', () => {
    for (const intervalMs of [1000, 10_000, 60_000])
      for (let i = 0; i < 500; i++) {
        const offset = spreadOffset(`h2-r01-n${i}`, intervalMs)
        expect(offset).toBe(spreadOffset(`h2-r01-n${i}`, intervalMs))
        expect(offset).toBeGreaterThanOrEqual(intervalMs * 0.049)
        expect(offset).toBeLessThan(intervalMs * 0.86)
      }
  })

  it('a fleet is spread evenly: no tenth of the span holds more than a seventh of 6,250 nodes', () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let rack = 0; rack < 125; rack++)
      for (let node = 0; node < 50; node++) {
        const part = (spreadOffset(`h2-r${rack}-n${node}`, 15_000) / 15_000 - 0.05) / 0.8
        tenths[Math.floor(part * 10)] = (tenths[Math.floor(part * 10)] ?? 0) + 1
      }
    expect(Math.max(...tenths)).toBeLessThan(6250 / 7)
    expect(Math.min(...tenths)).toBeGreaterThan(6250 / 14)
  })

  it('the next read is in this cell while its place lies ahead, else in the next', () => {
    expect(cellOf(25_999, 10_000)).toBe(20_000)
    expect(nextReadMs(21_000, 10_000, 3000)).toBe(23_000)
    expect(nextReadMs(23_000, 10_000, 3000)).toBe(23_000)
    expect(nextReadMs(23_001, 10_000, 3000)).toBe(33_000)
  })
})
