import { describe, expect, it } from 'vitest'
import type { MetricValues } from '#schemas/metrics.ts'
import { busyValue, chooseBusy, newPin, updatePin } from './busy.ts'

const MINUTE = 60_000
const START = 1_800_000_000_000 - (1_800_000_000_000 % MINUTE)

/** Feeds rows every 10 s and returns the changes with their moment, s after the start. */
function run(rows: (second: number) => MetricValues, seconds: number, fromMs = START) {
  const pin = newPin()
  const changes: string[] = []
  for (let second = 0; second < seconds; second += 10) {
    const change = updatePin(pin, rows(second), fromMs + second * 1000)
    if (change !== null) changes.push(`${second}: ${change.from} > ${change.to}`)
  }
  return { pin, changes }
}

describe('what busy is measured by', () => {
  it('the best counter of a vendor comes first, and none is none, not idle', () => {
    expect(chooseBusy({ gpu_util_ratio: 0.9, gr_engine_active_ratio: 0 })).toBe('gr_engine_active')
    expect(chooseBusy({ aicore_ratio: 0.1, npu_util_ratio: null })).toBe('aicore')
    expect(chooseBusy({ busy_ratio: 0.4 })).toBe('vendor_util')
    expect(chooseBusy({ sm_active_ratio: 1 })).toBe('none')
    expect(busyValue({}, 'none')).toBeNull()
  })

  it('the first source that speaks is pinned at once and holes do not move it', () => {
    const { pin, changes } = run(
      (second) =>
        second % 60 === 0 ? { gpu_util_ratio: 0.5 } : second % 20 === 0 ? { aicore_ratio: 1 } : {},
      900,
    )
    expect(pin.source).toBe('gpu_util')
    expect(changes).toEqual([])
  })

  it('a better source takes over at a minute boundary, after one whole minute without a break', () => {
    const better = (second: number) => ({
      gpu_util_ratio: 0.5,
      ...(second >= 70 ? { gr_engine_active_ratio: 0.4 } : {}),
    })
    expect(run(better, 600).changes).toEqual(['180: gpu_util > gr_engine_active'])
    const flickering = (second: number) => ({
      gpu_util_ratio: 0.5,
      ...(second % 30 === 0 ? {} : { gr_engine_active_ratio: 0.4 }),
    })
    expect(run(flickering, 600).changes).toEqual([])
  })

  it('a silent source is replaced at a minute boundary, after three minutes', () => {
    const lost = (second: number) => ({
      aicore_ratio: 0.3,
      ...(second < 95 ? { npu_util_ratio: 0.5 } : {}),
    })
    expect(run(lost, 600).changes).toEqual(['300: npu_util > aicore'])
  })

  it('a change never happens inside a minute, wherever the rows start', () => {
    for (let shift = 0; shift < 60; shift += 10) {
      const fromMs = START + shift * 1000
      const { changes } = run(
        (second) => ({ gpu_util_ratio: 1, ...(second > 130 ? { gr_engine_active_ratio: 1 } : {}) }),
        600,
        fromMs,
      )
      const second = Number.parseInt(changes[0] ?? '', 10)
      expect((fromMs + second * 1000) % MINUTE).toBe(0)
      expect(changes).toHaveLength(1)
    }
  })

  it('an hour of silence of the whole device is no reason to change', () => {
    const pin = newPin()
    updatePin(pin, { npu_util_ratio: 0.5 }, START)
    expect(updatePin(pin, { aicore_ratio: 0.5 }, START + 60 * MINUTE)).toBeNull()
    expect(pin.source).toBe('npu_util')
  })
})
