import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metricDefinition, type MetricName, type MetricValues } from '#schemas/metrics.ts'
import { SIMULATED_METRICS, writeExporterPage, type SimulatedGpu } from './simulate.ts'
import source from './source.ts'

const interpret = (text: string) => source.interpret(new TextEncoder().encode(text))

/** Values the page's number formats can carry exactly: MHz, MiB, whole percents, six decimals. */
function carried(name: MetricName): fc.Arbitrary<number> {
  if (name.endsWith('_hertz')) return fc.integer({ min: 210, max: 9000 }).map((mhz) => mhz * 1e6)
  if (name === 'memory_total_bytes') return mib(1, 200_000)
  if (name.startsWith('memory_') && name.endsWith('_bytes')) return mib(0, 200_000)
  if (name === 'gpu_util_ratio' || name.endsWith('_busy_ratio')) {
    return fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)
  }
  if (name.endsWith('_ratio')) return fc.integer({ min: 0, max: 1e6 }).map((ppm) => ppm / 1e6)
  if (name === 'scaleup_bytes_per_second') {
    return fc.integer({ min: 0, max: 900_000 }).map((mb) => mb * 1e6)
  }
  if (name === 'energy_joules_total') return fc.integer({ min: 1, max: 1e9 })
  if (name.endsWith('_seconds_total')) return fc.integer({ min: 0, max: 1e6 })
  if (name === 'temperature_slowdown_celsius') return fc.integer({ min: 60, max: 110 })
  if (name === 'memory_temperature_celsius') return fc.integer({ min: 1, max: 110 })
  if (name === 'clock_event_reasons') return fc.integer({ min: 0, max: 0x1ff })
  const { min, max } = metricDefinition(name) ?? { min: 0, max: 1 }
  return fc.integer({ min: Math.max(min, 0), max: Math.min(max, 5000) })
}

const mib = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * 1_048_576)

const metrics: fc.Arbitrary<MetricValues> = fc
  .tuple(...SIMULATED_METRICS.map((name) => fc.option(carried(name))))
  .map((drawn) => {
    const values: MetricValues = {}
    for (const [at, name] of SIMULATED_METRICS.entries()) values[name] = drawn[at] ?? null
    return values
  })

const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/)
const fleet: fc.Arbitrary<SimulatedGpu[]> = fc.array(
  fc.record({
    uuid: fc.uuid().map((uuid) => `GPU-${uuid}`),
    model: fc.constantFrom('NVIDIA H100 80GB HBM3', 'NVIDIA H200', 'NVIDIA A100-SXM4-80GB'),
    hostname: fc.constant('h1-r01-n01'),
    driver: fc.constant('570.124.06'),
    metrics,
    holder: fc.option(fc.record({ namespace: word, pod: word, container: word })),
    xid: fc.option(fc.integer({ min: 0, max: 172 })),
    index: fc.constant(0),
    bus: fc.constant(''),
  }),
  { minLength: 1, maxLength: 8 },
)

const placed = (devices: readonly SimulatedGpu[]): SimulatedGpu[] =>
  devices.map((device, index) => ({
    ...device,
    index,
    bus: `0000:${(16 + index).toString(16)}:00.0`,
  }))

describe('a written page', () => {
  it('is read back as it was written, in canonical units', () => {
    fc.assert(
      fc.property(fleet, (drawn) => {
        // Every board has a clock, a power and a memory row: the exporter's default set does.
        const devices = placed(drawn).map((device) => ({
          ...device,
          metrics: { ...device.metrics, sm_clock_hertz: 1.98e9, memory_free_bytes: 1_048_576 * 80 },
        }))
        const read = interpret(writeExporterPage(devices))
        expect(read.rejectedByReason).toEqual({})
        expect(read.devices.map((device) => device.keys[0])).toEqual(
          devices.map((device) => `uuid:${device.uuid}`),
        )
        for (const [at, device] of devices.entries()) {
          const got = read.devices[at]
          expect(got?.bus).toBe(device.bus)
          expect(got?.node).toBe(device.hostname)
          expect(got?.holder).toEqual(device.holder)
          expect(got?.labels['driver_version']).toBe(device.driver)
          expect(got?.metrics.xid_code ?? null).toBe(device.xid)
          for (const name of SIMULATED_METRICS) {
            const written = device.metrics[name] ?? null
            const isDerived = name === 'memory_total_bytes' && written === null
            if (!isDerived) expect([name, got?.metrics[name] ?? null]).toEqual([name, written])
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('carries the same values under the base-unit names', () => {
    const values: MetricValues = {
      sm_clock_hertz: 1.98e9,
      memory_used_bytes: 7.7e10,
      memory_free_bytes: 3_145_728,
      gpu_util_ratio: 1,
      memory_controller_busy_ratio: 0.43,
      power_watts: 655.25,
      energy_joules_total: 91_234_567,
      scaleup_bytes_per_second: 412_004_118_528,
      gr_engine_active_ratio: 0.9812,
    }
    const [device] = placed([
      {
        uuid: 'GPU-0c0d0e0f-1011-4213-9415-161718191a1b',
        index: 0,
        bus: '',
        model: 'NVIDIA H200',
        hostname: 'h2',
        driver: '610.57.04',
        metrics: values,
        holder: null,
        xid: 119,
      },
    ])
    const read = interpret(
      writeExporterPage(device === undefined ? [] : [device], { names: 'base_units' }),
    )
    expect(read.rejectedByReason).toEqual({})
    expect(read.devices[0]?.metrics).toMatchObject({ ...values, xid_code: 119 })
    expect(read.devices[0]?.labels['driver_version']).toBe('610.57.04')
  })

  it('writes MIG instances with the identity of their board', () => {
    const board = {
      uuid: 'GPU-0c0d0e0f-1011-4213-9415-161718191a1c',
      index: 3,
      bus: '0000:9d:00.0',
      model: 'NVIDIA H100 80GB HBM3',
      hostname: 'h1',
      driver: '570.124.06',
      holder: null,
      xid: null,
    }
    const page = writeExporterPage([
      {
        ...board,
        metrics: { power_watts: 300, gr_engine_active_ratio: 0.7 },
        instance: { id: 1, profile: '4g.40gb' },
      },
      {
        ...board,
        metrics: { power_watts: 301, gr_engine_active_ratio: 0 },
        instance: { id: 2, profile: '3g.40gb' },
      },
    ])
    const [parent, ...parts] = interpret(page).devices
    expect(parent?.metrics.power_watts).toBe(300)
    expect(parent?.metrics.gr_engine_active_ratio).toBeCloseTo(0.4, 12)
    expect(parts.map((part) => part.parent)).toEqual([parent?.keys[0], parent?.keys[0]])
    expect(parts.map((part) => part.metrics.power_watts)).toEqual([undefined, undefined])
  })
})
