import { describe, expect, it } from 'vitest'
import { cellOf, gatheredOffset, nextReadMs, spreadOffset } from './schedule.ts'

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

  it('gathered places are multiples of the given time, earlier by less than it, and still spread evenly', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 2000; i++) {
      const own = spreadOffset(`pdu-${i}`, 30_000)
      const gathered = gatheredOffset(`pdu-${i}`, 30_000, 500)
      expect(gathered % 500).toBe(0)
      expect(own - gathered).toBeGreaterThanOrEqual(0)
      expect(own - gathered).toBeLessThan(500)
      counts.set(gathered, (counts.get(gathered) ?? 0) + 1)
    }
    expect(counts.size).toBe(48)
    expect(Math.max(...counts.values())).toBeLessThan(2 * (2000 / 48))
  })

  it('intervals that are short beside the time to gather keep their own places', () => {
    for (const intervalMs of [1000, 2000, 9999])
      expect(gatheredOffset('cdu-3', intervalMs, 500)).toBe(spreadOffset('cdu-3', intervalMs))
    expect(gatheredOffset('cdu-3', 10_000, 500) % 500).toBe(0)
    expect(gatheredOffset('cdu-3', 30_000)).toBe(spreadOffset('cdu-3', 30_000))
  })

  it('the next read is in this cell while its place lies ahead, else in the next', () => {
    expect(cellOf(25_999, 10_000)).toBe(20_000)
    expect(nextReadMs(21_000, 10_000, 3000)).toBe(23_000)
    expect(nextReadMs(23_000, 10_000, 3000)).toBe(23_000)
    expect(nextReadMs(23_001, 10_000, 3000)).toBe(33_000)
  })
})
