import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEALTH_CODES } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { interpret } from './interpret.ts'
import {
  type SimulatedNpu,
  type SimulatedTool,
  renderCommand,
  writeBoard,
  writeInfoMapping,
  writeNpuSmiInfo,
  writeUsages,
} from './simulate.ts'

const MIB = 1_048_576
const percent = fc.option(fc.integer({ min: 0, max: 100 }))
const hexGroup = fc.nat(0xffffffff).map((word) => word.toString(16).toUpperCase().padStart(8, '0'))

const chip = fc.record({
  health: fc.constantFrom('OK', 'Warning', 'Alarm', 'Critical', 'UNKNOWN'),
  errorCodes: fc.uniqueArray(hexGroup, { maxLength: 3 }),
  powerWatts: fc.option(fc.integer({ min: 1, max: 9999 }).map((tenths) => tenths / 10)),
  temperatureCelsius: fc.option(fc.integer({ min: 1, max: 110 })),
  aicorePercent: percent,
  memoryUsedMb: fc.nat(65_536),
  memoryTotalMb: fc.constantFrom(32_768, 65_536, 131_072),
  hugepages: fc.record({ used: fc.nat(99), total: fc.integer({ min: 100, max: 99_999 }) }),
  processes: fc.array(
    fc.record({ pid: fc.nat(4_194_304), name: fc.string(), memoryMb: fc.nat(65_536) }),
    { maxLength: 10 },
  ),
  vdie: fc.option(fc.array(hexGroup, { minLength: 5, maxLength: 5 })),
  npuUtilPercent: percent,
  aicubePercent: percent,
  aivectorPercent: percent,
  hbmBandwidthPercent: percent,
})

interface Host {
  readonly tool: SimulatedTool
  readonly devices: SimulatedNpu[]
}

/** Hosts as the tool lists them: 910B cards of one chip, or A3 packages of two dies. */
const host: fc.Arbitrary<Host> = fc
  .record({
    layout: fc.constantFrom(5, 6, 8),
    isA3: fc.boolean(),
    processBox: fc.boolean(),
    chips: fc.array(chip, { minLength: 1, maxLength: 16 }),
  })
  .map(({ layout, isA3, processBox, chips }): Host => {
    const dies = layout === 6 || (layout === 8 && isA3) ? 2 : 1
    const devices = chips.map((each, index): SimulatedNpu => {
      const bus = (0x81 + index).toString(16).toUpperCase()
      return {
        ...each,
        npu: Math.floor(index / dies),
        chip: index % dies,
        phyId: index,
        name: dies === 2 ? 'Ascend910' : '910B3',
        bus: `0000:${bus}:00.0`,
        powerWatts: index % dies === 0 ? each.powerWatts : null,
        processes: each.processes.map((process) => ({
          ...process,
          name: process.name.replaceAll(/[|\r\n]/g, ''),
        })),
      }
    })
    const tool = { layout, toolVersion: '25.9.9', driverVersion: '25.9.8', processBox } as const
    return { tool, devices }
  })

const read = (text: string) => interpret(new TextEncoder().encode(text))
const ratio = (value: number | null) => (value === null ? null : value / 100)

function expectChip(reading: DeviceReading | undefined, device: SimulatedNpu, tool: SimulatedTool) {
  const health = device.health.toLowerCase()
  expect(reading?.metrics).toEqual({
    health_code:
      health in HEALTH_CODES
        ? Object.entries(HEALTH_CODES).find(([word]) => word === health)?.[1]
        : null,
    power_watts: device.powerWatts,
    temperature_celsius: device.temperatureCelsius,
    aicore_ratio: ratio(device.aicorePercent),
    npu_util_ratio: null,
    memory_used_bytes: device.memoryUsedMb * MIB,
    memory_total_bytes: device.memoryTotalMb * MIB,
    host_memory_used_bytes: device.hugepages.used * 2 * MIB,
    process_count: tool.processBox ? Math.min(device.processes.length, 8) : null,
  })
  expect(reading?.bus).toBe(device.bus)
  expect(reading?.failed).toBeNull()
  expect(reading?.labels).toMatchObject({ tool_version: '25.9.9', driver_version: '25.9.8' })
}

describe('what the simulator writes is what the parser reads', () => {
  it('the box: every value of every chip, in canonical units', () => {
    fc.assert(
      fc.property(host, ({ tool, devices }) => {
        const result = read(writeNpuSmiInfo(devices, tool))
        expect(result.rejectedByReason).toEqual({})
        expect(result.devices).toHaveLength(devices.length)
        devices.forEach((device, index) => expectChip(result.devices[index], device, tool))
      }),
      { numRuns: 100 },
    )
  })

  it('usages: no value leaks from one die to the other', () => {
    fc.assert(
      fc.property(host, ({ devices }) => {
        const card = devices.filter((device) => device.npu === 0)
        const result = read(writeUsages(card))
        expect(result.devices).toHaveLength(card.length)
        card.forEach((device, index) => {
          const metrics = result.devices[index]?.metrics
          expect(metrics?.npu_util_ratio ?? null).toBe(ratio(device.npuUtilPercent))
          expect(metrics?.aicube_ratio ?? null).toBe(ratio(device.aicubePercent))
          expect(metrics?.aivector_ratio ?? null).toBe(ratio(device.aivectorPercent))
          expect(metrics?.memory_bandwidth_active_ratio ?? null).toBe(
            ratio(device.hbmBandwidthPercent),
          )
        })
      }),
      { numRuns: 100 },
    )
  })

  it('board and mapping: the identity of each chip', () => {
    fc.assert(
      fc.property(host, ({ devices }) => {
        const mapped = read(writeInfoMapping(devices)).devices
        expect(mapped).toHaveLength(devices.length)
        for (const device of devices) {
          const [reading] = read(writeBoard(device)).devices
          const vdie = device.vdie?.every((group) => /^0+$/.test(group)) ? null : device.vdie
          const slot = `slot:${device.bus}/${device.chip}`
          expect(reading?.keys).toEqual(vdie ? [`vdie:${vdie.join('-')}`, slot] : [slot])
        }
      }),
      { numRuns: 50 },
    )
  })

  it('a dump of all commands is one device per chip with all values', () => {
    fc.assert(
      fc.property(host, ({ tool, devices }) => {
        const ask = (line: string) =>
          `root@h:~# npu-smi ${line}\n${renderCommand(line.split(' '), devices, tool).stdout}`
        const dump = [
          ask('info'),
          ...devices.flatMap(({ npu, chip: die }) => [
            ask(`info -t board -i ${npu} -c ${die}`),
            ask(`info -t health -i ${npu} -c ${die}`),
          ]),
          ask('info -t usages -i 0'),
        ].join('')
        const result = read(dump)
        expect(result.devices).toHaveLength(devices.length)
        devices.forEach((device, index) => {
          expect(result.devices[index]?.labels['fault_codes'] ?? '').toBe(
            device.errorCodes.join(','),
          )
          expect(result.devices[index]?.metrics.power_watts).toBe(device.powerWatts)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('a card that is not there and a query that is not supported answer like the tool', () => {
    const tool = { layout: 5, toolVersion: '1', driverVersion: '1', processBox: false } as const
    const none = renderCommand(['info', '-t', 'board', '-i', '9'], [], tool)
    expect(none.exitCode).not.toBe(0)
    expect(read(none.stdout).reason).toBe('invalid_card')
  })
})
