import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { recognize } from './recognize.ts'
import npuSmi from './source.ts'

const folder = new URL('../../../../shared/samples/ascend/', import.meta.url)
const samplesAreHere = existsSync(folder)
const MIB = 1_048_576

/** Real captures and how many devices a person counts in each; errors have an outcome instead. */
const DEVICES: Readonly<Record<string, number>> = {
  'npu-310-21.0.3.1-2chips.txt': 2,
  'npu-310P3-22.0.0-b.txt': 1,
  'npu-310P3-22.0.0-c.txt': 1,
  'npu-310P3-22.0.0-d.txt': 1,
  'npu-310P3-22.0.0-hugepages.txt': 1,
  'npu-310P3-24.1.0.1-full.txt': 1,
  'npu-310P3-25.5.1-HAMi-softslice-container.txt': 1,
  'npu-310P3duo-25.2.0-proctable.txt': 2,
  'npu-310P3duo-25.2.0-sparse-ids.txt': 4,
  'npu-310P3x6-25.2.0.txt': 6,
  'npu-910A-21.0.2-nohuge.txt': 2,
  'npu-910A-faultdiag-after-ALARM.txt': 1,
  'npu-910B-22.0.4.1-narrow.txt': 1,
  'npu-910B1-24.1.0.3.txt': 2,
  'npu-910B2-24.1.0.3.txt': 2,
  'npu-910B2C-23.0.3.txt': 2,
  'npu-910B2C-23.0.rc3.txt': 2,
  'npu-910B2C-25.0.rc1.2-procs.txt': 2,
  'npu-910B3-1130-fragment.txt': 3,
  'npu-910B3-23.0.3.txt': 1,
  'npu-910B3-24.1.rc1-container-1of8.txt': 1,
  'npu-910B3-24.1.rc1-loaded.txt': 2,
  'npu-910B3x8-24.1.rc1.b030-with-topo.txt': 8,
  'npu-910B4-1-25.2.0-alarm-edited.txt': 3,
  'npu-910B4-24.1.1.txt': 2,
  'npu-910B4-25.0.rc1.1-b.txt': 2,
  'npu-910B4-25.5.2-npu5only.txt': 1,
  'npu-910B4-26.0.rc1-wide.txt': 1,
  'npu-950DT-25.6.rc1.b218.txt': 3,
  'npu-A3-24.1.rc3.7.txt': 2,
  'npu-A3-25.3.rc1-16die-busy.txt': 16,
  'npu-A3-25.3.rc1-5588.txt': 2,
  'npu-A3-25.3.rc1-c.txt': 2,
  'npu-A3-2534.txt': 2,
  'npu-A3-26.0.rc1-wide-procs.txt': 4,
  'npu-doc-mindcluster-23.0.5.txt': 2,
  'npu-doc-mindcluster-23.0.rc3-8cards.txt': 8,
  'npu-doc-mindcluster-24.1.rc1.txt': 1,
  'npu-doc-vllm-23.0.2.txt': 1,
  'npu-t-board-23.0.5.txt': 1,
  'npu-t-board-25.5.1-A2-partial.txt': 1,
  'npu-t-board-chip-23.0.5.txt': 1,
  'npu-t-common.txt': 1,
  'npu-t-ecc-23.0.5.txt': 1,
  'npu-t-hccs-A2-trimmed.txt': 1,
  'npu-t-health-ok.txt': 1,
  'npu-t-memory-910B-64G.txt': 1,
  'npu-t-proc-mem-A2.txt': 1,
  'npu-t-topo-A3-fragment.txt': 0,
  'npu-t-usages-23.0.5.txt': 1,
  'npu-t-usages-25.5.1-A2.txt': 1,
  'npu-watch-310B.txt': 1,
}

const sample = (name: string) => readFileSync(new URL(name, folder))
const read = (name: string) => interpret(sample(name))

describe.skipIf(!samplesAreHere)(
  'real captures (SKIPPED LOUDLY when ../shared/samples/ascend is not beside the repository)',
  () => {
    it.each(Object.entries(DEVICES))('%s holds %d devices and is recognized', (name, count) => {
      const result = read(name)
      expect(result.devices).toHaveLength(count)
      expect(recognize(sample(name))).toBeGreaterThanOrEqual(0.3)
      if (!name.includes('faultdiag')) expect(result.outcome).toBe('ok')
    })

    it.each([
      ['err-dcmi-8005.txt', 'failed', 'dcmi_-8005'],
      ['err-dcmi-8020-occupied.txt', 'failed', 'dcmi_-8020'],
      ['err-invalid-card.txt', 'failed', 'invalid_card'],
      ['err-not-supported.txt', 'absent', 'not_supported'],
    ])('%s is %s %s', (name, outcome, reason) => {
      expect(read(name)).toMatchObject({ outcome, reason, devices: [] })
    })

    it('boxes alone reject nothing: only foreign lines are refused', () => {
      for (const name of Object.keys(DEVICES)) {
        const reasons = Object.keys(read(name).rejectedByReason)
        expect(reasons.filter((reason) => !['not_npu_smi', 'error_text'].includes(reason))).toEqual(
          [],
        )
      }
    })

    it('values read by hand: a busy A3 host', () => {
      const { devices } = read('npu-A3-25.3.rc1-16die-busy.txt')
      expect(devices[1]).toMatchObject({
        keys: ['slot:0000:9F:00.0/1', 'slot:phy1/1'],
        model: 'Ascend 910C',
        index: 1,
        metrics: {
          power_watts: null,
          temperature_celsius: 30,
          aicore_ratio: 0.07,
          memory_used_bytes: 52_518 * MIB,
          process_count: 1,
        },
      })
      expect(devices[0]?.metrics).toMatchObject({ power_watts: 199.1, process_count: 4 })
      expect(devices[15]?.metrics).toMatchObject({ temperature_celsius: 29, process_count: 0 })
    })

    it('values read by hand: masked power, alarms, identity, rated power', () => {
      expect(read('npu-doc-vllm-23.0.2.txt').devices[0]?.metrics).toMatchObject({
        power_watts: null,
        temperature_celsius: 40,
        memory_total_bytes: 32_768 * MIB,
      })
      const alarm = read('npu-910A-faultdiag-after-ALARM.txt')
      expect(alarm.devices[0]).toMatchObject({
        failed: 'invalid_card',
        metrics: { health_code: 2 },
      })
      expect(alarm.devices[0]?.labels['fault_codes']).toBe('A4025021,8C03A000,8C084E00')
      expect(alarm.events.map((event) => event.code)).toEqual(['A4025021', '8C03A000', '8C084E00'])
      expect(read('npu-t-board-chip-23.0.5.txt').devices[0]?.keys[0]).toBe(
        'vdie:42C711D4-20B03704-4A10C8D4-14CC040A-D2102003',
      )
      const [card] = read('npu-310-21.0.3.1-2chips.txt').devices
      expect(card?.metrics.power_watts).toBeNull()
      expect(card?.labels['rated_power_watts']).toBe('12.8')
    })

    it('values read by hand: ECC, links, HBM temperature, shares of the small CPUs', () => {
      const ecc = read('npu-t-ecc-23.0.5.txt')
      expect(ecc.ignored).toEqual([])
      expect(ecc.devices[0]?.metrics).toEqual({
        ecc_corrected_total: 0,
        ecc_uncorrected_total: 0,
        ecc_corrected_lifetime_total: 0,
        ecc_uncorrected_lifetime_total: 0,
        retired_pages_total: 0,
      })
      const hccs = read('npu-t-hccs-A2-trimmed.txt')
      expect(hccs.links?.map(({ link }) => link)).toEqual(['hccs/1', 'hccs/2', 'hccs/3'])
      expect(hccs.links?.[1]?.metrics).toEqual({
        link_up: 1,
        link_tx_bytes_total: 28_688_790_100,
        link_rx_bytes_total: 15_214_900_280,
        link_replays_total: 0,
        link_errors_total: 0,
      })
      expect(hccs.devices[0]?.metrics).toMatchObject({
        scaleup_tx_bytes_total: 39_860_043_360 + 28_688_790_100 + 31_775_670_400,
        scaleup_errors_total: 0,
        scaleup_links_up: 3,
      })
      expect(read('npu-t-memory-910B-64G.txt').devices[0]?.metrics).toMatchObject({
        memory_temperature_celsius: 52,
        memory_clock_hertz: 1_600_000_000,
      })
      expect(read('npu-t-common.txt').devices[0]?.metrics).toMatchObject({
        power_watts: 71.7,
        sm_clock_hertz: 900_000_000,
        temperature_celsius: 41,
      })
      const usages = read('npu-t-usages-25.5.1-A2.txt').devices[0]?.metrics
      expect(usages).toMatchObject({ npu_util_ratio: 0, aicube_ratio: 0, aicpu_ratio: 0 })
      const board = read('npu-t-board-25.5.1-A2-partial.txt')
      expect(board.toolLabels).toEqual({ driver_version: '25.5.1' })
      expect(board.devices[0]?.labels).toMatchObject({
        serial: '1025C9048791',
        firmware_version: '7.8.0.6.201',
      })
      expect(board.devices[0]?.bus).toBe('0000:C1:00.0')
    })

    it('values read by hand: the last row of a watched developer board', () => {
      const watch = npuSmi.formats?.find((format) => format.name === 'npu-smi-watch')
      const bytes = sample('npu-watch-310B.txt')
      expect(watch?.recognize(bytes)).toBeGreaterThan(recognize(bytes))
      const result = watch?.interpret(bytes)
      expect(result).toMatchObject({ source: 'npu-smi-watch', outcome: 'ok' })
      expect(result?.devices[0]?.metrics).toEqual({
        power_watts: 8.7,
        temperature_celsius: 55,
        aicore_ratio: 0,
        aicpu_ratio: 0.01,
        memory_bandwidth_active_ratio: 0.12,
      })
    })

    it('values read by hand: faults of the lost card say what and what to do', () => {
      const { events } = read('npu-910A-faultdiag-after-ALARM.txt')
      expect(events.map((event) => [event.severity, event.fault_class])).toEqual([
        ['info', 'firmware'],
        ['fatal', 'firmware'],
        ['critical', 'firmware'],
      ])
      expect(events[1]?.action).toMatch(/reset the chip/)
      expect(events[1]?.action_zh).toMatch(/复位/)
    })

    it('values read by hand: side contexts, container ids, slices, overall utilization', () => {
      const busy = read('npu-A3-26.0.rc1-wide-procs.txt').devices
      expect(busy.map((device) => device.metrics.aicore_ratio)).toEqual([1, 0.6, 0, 0])
      const slice = read('npu-310P3-25.5.1-HAMi-softslice-container.txt')
      expect(slice.devices[0]?.metrics.memory_total_bytes).toBe(8192 * MIB)
      expect(slice.rejectedByReason).toEqual({ not_npu_smi: 5 })
      const npu950 = read('npu-950DT-25.6.rc1.b218.txt').devices[2]
      expect(npu950?.metrics).toMatchObject({
        npu_util_ratio: 0.42,
        aicore_ratio: null,
        health_code: 1,
      })
      expect(read('npu-910B3-24.1.rc1-container-1of8.txt').devices[0]?.index).toBe(6)
    })
  },
)
