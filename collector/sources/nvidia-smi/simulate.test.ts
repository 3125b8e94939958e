import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { interpret, interpretOutput } from './interpret.ts'
import { parseList } from './parse-list.ts'
import { createRefusals } from './refusals.ts'
import { SIMULATED_COLUMNS, writeNvidiaSmiCsv } from './simulate-csv.ts'
import {
  renderCommand,
  type SimulatedDriver,
  type SimulatedGpu,
  type SimulatedMig,
  writeNvidiaSmiList,
  writeNvidiaSmiXml,
} from './simulate.ts'

const MIB = 1_048_576
const read = (text: string) => interpret(new TextEncoder().encode(text))

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits - 1}}[1-9a-e]$`))
const uuid = fc
  .tuple(hex(8), hex(4), hex(4), hex(4), hex(12))
  .filter((parts) => new Set(parts.join('')).size > 1)
  .map((parts) => parts.join('-'))
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const cents = (max: number) => fc.integer({ min: 100, max: max * 100 }).map((value) => value / 100)

const mig: fc.Arbitrary<SimulatedMig> = fc.record({
  gpuInstance: fc.integer({ min: 0, max: 13 }),
  computeInstance: fc.constant(0),
  profile: fc.constantFrom('1g.10gb', '2g.20gb', '3g.40gb'),
  uuid: uuid.map((text) => `MIG-${text}`),
  multiprocessors: fc.integer({ min: 1, max: 132 }),
  memoryTotalMib: fc.integer({ min: 4000, max: 80_000 }),
  memoryUsedMib: fc.integer({ min: 0, max: 4000 }),
})

const gpu: fc.Arbitrary<SimulatedGpu> = fc.record({
  index: fc.constant(0),
  model: fc.constantFrom('NVIDIA H100 80GB HBM3', 'NVIDIA L40S', 'Tesla T4', 'NVIDIA <A&B>'),
  architecture: fc.constantFrom('Hopper', 'Ada Lovelace'),
  uuid: uuid.map((text) => `GPU-${text}`),
  serial: fc.stringMatching(/^1[0-9]{12}$/),
  bus: fc.constant(''),
  utilPercent: orNull(fc.integer({ min: 0, max: 100 })),
  memoryUtilPercent: orNull(fc.integer({ min: 0, max: 100 })),
  powerWatts: orNull(cents(900)),
  powerLimitWatts: cents(1000),
  powerLimitMaxWatts: cents(1000),
  temperatureCelsius: fc.integer({ min: 10, max: 95 }),
  memoryTemperatureCelsius: orNull(fc.integer({ min: 10, max: 105 })),
  tlimitCelsius: orNull(fc.integer({ min: -5, max: 60 })),
  slowdownCelsius: fc.integer({ min: 80, max: 98 }),
  smClockMhz: fc.integer({ min: 100, max: 3000 }),
  smClockMaxMhz: fc.integer({ min: 1000, max: 3000 }),
  memoryClockMhz: fc.integer({ min: 400, max: 14_000 }),
  memoryTotalMib: fc.integer({ min: 20_000, max: 190_000 }),
  memoryReservedMib: fc.integer({ min: 0, max: 900 }),
  memoryUsedMib: fc.integer({ min: 0, max: 19_000 }),
  reasons: fc.integer({ min: 0, max: 0x1ff }),
  slowedUs: fc.tuple(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), fc.nat(1e9)),
  eccCorrected: fc.nat(1000),
  eccUncorrected: fc.nat(10),
  rowsRemapped: fc.nat(8),
  isRemapPending: fc.boolean(),
  recoveryAction: fc.constantFrom('None', 'None', 'Reset', 'Drain and Reset'),
  mig: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(mig, {
        minLength: 1,
        maxLength: 7,
        selector: (each) => each.gpuInstance,
      }),
    },
  ),
  processes: fc.array(
    fc.record({
      pid: fc.integer({ min: 1, max: 4_000_000 }),
      name: fc.constantFrom('python', '[Not Found]', 'a <b> & c'),
      memoryMib: fc.nat(1000),
      mig: fc.constant(null),
    }),
    { maxLength: 4 },
  ),
})

const node = fc
  .uniqueArray(gpu, { minLength: 1, maxLength: 8, selector: (each) => each.uuid })
  .map((gpus) =>
    gpus.map((each, index) => ({ ...each, index, bus: `00000000:${10 + index}:00.0` })),
  )
const driver: fc.Arbitrary<SimulatedDriver> = fc.constantFrom(
  { version: '535.183.01', cuda: '12.2', schema: 'v12' },
  { version: '595.80', cuda: '13.2', schema: 'v13' },
)

describe('what the simulator writes is read back', () => {
  it('XML: every value of every GPU, and its MIG devices', () => {
    fc.assert(
      fc.property(node, driver, (gpus, tool) => {
        const result = read(writeNvidiaSmiXml(gpus, tool))
        expect(result.outcome).toBe('ok')
        expect(result.toolLabels['driver_version']).toBe(tool.version)
        const boards = result.devices.filter((device) => device.partition === null)
        expect(boards).toHaveLength(gpus.length)
        gpus.forEach((gpu, at) => {
          const board = boards[at]
          expect(board?.keys[0]).toBe(`uuid:${gpu.uuid}`)
          expect(board?.model).toBe(gpu.model)
          expect(board?.index).toBe(at)
          expect(board?.labels['serial']).toBe(gpu.serial)
          expect(board?.metrics).toMatchObject({
            gpu_util_ratio:
              gpu.utilPercent === null || gpu.mig.length > 0 ? null : gpu.utilPercent / 100,
            power_watts: gpu.powerWatts,
            power_limit_watts: gpu.powerLimitWatts,
            temperature_celsius: gpu.temperatureCelsius,
            memory_temperature_celsius: gpu.memoryTemperatureCelsius,
            temperature_margin_celsius: gpu.tlimitCelsius,
            sm_clock_hertz: gpu.smClockMhz * 1e6,
            memory_used_bytes: gpu.memoryUsedMib * MIB,
            memory_total_bytes: gpu.memoryTotalMib * MIB,
            ecc_corrected_total: gpu.eccCorrected,
            ecc_uncorrected_total: gpu.eccUncorrected,
            process_count: gpu.processes.length,
          })
          expect(board?.metrics.temperature_slowdown_celsius ?? null).toBe(
            gpu.tlimitCelsius === null ? gpu.slowdownCelsius : null,
          )
          if (tool.schema === 'v13') {
            const [power, soft, hard, brake] = gpu.slowedUs
            expect(board?.metrics.throttle_power_seconds_total).toBeCloseTo(power / 1e6, 6)
            expect(board?.metrics.throttle_thermal_seconds_total).toBeCloseTo(
              (soft + hard) / 1e6,
              6,
            )
            expect(board?.metrics.throttle_hardware_seconds_total).toBeCloseTo(brake / 1e6, 6)
          }
          const slices = result.devices.filter((device) => device.parent === board?.keys[0])
          expect(slices.map((slice) => slice.metrics.memory_used_bytes)).toEqual(
            gpu.mig.map((each) => each.memoryUsedMib * MIB),
          )
          const actions = result.events.filter((event) => event.device_key === board?.keys[0])
          expect(actions.length).toBe(gpu.recoveryAction === 'None' ? 0 : 1)
        })
      }),
      { numRuns: 20 },
    )
  })

  it('reasons come back bit by bit, by names in XML and as a mask in CSV', () => {
    fc.assert(
      fc.property(node, driver, (gpus, tool) => {
        const printed = [writeNvidiaSmiXml(gpus, tool), writeNvidiaSmiCsv(gpus, { nounits: true })]
        for (const text of printed) {
          const boards = read(text).devices.filter((device) => device.partition === null)
          expect(boards.map((board) => board.metrics.clock_event_reasons)).toEqual(
            // In XML and -q the order of names is not the order of bits.
            gpus.map((each) => each.reasons),
          )
        }
      }),
      { numRuns: 20 },
    )
  })

  it('CSV: with and without units, in any order of columns, the same devices', () => {
    const order = fc.shuffledSubarray(
      Array.from({ length: SIMULATED_COLUMNS }, (_, at) => at),
      { minLength: SIMULATED_COLUMNS },
    )
    fc.assert(
      fc.property(node, order, (gpus, shuffled) => {
        const plain = read(writeNvidiaSmiCsv(gpus, { nounits: false }))
        const other = read(writeNvidiaSmiCsv(gpus, { nounits: true, order: shuffled }))
        expect(other.devices).toEqual(plain.devices)
        expect(plain.devices.map((device) => device.metrics.power_watts)).toEqual(
          gpus.map((each) => each.powerWatts),
        )
        expect(plain.devices.map((device) => device.metrics.power_limit_watts)).toEqual(
          gpus.map((each) => each.powerLimitWatts),
        )
      }),
      { numRuns: 20 },
    )
  })

  it('-L gives profiles to the MIG devices of the XML', () => {
    fc.assert(
      fc.property(node, driver, (gpus, tool) => {
        const listed = parseList(writeNvidiaSmiList(gpus).split('\n'), createRefusals())
        const xml = new TextEncoder().encode(writeNvidiaSmiXml(gpus, tool))
        const { devices } = interpretOutput(xml, { listed })
        expect(devices.flatMap((device) => device.partition?.profile ?? [])).toEqual(
          gpus.flatMap((each) => each.mig.map((slice) => slice.profile)),
        )
      }),
      { numRuns: 20 },
    )
  })

  it('a node without GPUs and an unknown option answer like the tool', () => {
    const tool = { version: '595.80', cuda: '13.2', schema: 'v13' } as const
    const none = renderCommand(['-q', '-x'], [], tool)
    expect(none.exitCode).toBe(6)
    expect(read(none.stdout).reason).toBe('no_devices_found')
    fc.assert(
      fc.property(node, (gpus) => {
        expect(read(renderCommand(['--frobnicate'], gpus, tool).stdout).reason).toBe(
          'bad_arguments',
        )
        expect(read(renderCommand(['-L'], gpus, tool).stdout).outcome).toBe('ok')
        const csv = renderCommand(['--query-gpu=all', '--format=csv,nounits'], gpus, tool)
        expect(read(csv.stdout).devices).toHaveLength(gpus.length)
      }),
      { numRuns: 10 },
    )
  })
})
