import { describe, expect, it } from 'vitest'
import type { DeviceEnergyGroup } from '#schemas/api-energy-devices.ts'
import { type EnergyPart, shareEnergy } from './cost-energy.ts'

const NO_TIME = {
  failed: 0n,
  drained: 0n,
  verification: 0n,
  unknown: 0n,
  unallocated: 0n,
  idle_held: 0n,
  throttled: 0n,
  inefficient: 0n,
  productive: 0n,
}
const part = (
  pool: string,
  times: Partial<EnergyPart['times']>,
  power: Partial<EnergyPart['power']>,
): EnergyPart => ({
  model: 'H100',
  pool,
  times: { ...NO_TIME, ...times },
  power: { all: 0n, unallocated: 0n, idle_held: 0n, ...power },
})
const measured = (pool: string, kwh: number, coverage: number | null = 1): DeviceEnergyGroup => ({
  key: { model: 'H100', pool },
  kwh,
  capacity_device_hours: 1,
  coverage,
  by_counter: 1,
  by_power: 0,
  bridged: 0,
  resets: 0,
  rejected: 0,
  agreement: null,
})

describe('measured energy by holder and state', () => {
  const parts = [
    // Of 1,000: 100 idle, the rest by time, 3 to 1.
    part('a', { productive: 3n, throttled: 1n, idle_held: 5n }, { all: 1000n, idle_held: 100n }),
    part('a', { unallocated: 7n, unknown: 2n }, { all: 1000n, unallocated: 1000n }),
    part('b', { productive: 1n }, { all: 500n }),
    part('c', { productive: 1n }, { all: 500n }),
    part('d', { productive: 1n }, { all: 0n }),
  ]
  const shares = shareEnergy(parts, [
    measured('a', 40),
    measured('b', 9),
    measured('c', 0, null),
    measured('d', 5),
  ])

  it('goes by power, idle time by its own, and sums to what the counters say', () => {
    expect(shares[0]).toMatchObject({
      idle_held: 2,
      productive: 13.5,
      throttled: 4.5,
      unknown: null,
    })
    expect(shares[1]).toMatchObject({ unallocated: 20, unknown: null, productive: 0 })
    expect(shares[2]?.productive).toBe(9)
    const all = [shares[0], shares[1]].flatMap((one) => Object.values(one ?? {}))
    expect(all.reduce((sum: number, kwh) => sum + (kwh ?? 0), 0)).toBeCloseTo(40, 9)
  })

  it('is not known where nothing measured it, and where no power shares it', () => {
    expect(shares[3]?.productive).toBeNull()
    expect(shares[4]?.productive).toBeNull()
  })
})
