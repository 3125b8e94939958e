import { describe, expect, it } from 'vitest'
import { interpretPage } from './interpret.ts'
import { newUnitMemory, type UnitMemory } from './units.ts'

const uuid = (n: number) => `GPU-0a0b0c0d-1111-4222-8333-44445555666${n}`

function readRows(
  rows: readonly (readonly [name: string, ...values: (string | number)[]])[],
  memory: UnitMemory = newUnitMemory(),
  nowMs: number | null = null,
) {
  const text = rows
    .flatMap(([name, ...values]) =>
      values.map((value, n) => `DCGM_FI_${name}{gpu="${n}",UUID="${uuid(n)}"} ${value}\n`),
    )
    .join('')
  const bytes = new TextEncoder().encode(text)
  const { devices, rejectedByReason } = interpretPage(bytes, { memory, nowMs, isCut: false })
  return { metrics: devices.map((device) => device.metrics), rejectedByReason }
}

describe('units of a page', () => {
  it('reads a lone 1 as 1 % under the old name and refuses it under the new one', () => {
    expect(readRows([['DEV_GPU_UTIL', 1]]).metrics[0]?.gpu_util_ratio).toBe(0.01)
    const unclear = readRows([['DEV_GPU_UTIL_RATIO', 1, 0]])
    expect(unclear.metrics.map((m) => m.gpu_util_ratio)).toEqual([null, 0])
    expect(unclear.rejectedByReason).toEqual({ unit_unclear: 1 })
  })

  it('settles a lone 1 by its neighbours, for the whole page', () => {
    const percent = readRows([['DEV_GPU_UTIL_RATIO', 1, 97, 55]])
    expect(percent.metrics.map((m) => m.gpu_util_ratio)).toEqual([0.01, 0.97, 0.55])
    const ratio = readRows([['DEV_GPU_UTIL_RATIO', 1, '0.970000', '0.550000']])
    expect(ratio.metrics.map((m) => m.gpu_util_ratio)).toEqual([1, 0.97, 0.55])
  })

  it('remembers per target what it saw', () => {
    const memory = newUnitMemory()
    readRows([['DEV_GPU_UTIL_RATIO', '0.500000']], memory)
    expect(readRows([['DEV_GPU_UTIL_RATIO', 1]], memory).metrics[0]?.gpu_util_ratio).toBe(1)
    readRows([['DEV_GPU_UTIL_RATIO', 50]], memory)
    expect(readRows([['DEV_GPU_UTIL_RATIO', 1]], memory).metrics[0]?.gpu_util_ratio).toBe(0.01)
  })

  it('loses one garbage value and not its neighbours', () => {
    const read = readRows([['DEV_SM_CLOCK', 4294967295, 1755, 1980, 345]])
    expect(read.metrics.map((m) => m.sm_clock_hertz)).toEqual([null, 1.755e9, 1.98e9, 3.45e8])
    expect(read.rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('does not take one absurd NVLink rate for a change of unit', () => {
    const read = readRows([['DEV_NVLINK_BANDWIDTH_TOTAL', 3_000_000, 312_000]])
    expect(read.metrics.map((m) => m.scaleup_bytes_per_second)).toEqual([null, 3.12e11])
    expect(readRows([['DEV_SM_CLOCK', 4294967295]]).metrics[0]?.sm_clock_hertz).toBeNull()
  })

  it('refuses to guess where a page disagrees with itself', () => {
    const read = readRows([['DEV_FB_USED', 40_000, 41_943_040_000]])
    expect(read.metrics.map((m) => m.memory_used_bytes)).toEqual([null, null])
    expect(read.rejectedByReason).toEqual({ unit_unclear: 2 })
  })

  it('takes bytes and hertz under old names by their range', () => {
    const { metrics } = readRows([
      ['DEV_SM_CLOCK', 1_980_000_000],
      ['DEV_FB_USED', 41_943_040_000],
    ])
    expect(metrics[0]).toMatchObject({ sm_clock_hertz: 1.98e9, memory_used_bytes: 41_943_040_000 })
  })
})

describe('unit of the energy counter', () => {
  const page = (name: string, raw: number, clock: number) =>
    [
      [`DEV_${name}`, raw],
      ['DEV_POWER_USAGE', '500.000000'],
      ['DEV_SM_CLOCK', clock],
    ] as const

  it('is taken from power and time where the name proves nothing', () => {
    const memory = newUnitMemory()
    const name = 'TOTAL_ENERGY_CONSUMPTION'
    const first = readRows(page(name, 1_000_000, 1.98e9), memory, 0)
    expect(first.metrics[0]?.energy_joules_total).toBeNull()
    // 500 W over 30 s are 15,000 J.
    const second = readRows(page(name, 1_015_000, 1.98e9), memory, 30_000)
    expect(second.metrics[0]?.energy_joules_total).toBe(1_015_000)
    const third = readRows(page(name, 1_015_000, 1.98e9), memory, 45_000)
    expect(third.metrics[0]?.energy_joules_total).toBe(1_015_000)
  })

  it('is millijoules under the old name, and stays so when power agrees', () => {
    const memory = newUnitMemory()
    const name = 'TOTAL_ENERGY_CONSUMPTION'
    const first = readRows(page(name, 1_000_000_000, 1980), memory, 0)
    expect(first.metrics[0]?.energy_joules_total).toBe(1_000_000)
    const second = readRows(page(name, 1_015_000_000, 1980), memory, 30_000)
    expect(second.metrics[0]?.energy_joules_total).toBe(1_015_000)
  })

  it('is corrected when a name that says joules counts millijoules', () => {
    const memory = newUnitMemory()
    const name = 'GPU_ENERGY_JOULES_TOTAL'
    readRows(page(name, 1_000_000_000, 1980), memory, 0)
    const second = readRows(page(name, 1_015_000_000, 1980), memory, 30_000)
    expect(second.metrics[0]?.energy_joules_total).toBe(1_015_000)
  })

  it('is not judged over a reset, a stall or less than one refresh', () => {
    const memory = newUnitMemory()
    const name = 'TOTAL_ENERGY_CONSUMPTION'
    for (const [raw, at] of [
      [9_000_000, 0],
      [9_000_000, 15_000],
      [9_000_500, 16_000],
      [1_000, 46_000],
    ] as const) {
      readRows(page(name, raw, 1980), memory, at)
    }
    expect(memory.decided.has('energy')).toBe(false)
  })
})
