import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MetricValues } from '#schemas/metrics.ts'
import source from './source.ts'

/** Third-party captures: read in place, never copied. Values below were read off the pages by eye. */
const folder = join(import.meta.dirname, '../../../../shared/samples/nvidia')
const isHere = existsSync(folder)

interface Expected {
  readonly outcome?: 'failed'
  readonly reason?: string
  readonly devices: number
  readonly rejected?: Readonly<Record<string, number>>
  /** Facts of the first device. */
  readonly first?: MetricValues
  readonly model?: string
  readonly key?: string
}

const MIB = 1_048_576
const EXPECTED: Readonly<Record<string, Expected>> = {
  'dcgmexp-a100-nvlink-zero-dcgm149.txt': {
    devices: 4,
    first: { scaleup_tx_bytes_per_second: 0 },
    key: 'uuid:GPU-715daa1d-db6f-9e69-ab48-190158bd5360',
  },
  'dcgmexp-a100-pcie40-vgpu-host-issue443.txt': { devices: 1, first: { sm_clock_hertz: 210e6 } },
  // Two boards, four and two instances of them; board power counted once, on the board.
  'dcgmexp-a30-mig-power-duplicated-issue317.txt': {
    devices: 8,
    first: { power_watts: 52.636 },
    model: 'NVIDIA A30',
  },
  'dcgmexp-early-2.0-no-comma-labels.txt': {
    devices: 1,
    first: { sm_clock_hertz: 139e6, memory_clock_hertz: 405e6 },
    model: 'unknown',
  },
  'dcgmexp-empty-families-gke-issue222.txt': {
    outcome: 'failed',
    reason: 'empty_page',
    devices: 0,
  },
  'dcgmexp-gb200-nvlink-issue581-a.txt': { devices: 4, first: {}, model: 'NVIDIA GB200' },
  'dcgmexp-grace-cpu-issue243.txt': { outcome: 'failed', reason: 'no_gpu_rows', devices: 0 },
  'dcgmexp-h100-mig-k8s-issue512.txt': { devices: 4, first: { gr_engine_active_ratio: 0 } },
  'dcgmexp-h100-serial-vbios-labels-godcgm91.txt': { devices: 3, key: 'slot:0000:19:00.0/0' },
  'dcgmexp-h100-unallocated-pr570.txt': { devices: 5, first: { sm_clock_hertz: 345e6 } },
  'dcgmexp-h100-vm-driver-label.txt': {
    devices: 1,
    first: { sm_clock_hertz: 345e6, memory_clock_hertz: 2619e6 },
  },
  'dcgmexp-l40s-k8s-eks-workshop.txt': {
    devices: 1,
    first: { sm_clock_hertz: 2520e6, memory_temperature_celsius: null },
  },
  'dcgmexp-prof-k8s-labels-gmt138.txt': {
    devices: 1,
    first: { memory_bandwidth_active_ratio: 0.000001, pcie_tx_bytes_per_second: 421_894 },
  },
  'dcgmexp-readme-blank-int64-sentinel.txt': {
    devices: 1,
    rejected: { blank_sentinel: 1 },
    first: { memory_temperature_celsius: null, sm_clock_hertz: 139e6 },
  },
  'dcgmexp-t4-datadog-fixture-realpart.txt': {
    devices: 1,
    model: 'Tesla T4',
    first: {
      power_watts: 8.969,
      energy_joules_total: 128_996.013,
      memory_free_bytes: 15_109 * MIB,
      scaleup_bytes_per_second: null,
      xid_code: 0,
    },
  },
  'dcgmexp-t4-many-label-fields-empty-help.txt': {
    devices: 1,
    first: { memory_total_bytes: 15_109 * MIB, clock_event_reasons: 1, performance_state: 8 },
  },
  'dcgmexp-v100x4-issue250-a.txt': { devices: 2, first: { sm_clock_hertz: 135e6 } },
  'dcgmexp-vgpu-failed-convert-BROKEN-issue394.txt': {
    devices: 1,
    rejected: { text_value: 1 },
    first: {},
  },
  'ericsson-ccd.prom': {
    devices: 1,
    first: {
      gpu_util_ratio: 0.91,
      gr_engine_active_ratio: 0.156205,
      power_watts: 68.244,
      energy_joules_total: 15_152_422.938,
      memory_used_bytes: 5120 * MIB,
    },
  },
  'kops.prom': {
    devices: 1,
    model: 'NVIDIA L4',
    first: {
      power_watts: 16.365,
      memory_reserved_bytes: 470 * MIB,
      pcie_tx_bytes_per_second: 112_603,
    },
  },
  'rafay.prom': { devices: 1, first: { power_watts: 14.512, energy_joules_total: 48_287.135 } },
  'upcloud.prom': {
    devices: 1,
    first: {
      memory_bandwidth_active_ratio: 0.000131,
      power_watts: 35.686,
      temperature_celsius: 32,
    },
  },
  'vks-135.prom': {
    devices: 1,
    model: 'GRID A100-40C',
    key: 'uuid:GPU-0946f70c-659b-4c39-8b78-7e7600000000',
    first: {
      sm_clock_hertz: 1410e6,
      memory_free_bytes: 37_739 * MIB,
      memory_temperature_celsius: null,
    },
  },
}

describe.skipIf(!isHere)('real captures (SKIPPED LOUDLY without ../shared/samples)', () => {
  it('covers every exporter capture there is', () => {
    const there = isHere ? readdirSync(folder) : []
    const pages = there.filter((name) => /^dcgmexp-|\.prom$/.test(name))
    expect(pages.toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`${name}: devices, values and refusals are those of the page`, () => {
      const bytes = readFileSync(join(folder, name))
      const read = source.interpret(bytes)
      expect(source.recognize(bytes)).toBeGreaterThan(0.8)
      expect([read.outcome, read.reason]).toEqual([
        expected.outcome ?? 'ok',
        expected.reason ?? null,
      ])
      expect(read.devices).toHaveLength(expected.devices)
      expect(read.rejectedByReason).toEqual(expected.rejected ?? {})
      const [first] = read.devices
      if (expected.first !== undefined) expect(first?.metrics).toMatchObject(expected.first)
      if (expected.model !== undefined) expect(first?.model).toBe(expected.model)
      if (expected.key !== undefined) expect(first?.keys[0]).toBe(expected.key)
    })
  }

  it('other tools of the vendor are not taken for the exporter', () => {
    for (const name of readdirSync(folder).filter((file) => /^(smi-|dmon-|dcgmi-)/.test(file))) {
      expect(source.recognize(readFileSync(join(folder, name))), name).toBe(0)
    }
  })
})
