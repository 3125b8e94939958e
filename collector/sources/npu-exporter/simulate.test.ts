import { expect, it } from 'vitest'
import { type SimulatedChip, writeNpuExporterPage } from './simulate.ts'
import source from './source.ts'

const CHIP: SimulatedChip = {
  id: 3,
  modelName: '910B3-Ascend-V1',
  vdie: '0A1B2C3D-11223344-55667788-99AABBCC-00000003',
  bus: '0000:C3:00.0',
  metrics: {
    aicore_ratio: 0.57,
    npu_util_ratio: 0.91,
    aicube_ratio: 0.33,
    aivector_ratio: 0.12,
    memory_bandwidth_active_ratio: 0.4,
    temperature_celsius: 51,
    memory_temperature_celsius: 48,
    power_watts: 301.5,
    voltage_volts: 0.85,
    sm_clock_hertz: 1_800_000_000,
    memory_used_bytes: 54_672 * 1_048_576,
    memory_total_bytes: 65_536 * 1_048_576,
    ecc_corrected_total: 3,
    ecc_uncorrected_total: 0,
    network_tx_bytes_per_second: 120_500_000,
    network_link_up: 1,
    network_link_ups_total: 2,
  },
  holder: { namespace: 'train', pod: 'llm-0', container: 'main' },
  faultCodes: ['A4025021'],
  isHealthy: false,
  processIds: [41, 42],
}
const page = (chips: readonly SimulatedChip[], hasHbm = true) =>
  new TextEncoder().encode(
    writeNpuExporterPage(chips, { atMs: 1_760_000_000_000, exporterVersion: 'v7.1', hasHbm }),
  )

it('what the simulated exporter prints is what the source reads', () => {
  const read = source.interpret(page([CHIP]))
  expect(read.devices).toHaveLength(1)
  expect(read.devices[0]).toMatchObject({
    keys: [`vdie:${CHIP.vdie}`, 'slot:0000:C3:00.0/0'],
    metrics: { ...CHIP.metrics, process_count: 2, health_code: 1 },
    holder: CHIP.holder,
  })
  expect(read.events.map((event) => event.code)).toEqual(['A4025021'])
  expect(read.rejectedByReason).toEqual({})
  expect(read.ignored).toEqual([])
  expect(read.toolLabels).toEqual({ exporter_version: 'v7.1' })
})

it('a simulated chip without processes, faults and some readings has no rows of them', () => {
  const idle = { ...CHIP, metrics: { power_watts: 88 }, faultCodes: [], processIds: [] }
  const read = source.interpret(page([idle], false))
  expect(read.devices[0]?.metrics.process_count).toBe(0)
  expect(read.devices[0]?.metrics.aicore_ratio).toBeUndefined()
  expect(read.events.map((event) => event.type)).toEqual(['health_unclear'])
})
