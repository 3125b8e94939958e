import { describe, expect, it } from 'vitest'
import type { MetricValues } from '#schemas/metrics.ts'
import { interpretPage } from './interpret.ts'
import { newUnitMemory, type UnitMemory } from './units.ts'

const START_MS = 1_700_000_000_000

type Rows = Readonly<Record<string, number | string>>

/** One GPU, one page, at a second after the first. */
function read(rows: Rows, memory: UnitMemory, second: number) {
  const text = Object.entries(rows)
    .map(
      ([name, value]) =>
        `DCGM_FI_DEV_${name}{gpu="0",UUID="GPU-0a0b0c0d-1111-4222-8333-444455556661"} ${value}\n`,
    )
    .join('')
  const bytes = new TextEncoder().encode(text)
  const nowMs = START_MS + second * 1000
  const { devices, rejectedByReason } = interpretPage(bytes, { memory, nowMs, isCut: false })
  return { metrics: devices[0]?.metrics ?? {}, rejectedByReason }
}

function series(pages: readonly Rows[], of: keyof MetricValues, everyS = 30) {
  const memory = newUnitMemory()
  return pages.map((rows, at) => read(rows, memory, at * everyS).metrics[of])
}

describe('counters that are sums', () => {
  it('adds all kinds of NVLink errors that a page gives, and is null when it gives none', () => {
    const all = {
      NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL: 1,
      NVLINK_CRC_DATA_ERROR_COUNT_TOTAL: 2,
      NVLINK_REPLAY_ERROR_COUNT_TOTAL: 4,
      NVLINK_RECOVERY_ERROR_COUNT_TOTAL: 8,
      NVLINK_COUNT_RX_ERRORS: 16,
      NVLINK_COUNT_RX_SYMBOL_ERRORS: 32,
    }
    expect(series([all], 'scaleup_errors_total')).toEqual([63])
    expect(series([{ NVLINK_COUNT_RX_ERRORS: 'N/A' }], 'scaleup_errors_total')).toEqual([null])
    expect(series([{ POWER_USAGE: 300 }], 'scaleup_errors_total')).toEqual([undefined])
  })

  it('counts recoveries once where a board gives both counters of them', () => {
    const both = { NVLINK_RECOVERY_ERROR_COUNT_TOTAL: 3, NVLINK_COUNT_LINK_RECOVERY_EVENTS: 5 }
    expect(series([both], 'scaleup_errors_total')).toEqual([3])
    expect(series([{ NVLINK_RECOVERY_EVENT_TOTAL: 5 }], 'scaleup_errors_total')).toEqual([5])
  })

  it('a part that drops out leaves a hole, not a fall and a rise by all it had counted', () => {
    const both = { NVLINK_COUNT_RX_ERRORS: 100, NVLINK_COUNT_RX_SYMBOL_ERRORS: 5 }
    const short = { NVLINK_COUNT_RX_SYMBOL_ERRORS: 5 }
    expect(series([both, short, both], 'scaleup_errors_total')).toEqual([105, null, 105])
  })

  it('a part that stays away was taken out of the field list: the rest counts on', () => {
    const both = { NVLINK_COUNT_RX_ERRORS: 100, NVLINK_COUNT_RX_SYMBOL_ERRORS: 5 }
    const short = { NVLINK_COUNT_RX_SYMBOL_ERRORS: 6 }
    expect(series([both, short, short, short, short, short], 'scaleup_errors_total')).toEqual([
      105,
      null,
      null,
      null,
      6,
      6,
    ])
  })

  it('heat is software plus hardware slowdown; one that never happened may be absent', () => {
    const hardware = { CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN_NS: 2_000_000_000 }
    const both = { ...hardware, CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN_NS: 500_000_000 }
    expect(series([hardware, both], 'throttle_thermal_seconds_total')).toEqual([2, 2.5])
  })

  it('heat is the older whole counter where the page has not both newer ones', () => {
    const whole = { THERMAL_VIOLATION: 7_000_000_000 }
    const some = { ...whole, CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN_NS: 2_000_000_000 }
    expect(series([whole, some], 'throttle_thermal_seconds_total')).toEqual([7, 7])
  })

  it('retired pages are those of single-bit and of double-bit errors', () => {
    expect(series([{ RETIRED_SBE: 4, RETIRED_DBE: 1 }], 'retired_pages_total')).toEqual([5])
    expect(series([{ PAGE_RETIRED_DBE_TOTAL: 1 }], 'retired_pages_total')).toEqual([1])
  })
})

describe('throttle counters', () => {
  const cap = (seconds: number) => ({ CLOCKS_EVENT_REASON_SW_POWER_CAP_NS: seconds * 1e9 })

  it('gain at most a second per second, give or take one collect interval', () => {
    expect(series([cap(100), cap(130), cap(145)], 'throttle_power_seconds_total')).toEqual([
      100, 130, 145,
    ])
  })

  it('are refused where they gain more: the unit is not the one we think', () => {
    const memory = newUnitMemory()
    read(cap(100), memory, 0)
    const steep = read(cap(30_100), memory, 30)
    expect(steep.metrics.throttle_power_seconds_total).toBeNull()
    expect(steep.rejectedByReason).toEqual({ slope_too_steep: 1 })
    const next = read(cap(160), memory, 60)
    expect(next.metrics.throttle_power_seconds_total).toBe(160)
    expect(next.rejectedByReason).toEqual({})
  })

  it('may stand still for long and then catch up with what passed', () => {
    const memory = newUnitMemory()
    read(cap(100), memory, 0)
    read(cap(100), memory, 300)
    expect(read(cap(400), memory, 330).metrics.throttle_power_seconds_total).toBe(400)
  })

  it('may fall: the driver was loaded anew', () => {
    expect(series([cap(5000), cap(2)], 'throttle_power_seconds_total')).toEqual([5000, 2])
  })

  it('of a captured page are taken as they are: nothing tells how much time passed', () => {
    const memory = newUnitMemory()
    const text =
      'DCGM_FI_DEV_POWER_VIOLATION{gpu="0",UUID="GPU-0a0b0c0d-1111-4222-8333-444455556661"} 9e12\n'
    const page = { memory, nowMs: null, isCut: false }
    for (let at = 0; at < 2; at++) {
      const { devices } = interpretPage(new TextEncoder().encode(text), page)
      expect(devices[0]?.metrics.throttle_power_seconds_total).toBe(9000)
    }
    expect(memory.counters.size).toBe(0)
  })
})

it('the memory of counters is bounded', () => {
  const memory = newUnitMemory()
  const rows = Array.from(
    { length: 400 },
    (_, n) =>
      `DCGM_FI_DEV_POWER_USAGE{gpu="${n}",UUID="GPU-${String(n).padStart(8, '1')}-1111-4222-8333-444455556661"} 100\n`,
  )
  const bytes = new TextEncoder().encode(rows.join(''))
  interpretPage(bytes, { memory, nowMs: START_MS, isCut: false })
  expect(memory.counters.size).toBe(256)
})
