import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PinChange } from './collector/busy.ts'
import { createMerger, type DeviceRow } from './collector/merge.ts'
import { T0, targetRead } from './collector/read.testing.ts'
import dcgm from './collector/sources/dcgm-exporter/source.ts'
import npuSmi from './collector/sources/npu-smi/source.ts'
import { toTarget } from './collector/targets/target.ts'
import { percent } from './dashboard/src/lib/format.ts'
import { zoneOf } from './dashboard/src/lib/zones.ts'
import { emptySums, fleetGroup, type Sums } from './query/sums.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'

/**
 * Numbers that others got wrong (DEFINITIONS section 10), followed from a vendor's page to the fleet's
 * figure as far as that needs neither a store nor a bus.
 */

const uuid = (gpu: number) => `GPU-5ca1ab1e-0000-4000-8000-0000000000${10 + gpu}`
const row = (field: string, gpu: number, value: string | number, more = '') =>
  `DCGM_FI_${field}{gpu="${gpu}",UUID="${uuid(gpu)}",device="nvidia${gpu}",modelName="NVIDIA H100 80GB HBM3"${more}} ${value}\n`
const gpus = (count: number, line: (gpu: number) => string) =>
  Array.from({ length: count }, (_, gpu) => line(gpu)).join('')
const readPage = (page: string) => dcgm.interpret(new TextEncoder().encode(page))

function newFleet() {
  const changes: PinChange[] = []
  const merger = createMerger({
    config: { cluster: 'alpha', labels: { hall: '', rack: '', pool: '' }, nodeLabels: new Map() },
    orderOf: () => 0,
    onPinChange: (_, __, change) => changes.push(change),
  })
  /** One read of one exporter, 15 s after the one before. */
  const read = (tick: number, page: string) =>
    merger.accept(
      targetRead(T0 + tick * 15_000, readPage(page).devices, {
        source: 'dcgm-exporter',
        target: toTarget('n1:9400', {}, 'me'),
        intervalMs: 15_000,
      }),
    )
  return { merger, changes, read }
}

/** What a minute of these rows adds up to when each speaks for all of it. */
function minuteOf(rows: readonly DeviceRow[]): Sums {
  const sums = emptySums()
  for (const { metrics } of rows) {
    const busy = metrics.busy_ratio ?? null
    sums.capacity += 60_000n
    if (busy === null) continue
    sums.known += 60_000n
    sums.busyX1000 += BigInt(Math.round(busy * 1e6)) * 60n
  }
  return sums
}
const figuresOf = (rows: readonly DeviceRow[]) => fleetGroup({}, rows.length, minuteOf(rows))
const busyOf = (rows: readonly DeviceRow[]) => rows.map(({ metrics }) => metrics.busy_ratio)
const sourcesOf = (rows: readonly DeviceRow[]) =>
  new Set(rows.map(({ busySource }) => BUSY_SOURCES[busySource]))

describe('ratios and percents', () => {
  it('eight busy GPUs are 100 %, not an eighth of it', () => {
    const page = gpus(8, (gpu) => row('PROF_GR_ENGINE_ACTIVE', gpu, '1.000000'))
    const { rows } = newFleet().read(0, page)
    expect(busyOf(rows)).toEqual(Array.from({ length: 8 }, () => 1))
    expect(figuresOf(rows)).toMatchObject({ devices: 8, utilization: 1, coverage: 1 })
    expect(percent(figuresOf(rows).utilization, 'en')).toMatch(/^100\.0/)
  })

  it('30 % and 0.3 are one number on one scale, and 30 is no ratio', () => {
    const page = row('DEV_GPU_UTIL', 0, 30) + row('PROF_GR_ENGINE_ACTIVE', 0, '0.300000')
    const [device] = readPage(page).devices
    expect(device?.metrics).toMatchObject({ gpu_util_ratio: 0.3, gr_engine_active_ratio: 0.3 })
    expect(zoneOf(0.3)).toBe('danger')
    expect(percent(0.3, 'en')).toMatch(/^30\.0/)
    const { merger } = newFleet()
    const wrong = readPage(page).devices.map((reading) => ({
      ...reading,
      metrics: { gr_engine_active_ratio: 30 },
    }))
    const { rows, rejected } = merger.accept(targetRead(T0, wrong))
    expect(busyOf(rows)).toEqual([null])
    expect(rejected).toEqual({ 'range:gr_engine_active_ratio': 1 })
  })
})

describe('blanks and garbage', () => {
  it('an int64 or int32 blank is no temperature', () => {
    for (const blank of ['9223372036854775794', '9223372036854775807', '2147483632']) {
      const { devices, rejectedByReason } = readPage(
        row('DEV_GPU_TEMP', 0, blank) + row('DEV_GPU_TEMP', 1, 41),
      )
      expect(devices.map(({ metrics }) => metrics.temperature_celsius)).toEqual([null, 41])
      expect(rejectedByReason).toEqual({ blank_sentinel: 1 })
    }
  })

  it('GPU_UTIL 4294967295 is unknown and is not averaged in', () => {
    const values = [50, 50, 4_294_967_295]
    const page = gpus(3, (gpu) => row('DEV_GPU_UTIL', gpu, values[gpu] ?? 0))
    const { rows } = newFleet().read(0, page)
    expect(busyOf(rows)).toEqual([0.5, 0.5, null])
    const figures = figuresOf(rows)
    expect(figures.utilization).toBe(0.5)
    expect(figures.coverage).toBeCloseTo(2 / 3, 12)
  })

  it('a failed npu-smi query printed as zeros and OK is unknown: not idle, not cold, not healthy', () => {
    const folder = 'collector/sources/npu-smi/testcases/910B3-25.5.1-zero-filled-row'
    const { devices } = npuSmi.interpret(
      readFileSync(join(import.meta.dirname, folder, 'input.txt')),
    )
    const failed = devices.filter((device) => device.failed === 'zero_filled_row')
    expect(failed.length).toBeGreaterThan(0)
    const { rows } = newFleet().merger.accept(targetRead(T0, failed, { source: 'npu-smi' }))
    expect(rows.length).toBe(failed.length)
    for (const { metrics, busySource } of rows) {
      expect(Object.values(metrics).filter((value) => value !== null)).toEqual([])
      expect(BUSY_SOURCES[busySource]).toBe('none')
    }
    expect(figuresOf(rows)).toMatchObject({
      utilization: null,
      util_lo: 0,
      util_hi: 1,
      coverage: 0,
    })
  })
})

describe('two counters under one name', () => {
  const coarse = (gpu: number) => row('DEV_GPU_UTIL', gpu, 66)
  const isFiner = (gpu: number) => gpu < 5

  it('SM activity switched on for half a fleet changes no utilization and no zone', () => {
    const { read, changes } = newFleet()
    for (let tick = 0; tick < 40; tick++) {
      const finer = (gpu: number) =>
        tick >= 8 && isFiner(gpu) ? row('PROF_SM_ACTIVE', gpu, '0.400000') : ''
      const { rows } = read(
        tick,
        gpus(10, (gpu) => coarse(gpu) + finer(gpu)),
      )
      expect(figuresOf(rows).utilization).toBe(0.66)
      expect(sourcesOf(rows)).toEqual(new Set(['gpu_util']))
    }
    expect(changes).toEqual([])
  })

  it('a better busy counter takes over between two minutes, and each device says so once', () => {
    const { read, changes } = newFleet()
    const perMinute = new Map<string, Set<number>>()
    for (let tick = 0; tick < 40; tick++) {
      const finer = (gpu: number) =>
        tick >= 9 && isFiner(gpu) ? row('PROF_GR_ENGINE_ACTIVE', gpu, '0.400000') : ''
      for (const { device, tickMs, busySource } of read(
        tick,
        gpus(10, (gpu) => coarse(gpu) + finer(gpu)),
      ).rows) {
        const minute = `${device.keys[0]} ${Math.floor(tickMs / 60_000)}`
        perMinute.set(minute, (perMinute.get(minute) ?? new Set()).add(busySource))
      }
    }
    expect([...perMinute.values()].filter((sources) => sources.size !== 1)).toEqual([])
    expect(changes).toEqual(
      Array.from({ length: 5 }, () => ({ from: 'gpu_util', to: 'gr_engine_active' })),
    )
  })
})

describe('one device, counted once', () => {
  it('an exporter pod that restarts under another name brings no phantom GPUs', () => {
    const { read, merger } = newFleet()
    const of = (pod: string) =>
      gpus(8, (gpu) => row('DEV_GPU_UTIL', gpu, 50, `,Hostname="dcgm-exporter-${pod}"`))
    const before = read(0, of('x7k2p')).rows
    const after = read(1, of('q9d4z'))
    expect(after.replaced).toEqual([])
    expect(merger.deviceCount()).toBe(8)
    const names = (rows: readonly DeviceRow[]) =>
      rows.map(({ device }) => [device.keys[0], device.node])
    expect(names(after.rows)).toEqual(names(before))
  })

  it('copies of a shared GPU, one per pod, are one device with one power', () => {
    const pods = ['a', 'b', 'c'].map((pod) => `,namespace="team",pod="${pod}",container="main"`)
    const page = pods
      .map((pod) => row('DEV_POWER_USAGE', 0, '310.5', pod) + row('DEV_GPU_UTIL', 0, 40, pod))
      .join('')
    const { rows } = newFleet().read(0, page)
    expect(rows.map(({ metrics }) => metrics.power_watts)).toEqual([310.5])
    expect(busyOf(rows)).toEqual([0.4])
  })

  it('the power of a board that is copied to each MIG instance is counted once', () => {
    const slices = [1, 2].map((id) => `,GPU_I_PROFILE="3g.40gb",GPU_I_ID="${id}"`)
    const page = slices
      .map(
        (slice) =>
          row('DEV_POWER_USAGE', 0, '420.0', slice) +
          row('PROF_GR_ENGINE_ACTIVE', 0, '1.000000', slice),
      )
      .join('')
    const { rows } = newFleet().read(0, page)
    expect(rows).toHaveLength(3)
    const watts = rows.flatMap(({ metrics }) => metrics.power_watts ?? [])
    expect(watts).toEqual([420])
    const [board] = rows.filter(({ device }) => device.partition === null)
    expect(board?.metrics.busy_ratio).toBeCloseTo(6 / 7, 12)
  })
})
