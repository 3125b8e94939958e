import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Holder } from '#schemas/batch.ts'
import type { MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { FIELDS } from './map.ts'
import source from './source.ts'

/** Third-party captures: read in place, never copied. Values below were read off the pages by eye. */
const folder = join(import.meta.dirname, '../../../../shared/samples/nvidia')
const isHere = existsSync(folder)

interface Expected {
  readonly outcome?: 'failed'
  readonly reason?: string
  readonly devices: number
  readonly rejected?: Readonly<Record<string, number>>
  /** All values of the first device, nulls included. */
  readonly first?: MetricValues
  readonly model?: string
  readonly key?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly holder?: Holder
  readonly ignored?: readonly string[]
}

const MIB = 1_048_576
const LICENSE = ['DCGM_FI_DEV_VGPU_LICENSE_STATUS']
/** Rows of the default set that read 0 on an idle board. */
const IDLE = { gpu_util_ratio: 0, encoder_busy_ratio: 0, decoder_busy_ratio: 0 }
const NOTHING_REMAPPED = {
  remapped_rows_uncorrected_total: 0,
  remapped_rows_corrected_total: 0,
  row_remap_failed: 0,
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  'dcgmexp-a100-nvlink-zero-dcgm149.txt': {
    devices: 4,
    first: { scaleup_tx_bytes_per_second: 0 },
    model: 'NVIDIA A100-SXM4-40GB',
    key: 'uuid:GPU-715daa1d-db6f-9e69-ab48-190158bd5360',
  },
  'dcgmexp-a100-pcie40-vgpu-host-issue443.txt': {
    devices: 1,
    first: { sm_clock_hertz: 210e6 },
    labels: { driver_version: '565.63', exporter_host: 'b1f02cf63072' },
  },
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
  // Discards and successful recoveries of all links together: the catalogue has them per link only.
  'dcgmexp-gb200-nvlink-issue581-a.txt': {
    devices: 4,
    first: {},
    model: 'NVIDIA GB200',
    key: 'uuid:GPU-2e2b6342-3996-51b9-5480-e20df571e09c',
    ignored: [
      'DCGM_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS',
      'DCGM_FI_DEV_NVLINK_COUNT_TX_DISCARDS',
    ],
  },
  'dcgmexp-grace-cpu-issue243.txt': {
    outcome: 'failed',
    reason: 'no_gpu_rows',
    devices: 0,
    ignored: ['DCGM_FI_DEV_CPU_POWER_UTIL_CURRENT', 'DCGM_FI_DEV_CPU_TEMP_CURRENT'],
  },
  'dcgmexp-h100-mig-k8s-issue512.txt': {
    devices: 4,
    first: { gr_engine_active_ratio: 0 },
    labels: { driver_version: '535.129.03', exporter_host: 'gsrh100-074' },
  },
  'dcgmexp-h100-serial-vbios-labels-godcgm91.txt': {
    devices: 3,
    key: 'slot:0000:19:00.0/0',
    first: {},
    labels: { vbios_version: '96.00.A5.00.01', exporter_host: 'gb975e0' },
    ignored: ['DCGM_FI_DEV_THRESHOLD_SRM'],
  },
  'dcgmexp-h100-unallocated-pr570.txt': {
    devices: 5,
    first: { sm_clock_hertz: 345e6 },
    key: 'uuid:GPU-44ff0ac7-9b8f-9e1c-75ac-bae90eabccaf',
  },
  'dcgmexp-h100-vm-driver-label.txt': {
    devices: 1,
    first: { sm_clock_hertz: 345e6, memory_clock_hertz: 2619e6 },
    labels: { driver_version: '535.183.01', exporter_host: '6d6d7dc3ce21' },
  },
  'dcgmexp-l40s-k8s-eks-workshop.txt': {
    devices: 1,
    first: {
      sm_clock_hertz: 2520e6,
      memory_clock_hertz: 9001e6,
      memory_temperature_celsius: null,
    },
    holder: { namespace: 'default', pod: 'mistral-6cfb59d6cd-xbwgd', container: 'vllm' },
  },
  'dcgmexp-prof-k8s-labels-gmt138.txt': {
    devices: 1,
    first: {
      memory_bandwidth_active_ratio: 0.000001,
      fp64_active_ratio: 0,
      fp32_active_ratio: 0,
      fp16_active_ratio: 0,
      pcie_tx_bytes_per_second: 421_894,
    },
    holder: { namespace: 'default', pod: 'dcgmproftester', container: 'dcgmproftester11' },
  },
  'dcgmexp-readme-blank-int64-sentinel.txt': {
    devices: 1,
    rejected: { blank_sentinel: 1 },
    first: {
      sm_clock_hertz: 139e6,
      memory_clock_hertz: 405e6,
      memory_temperature_celsius: null,
    },
  },
  'dcgmexp-t4-datadog-fixture-realpart.txt': {
    devices: 1,
    model: 'Tesla T4',
    first: {
      ...IDLE,
      memory_controller_busy_ratio: 0,
      sm_clock_hertz: 300e6,
      memory_clock_hertz: 405e6,
      temperature_celsius: 25,
      power_watts: 8.969,
      energy_joules_total: 128_996.013,
      pcie_replay_total: 0,
      memory_free_bytes: 15_109 * MIB,
      memory_used_bytes: 0,
      memory_total_bytes: 15_109 * MIB,
      scaleup_bytes_per_second: null,
      xid_code: 0,
    },
    ignored: ['DCGM_FI_DEV_COUNT', ...LICENSE],
  },
  'dcgmexp-t4-many-label-fields-empty-help.txt': {
    devices: 1,
    first: {
      memory_total_bytes: 15_109 * MIB,
      clock_event_reasons: 1,
      performance_state: 8,
      temperature_slowdown_celsius: 93,
      power_limit_watts: 70,
    },
    labels: {
      driver_version: '470.182.03',
      vbios_version: '90.04.96.00.02',
      serial: '1565220008176',
      cuda_version: '12.1',
      nvml_version: '11.470.182.03',
      brand: 'NVIDIA',
      device_name: 'Tesla T4',
      minor_number: '0',
      exporter_host: '551bdf382151',
    },
  },
  'dcgmexp-v100x4-issue250-a.txt': {
    devices: 2,
    first: { sm_clock_hertz: 135e6 },
    model: 'Tesla V100-SXM2-32GB',
  },
  'dcgmexp-vgpu-failed-convert-BROKEN-issue394.txt': {
    devices: 1,
    rejected: { text_value: 1 },
    first: {},
  },
  'ericsson-ccd.prom': {
    devices: 1,
    first: {
      gpu_util_ratio: 0.91,
      memory_controller_busy_ratio: 0.73,
      encoder_busy_ratio: 0,
      decoder_busy_ratio: 0,
      gr_engine_active_ratio: 0.156205,
      tensor_active_ratio: 0.005822,
      memory_bandwidth_active_ratio: 0.092781,
      sm_clock_hertz: 660e6,
      memory_clock_hertz: 5000e6,
      temperature_celsius: 74,
      memory_temperature_celsius: null,
      power_watts: 68.244,
      energy_joules_total: 15_152_422.938,
      pcie_replay_total: 0,
      pcie_tx_bytes_per_second: 4_791_810,
      pcie_rx_bytes_per_second: 6_935_930,
      memory_free_bytes: 9791 * MIB,
      memory_used_bytes: 5120 * MIB,
      memory_reserved_bytes: 447 * MIB,
      memory_total_bytes: 15_358 * MIB,
    },
    labels: { driver_version: '590.48.01', exporter_host: 'cp-bm14r7' },
    ignored: LICENSE,
  },
  'kops.prom': {
    devices: 1,
    model: 'NVIDIA L4',
    first: {
      ...IDLE,
      ...NOTHING_REMAPPED,
      memory_controller_busy_ratio: 0,
      gr_engine_active_ratio: 0,
      tensor_active_ratio: 0,
      memory_bandwidth_active_ratio: 0,
      sm_clock_hertz: 210e6,
      memory_clock_hertz: 405e6,
      temperature_celsius: 31,
      memory_temperature_celsius: null,
      power_watts: 16.365,
      energy_joules_total: 4742.776,
      pcie_replay_total: 0,
      pcie_tx_bytes_per_second: 112_603,
      pcie_rx_bytes_per_second: 17_544,
      memory_free_bytes: 22_563 * MIB,
      memory_used_bytes: 0,
      memory_reserved_bytes: 470 * MIB,
      memory_total_bytes: 23_033 * MIB,
    },
    ignored: LICENSE,
  },
  'rafay.prom': {
    devices: 1,
    first: {
      ...IDLE,
      gr_engine_active_ratio: 0,
      tensor_active_ratio: 0,
      memory_bandwidth_active_ratio: 0.000001,
      sm_clock_hertz: 300e6,
      memory_clock_hertz: 405e6,
      temperature_celsius: 24,
      memory_temperature_celsius: null,
      power_watts: 14.512,
      energy_joules_total: 48_287.135,
      pcie_tx_bytes_per_second: 29_285,
      pcie_rx_bytes_per_second: 30_378,
      memory_free_bytes: 14_912 * MIB,
      memory_used_bytes: 0,
      memory_reserved_bytes: 447 * MIB,
      memory_total_bytes: 15_359 * MIB,
    },
  },
  'upcloud.prom': {
    devices: 1,
    model: 'NVIDIA L40S',
    first: {
      ...IDLE,
      ...NOTHING_REMAPPED,
      memory_controller_busy_ratio: 0,
      gr_engine_active_ratio: 0,
      tensor_active_ratio: 0,
      memory_bandwidth_active_ratio: 0.000131,
      sm_clock_hertz: 210e6,
      memory_clock_hertz: 405e6,
      temperature_celsius: 32,
      memory_temperature_celsius: null,
      power_watts: 35.686,
      energy_joules_total: 5_551_899.58,
      pcie_replay_total: 0,
      pcie_tx_bytes_per_second: 175_084,
      pcie_rx_bytes_per_second: 19_831,
      memory_free_bytes: 45_459 * MIB,
      memory_used_bytes: 0,
      memory_reserved_bytes: 608 * MIB,
      memory_total_bytes: 46_067 * MIB,
    },
    ignored: LICENSE,
  },
  'vks-135.prom': {
    devices: 1,
    model: 'GRID A100-40C',
    key: 'uuid:GPU-0946f70c-659b-4c39-8b78-7e7600000000',
    first: {
      ...IDLE,
      memory_controller_busy_ratio: 0,
      sm_clock_hertz: 1410e6,
      memory_clock_hertz: 1215e6,
      memory_temperature_celsius: null,
      memory_free_bytes: 37_739 * MIB,
      memory_used_bytes: 0,
      memory_reserved_bytes: 3220 * MIB,
      memory_total_bytes: 40_959 * MIB,
    },
    ignored: LICENSE,
  },
}

describe.skipIf(!isHere)('real captures (SKIPPED LOUDLY without ../shared/samples)', () => {
  it('covers every exporter capture there is', () => {
    const index = readFileSync(join(folder, 'INDEX.tsv'), 'utf8').split('\n')
    const listed = index.map((line) => line.split('\t'))
    const pages = listed.flatMap(([name, kind]) =>
      name !== undefined && kind === 'dcgm-exporter' ? [name] : [],
    )
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
      expect(first?.metrics).toEqual(expected.first)
      expect(read.ignored).toEqual(expected.ignored ?? [])
      expect(first?.holder ?? null).toEqual(expected.holder ?? null)
      expect([read.links, read.events]).toEqual([undefined, []])
      if (expected.labels !== undefined) expect(first?.labels).toEqual(expected.labels)
      if (expected.model !== undefined) expect(first?.model).toBe(expected.model)
      if (expected.key !== undefined) expect(first?.keys[0]).toBe(expected.key)
    })
  }

  it('board power that every MIG instance repeats is counted once per board', () => {
    const file = join(folder, 'dcgmexp-a30-mig-power-duplicated-issue317.txt')
    const { devices } = source.interpret(readFileSync(file))
    const isBoard = (device: DeviceReading) => device.parent === null
    expect(devices.filter(isBoard).map(({ metrics }) => metrics.power_watts)).toEqual([
      52.636, 56.121,
    ])
    for (const { metrics, partition } of devices.filter((device) => !isBoard(device)))
      expect([metrics, partition?.share]).toEqual([{}, 1 / 4])
  })

  it('a query through Prometheus names the workload in exported_*, and a masked UUID as no UUID', () => {
    const read = source.interpret(
      readFileSync(join(folder, 'promql-exported-pod-labels-issue340.txt')),
    )
    expect(read.devices).toMatchObject([
      {
        keys: ['slot:-/0'],
        model: 'NVIDIA GeForce RTX 4090',
        holder: { namespace: 'default' },
        labels: { shared_by: '2', driver_version: '545.29.06' },
        metrics: {},
      },
    ])
    expect(read.rejectedByReason).toEqual({ no_value: 2 })
  })

  it('every field of the default set of 4.5.3 is read; only the vGPU license is listed', () => {
    const file = join(folder, 'metric-names-default-csv-4.5.3-issue646.txt')
    const names = readFileSync(file, 'utf8').trim().split(/\s+/)
    expect(names).toHaveLength(23)
    const known = new Set(FIELDS.map(({ name }) => name))
    expect(names.filter((name) => !known.has(name))).toEqual(LICENSE)
  })

  it('other tools of the vendor are not taken for the exporter', () => {
    for (const name of readdirSync(folder).filter((file) => /^(smi-|dmon-|dcgmi-)/.test(file))) {
      expect(source.recognize(readFileSync(join(folder, name))), name).toBe(0)
    }
  })
})
