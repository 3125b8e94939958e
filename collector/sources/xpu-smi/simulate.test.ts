import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { recognize } from './recognize.ts'
import { type SimulatedXpu, writeMachineFormat, writeXpuSmi } from './simulate.ts'

const MIB = 1_048_576
const bytes = (text: string) => new TextEncoder().encode(text)

const xpu = fc.record({
  name: fc.constantFrom('P800 OAM', 'R300', 'P800', 'P800 PCIe 96G'),
  utilPercent: fc.nat(100),
  powerWatts: fc.option(fc.integer({ min: 1, max: 500 })),
  powerCapWatts: fc.constantFrom(150, 400),
  temperatureCelsius: fc.option(fc.integer({ min: 1, max: 110 })),
  memoryTemperatureCelsius: fc.nat(110),
  memoryUsedMb: fc.nat(32_768),
  memoryTotalMb: fc.constantFrom(32_768, 98_304),
  eccUncorrected: fc.option(fc.nat(1000)),
  processes: fc.array(
    fc.record({
      pid: fc.nat(4_194_304),
      name: fc.constantFrom('python3 -m server', 'a|b', 'train'),
      memoryMb: fc.nat(32_768),
    }),
    { maxLength: 4 },
  ),
})

const host: fc.Arbitrary<SimulatedXpu[]> = fc
  .array(xpu, { minLength: 1, maxLength: 8 })
  .map((devices) =>
    devices.map((device, at) => ({
      ...device,
      // Indices have gaps where a device was given to somebody else.
      index: at * 2,
      bus: `0000:${(0x50 + at).toString(16)}:00.0`,
      serial: `02K0A${1000 + at}`,
      firmware: '0.4.21',
    })),
  )

const tool = fc.record({
  driverVersion: fc.constantFrom('5.0.21.26', '515.58'),
  runtimeVersion: fc.option(fc.constant('5.0.21')),
  timestamp: fc.option(fc.constant('Wed Jun 25 19:45:10 2025')),
  processBox: fc.boolean(),
  machineFormat: fc.boolean(),
})

describe('what the simulator writes is what the parser reads', () => {
  it('the box of the current tool, with and without a process box', () => {
    fc.assert(
      fc.property(host, tool, (devices, settings) => {
        const text = writeXpuSmi(devices, { ...settings, generation: 'current' })
        const result = interpret(bytes(text))
        expect(recognize(bytes(text))).toBe(1)
        expect(result.rejectedByReason).toEqual({})
        expect(
          result.devices.map(({ index, labels, metrics }) => [
            index,
            labels['printed_model'],
            metrics.busy_ratio,
            metrics.power_watts,
            metrics.power_limit_watts,
            metrics.temperature_celsius,
            metrics.memory_used_bytes,
            metrics.memory_total_bytes,
            metrics.ecc_uncorrected_total,
            metrics.process_count,
          ]),
        ).toEqual(
          devices.map((device) => [
            device.index,
            device.name,
            device.utilPercent / 100,
            device.powerWatts,
            device.powerCapWatts,
            device.temperatureCelsius,
            device.memoryUsedMb * MIB,
            device.memoryTotalMb * MIB,
            device.eccUncorrected,
            settings.processBox ? device.processes.length : null,
          ]),
        )
      }),
      { numRuns: 100 },
    )
  })

  it('the tables of the first generation, which know no power and no temperature', () => {
    fc.assert(
      fc.property(host, tool, (devices, settings) => {
        const text = writeXpuSmi(devices, { ...settings, generation: 'first' })
        const result = interpret(bytes(text))
        expect(result.rejectedByReason).toEqual({})
        expect(
          result.devices.map(({ keys, metrics }) => [
            keys[0],
            metrics.busy_ratio,
            metrics.power_watts,
            metrics.temperature_celsius,
            metrics.memory_used_bytes,
            metrics.process_count,
          ]),
        ).toEqual(
          devices.map((device) => [
            `serial:${device.serial}`,
            device.utilPercent / 100,
            null,
            null,
            device.memoryUsedMb * MIB,
            device.processes.length,
          ]),
        )
      }),
      { numRuns: 100 },
    )
  })

  it('the machine format, joined with the box by bus', () => {
    fc.assert(
      fc.property(host, tool, (devices, settings) => {
        const box = writeXpuSmi(devices, { ...settings, generation: 'current' })
        const result = interpret(bytes(box + writeMachineFormat(devices)))
        expect(result.rejectedByReason).toEqual({})
        expect(result.devices.map(({ keys }) => keys)).toEqual(
          devices.map((device) => [`serial:${device.serial}`, `slot:${device.bus}/0`]),
        )
        expect(result.devices.map(({ metrics }) => metrics.memory_temperature_celsius)).toEqual(
          devices.map(({ memoryTemperatureCelsius }) =>
            memoryTemperatureCelsius === 0 ? null : memoryTemperatureCelsius,
          ),
        )
      }),
      { numRuns: 100 },
    )
  })
})

describe('damage', () => {
  it('a box cut anywhere gives no value that was not printed', () => {
    fc.assert(
      fc.property(host, tool, fc.nat(), (devices, settings, at) => {
        const text = writeXpuSmi(devices, { ...settings, generation: 'current' })
        const { devices: read } = interpret(bytes(text.slice(0, at % text.length)))
        for (const { index, failed, metrics } of read) {
          const device = devices.find((each) => each.index === index)
          expect(device).toBeDefined()
          if (failed === null)
            expect([metrics.busy_ratio, metrics.memory_total_bytes]).toEqual([
              (device?.utilPercent ?? NaN) / 100,
              (device?.memoryTotalMb ?? NaN) * MIB,
            ])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('lines taken out anywhere never give one device the figures of another', () => {
    fc.assert(
      fc.property(
        host,
        tool,
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        (devices, settings, gone) => {
          const lines = writeXpuSmi(devices, { ...settings, generation: 'current' }).split('\n')
          // The header's own lines say what the columns are; borders part the devices.
          const taken = new Set(
            gone.map((at) => 9 + (at % lines.length)).filter((at) => lines[at]?.startsWith('|')),
          )
          const text = lines.filter((_, at) => !taken.has(at)).join('\n')
          for (const { index, failed, metrics } of interpret(bytes(text)).devices) {
            const device = devices.find((each) => each.index === index)
            if (failed === null) expect(metrics.busy_ratio).toBe((device?.utilPercent ?? 0) / 100)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
