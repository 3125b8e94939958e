import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { recognizeText } from './recognize.ts'

const folder = new URL('../../../../shared/samples/nvidia/', import.meta.url)
const samplesAreHere = existsSync(folder)
const MIB = 1_048_576
const skipped = 'the shared samples are not here: the values read from them by eye are NOT checked'

/** Devices (MIG devices included) a person counts in each capture that lists devices. */
const DEVICES: Readonly<Record<string, number>> = {
  'smi-4090x8-q-unknown-error-addressing.txt': 8,
  'smi-a10-q-535.129.txt': 1,
  'smi-a100-sxm4-v12-x.xml.txt': 5,
  'smi-a10g-x.xml.txt': 1,
  'smi-h100-mig-list-L.txt': 5,
  'smi-h100-mig-nvlink-s.txt': 1,
  'smi-h100-mig-q-idle.txt': 5,
  'smi-h100-mig-q-load.txt': 5,
  'smi-h100-mig-querygpu-csv-idle.txt': 1,
  'smi-h100-mig-querygpu-csv-load.txt': 1,
  'smi-h100-sxm-list-L.txt': 1,
  'smi-h100-sxm-nvlink-s.txt': 1,
  'smi-h100-sxm-q-idle.txt': 1,
  'smi-h100-sxm-q-load.txt': 1,
  'smi-h100-sxm-querygpu-csv-idle.txt': 1,
  'smi-h100-sxm-querygpu-csv-load.txt': 1,
  'smi-h100x8-q-535.183.txt': 8,
  'smi-h100-mig-table-load.txt': 1,
  'smi-h100-sxm-table-load.txt': 1,
  'smi-h100x8-table-550.txt': 8,
  'smi-l40s-table-load.txt': 1,
  'smi-linux-2080s-610.57.04-table-load.txt': 1,
  'smi-table-ERR-fan-525.txt': 1,
  'smi-h200-list-L.txt': 1,
  'smi-h200-mig-list-L.txt': 6,
  'smi-l40s-list-L.txt': 1,
  'smi-l40s-nvlink-s.txt': 1,
  'smi-l40s-q-idle.txt': 1,
  'smi-l40s-q-load.txt': 1,
  'smi-l40s-querygpu-csv-idle.txt': 1,
  'smi-l40s-querygpu-csv-load.txt': 1,
  'smi-rtx-4000-sff-ada-v13-x.xml.txt': 1,
  'smi-tesla-t4-x.xml.txt': 1,
  'smi-titanv-q-560.txt': 1,
  'smi-win-2080s-591.86-querygpu-csv-idle.txt': 1,
}

/** Why a capture has no device that can be worked with. */
function reasonOf(file: string): string {
  if (file.includes('err-no-driver-comm')) return 'driver_not_reachable'
  if (file.includes('gpu-is-lost')) return 'gpu_is_lost'
  return file.includes('err-unable-handle') ? 'unknown_error' : 'other_query'
}

const read = (file: string) => interpret(readFileSync(new URL(file, folder)))
const first = (file: string) => read(file).devices[0]
const metrics = (file: string, at = 0) => read(file).devices[at]?.metrics

describe.skipIf(!samplesAreHere)(samplesAreHere ? 'real captures' : skipped, () => {
  const files = samplesAreHere
    ? readdirSync(folder).filter((file) => file.startsWith('smi-'))
    : ['none']

  it.each(files)('%s is recognized and read whole, or refused with its reason', (file) => {
    const result = read(file)
    const { sureness } = recognizeText(readFileSync(new URL(file, folder), 'utf8'))
    expect(sureness).toBeGreaterThanOrEqual(0.5)
    const devices = DEVICES[file]
    if (devices === undefined) expect(result.reason).toBe(reasonOf(file))
    else {
      expect(result.outcome).toBe('ok')
      expect(result.devices).toHaveLength(devices)
      expect(result.devices.every((device) => device.failed === null)).toBe(true)
    }
    // Nothing beyond what the boards say they have not; the A100 capture was cut to one of four GPUs, and one fan
    // failed.
    const { not_available: _, ...trouble } = result.rejectedByReason
    const isCut = file.startsWith('smi-a100')
    const expected = file.includes('ERR-fan') ? { sensor_error: 1 } : {}
    expect(trouble).toEqual(isCut ? { gpu_blocks_missing: 1 } : expected)
  })

  it('the table for people: what it prints, and nothing it does not say', () => {
    expect(metrics('smi-h100-mig-table-load.txt')).toEqual({
      fan_ratio: null,
      temperature_celsius: 52,
      performance_state: 0,
      power_watts: 432,
      memory_used_bytes: 11_125 * 2 ** 20,
      memory_total_bytes: 81_559 * 2 ** 20,
      gpu_util_ratio: null,
    })
    expect(metrics('smi-h100x8-table-550.txt', 1)).toMatchObject({
      ecc_uncorrected_total: 0,
      temperature_celsius: 24,
      power_watts: 74,
      gpu_util_ratio: 0,
    })
    expect(first('smi-h100x8-table-550.txt')).toMatchObject({
      keys: ['slot:0000:19:00.0/0'],
      model: 'NVIDIA H100 80GB HBM3',
      labels: { driver_version: '550.90.07', cuda_version: '12.4' },
    })
    expect(metrics('smi-table-ERR-fan-525.txt')).toMatchObject({ fan_ratio: null, power_watts: 49 })
    expect(read('smi-table-ERR-fan-525.txt').rejectedByReason).toEqual({ sensor_error: 1 })
    expect(metrics('smi-linux-2080s-610.57.04-table-load.txt')).toMatchObject({
      fan_ratio: 0.38,
      gpu_util_ratio: 0.08,
    })
    expect(first('smi-linux-2080s-610.57.04-table-load.txt')?.labels).toEqual({
      driver_version: '610.57.04',
      cuda_version: '13.3',
    })
  })

  it('every capture is in the table above or has a reason', () => {
    expect(files.filter((file) => DEVICES[file] !== undefined)).toHaveLength(
      Object.keys(DEVICES).length,
    )
  })

  it('CSV of an H100 under load', () => {
    const device = first('smi-h100-sxm-querygpu-csv-load.txt')
    expect(device?.model).toBe('NVIDIA H100 80GB HBM3')
    // The UUID and the serial were masked with zeros: no identity.
    expect(device?.keys).toEqual(['slot:0000:00:09.0/0'])
    expect(device?.labels['serial']).toBeUndefined()
    expect(device?.labels['driver_version']).toBe('590.48.01')
    expect(device?.metrics).toMatchObject({
      gpu_util_ratio: 1,
      memory_controller_busy_ratio: 0.11,
      power_watts: 631.95,
      power_limit_watts: 700,
      temperature_celsius: 59,
      temperature_margin_celsius: 26,
      memory_temperature_celsius: 54,
      sm_clock_hertz: 1_980_000_000,
      memory_clock_hertz: 2_619_000_000,
      memory_used_bytes: 19_818 * MIB,
      memory_free_bytes: 61_263 * MIB,
      memory_reserved_bytes: 479 * MIB,
      memory_total_bytes: 81_559 * MIB,
      clock_event_reasons: 0,
      pcie_link_generation: 5,
      pcie_link_width: 16,
      performance_state: 0,
      fan_ratio: null,
      row_remap_pending: 0,
      ecc_uncorrected_total: 0,
      retired_pages_total: null,
    })
  })

  it('CSV of an idle H100 has the idle bit, one with MIG on has no utilization', () => {
    expect(metrics('smi-h100-sxm-querygpu-csv-idle.txt')).toMatchObject({
      gpu_util_ratio: 0,
      power_watts: 69.85,
      sm_clock_hertz: 345_000_000,
      memory_used_bytes: 0,
      clock_event_reasons: 1,
    })
    expect(metrics('smi-h100-mig-querygpu-csv-load.txt')).toMatchObject({
      gpu_util_ratio: null,
      encoder_busy_ratio: null,
      power_watts: 433.78,
      memory_used_bytes: 11_125 * MIB,
      remapped_rows_corrected_total: null,
    })
    expect(first('smi-h100-mig-querygpu-csv-load.txt')?.labels['mig_mode']).toBe('Enabled')
  })

  it('CSV of an L40S: a video load is 9 % GPU and 60 % encoder', () => {
    expect(metrics('smi-l40s-querygpu-csv-load.txt')).toMatchObject({
      gpu_util_ratio: 0.09,
      encoder_busy_ratio: 0.6,
      decoder_busy_ratio: 0,
      power_watts: 110.23,
      temperature_celsius: 54,
      temperature_margin_celsius: 34,
      memory_temperature_celsius: null,
      throttle_power_seconds_total: 204.642816,
    })
  })

  it('CSV of Windows: columns are missing and nothing shifts', () => {
    expect(metrics('smi-win-2080s-591.86-querygpu-csv-idle.txt')).toMatchObject({
      power_watts: 38.92,
      power_limit_watts: 250,
      power_limit_max_watts: 350,
      fan_ratio: 0.37,
      performance_state: 8,
      throttle_power_seconds_total: 5451.018134,
      sm_clock_max_hertz: 2_145_000_000,
      memory_temperature_celsius: null,
      ecc_corrected_total: null,
    })
  })

  it('XML v12: the board and four MIG devices of 1g.20gb', () => {
    const { devices, toolLabels } = read('smi-a100-sxm4-v12-x.xml.txt')
    expect(toolLabels).toEqual({
      format: 'nvsmi_device_v12',
      driver_version: '535.54.03',
      cuda_version: '12.2',
    })
    const [board, ...slices] = devices
    expect(board?.keys[0]).toBe('uuid:GPU-513536b6-7d19-9063-b049-1e69664bb298')
    expect(board?.labels['serial']).toBe('1650522003820')
    expect(board?.metrics).toMatchObject({
      gpu_util_ratio: null,
      power_watts: 67.03,
      power_limit_watts: 500,
      temperature_celsius: 27,
      memory_temperature_celsius: 44,
      temperature_slowdown_celsius: 89,
      memory_used_bytes: 50 * MIB,
      voltage_volts: 0.9125,
      pcie_tx_bytes_per_second: 4_000_000,
      sm_clock_hertz: 1_275_000_000,
      sm_clock_max_hertz: 1_410_000_000,
    })
    expect(slices.map((slice) => slice.partition?.id)).toEqual(['3', '4', '5', '6'])
    for (const { metrics: values, parent, index, bus } of slices) {
      expect(values.memory_total_bytes).toBe(19_968 * MIB)
      expect(values.memory_used_bytes).toBe(12 * MIB)
      expect(values.power_watts).toBeUndefined()
      expect({ parent, index, bus }).toEqual({ parent: board?.keys[0], index: null, bus: null })
    }
  })

  it('XML v11 and v13', () => {
    expect(metrics('smi-a10g-x.xml.txt')).toMatchObject({
      power_watts: 25.58,
      power_limit_watts: 300,
      temperature_celsius: 17,
      temperature_slowdown_celsius: 95,
      pcie_link_generation: 1,
      pcie_link_width: 8,
      pcie_link_width_max: 16,
      voltage_volts: 0.69375,
      remapped_rows_corrected_total: 0,
      process_count: 1,
    })
    expect(metrics('smi-tesla-t4-x.xml.txt')).toMatchObject({
      power_watts: 26.78,
      power_limit_watts: 70,
      memory_used_bytes: 1032 * MIB,
      temperature_celsius: 40,
      temperature_slowdown_celsius: 93,
      retired_pages_total: 0,
      clock_event_reasons: 0,
    })
    expect(metrics('smi-rtx-4000-sff-ada-v13-x.xml.txt')).toMatchObject({
      gpu_util_ratio: 0,
      memory_controller_busy_ratio: 0.37,
      power_watts: 8.81,
      power_limit_watts: 70,
      temperature_margin_celsius: 49,
      fan_ratio: 0.3,
      performance_state: 8,
      clock_event_reasons: 1,
      throttle_power_seconds_total: 4251.825415,
      process_count: 4,
    })
    // Redacted by whoever published it: no serial number.
    expect(first('smi-rtx-4000-sff-ada-v13-x.xml.txt')?.labels['serial']).toBeUndefined()
  })

  it('-q of eight H100, driver 535', () => {
    const { devices } = read('smi-h100x8-q-535.183.txt')
    expect(devices.map((device) => device.bus)).toEqual([
      '0000:53:00.0',
      '0000:64:00.0',
      '0000:75:00.0',
      '0000:86:00.0',
      '0000:97:00.0',
      '0000:a8:00.0',
      '0000:b9:00.0',
      '0000:ca:00.0',
    ])
    expect(devices.map((device) => device.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(new Set(devices.map((device) => device.keys[0])).size).toBe(8)
    expect(devices[0]?.labels['serial']).toBe('1655022005478')
    expect(devices[0]?.metrics).toMatchObject({
      pcie_replay_total: 120,
      pcie_tx_bytes_per_second: 632_000,
      voltage_volts: 0.665,
      sm_clock_hertz: 345_000_000,
      clock_event_reasons: 1,
    })
  })

  it('-q of eight 4090: an error in one field is not an error of the board', () => {
    const { devices } = read('smi-4090x8-q-unknown-error-addressing.txt')
    expect(devices[0]?.metrics).toMatchObject({
      fan_ratio: 1,
      sm_clock_hertz: 210_000_000,
      power_limit_max_watts: 450,
      voltage_volts: 0.89,
      memory_total_bytes: 24_564 * MIB,
    })
    // The minor number of the first board is 2: it is no index.
    expect(devices[0]?.index).toBe(0)
    expect(devices[0]?.labels['minor_number']).toBe('2')
  })

  it('-q with MIG: instances keep their own memory and processes', () => {
    const { devices } = read('smi-h100-mig-q-load.txt')
    expect(devices.map((device) => device.partition?.id ?? 'board')).toEqual([
      'board',
      '2',
      '3',
      '9',
      '10',
    ])
    expect(devices.map((device) => (device.metrics.memory_used_bytes ?? 0) / MIB)).toEqual([
      11_125, 11_091, 17, 9, 9,
    ])
    expect(devices.map((device) => device.metrics.process_count)).toEqual([3, 3, 0, 0, 0])
    expect(devices[0]?.metrics).toMatchObject({ gpu_util_ratio: null, power_watts: 432.21 })
  })

  it('-q of drivers 590, 595 and 560, and of an A10 with absolute limits', () => {
    expect(metrics('smi-h100-sxm-q-load.txt')).toMatchObject({
      gpu_util_ratio: 1,
      power_watts: 629.45,
      temperature_margin_celsius: 26,
      memory_temperature_celsius: 55,
      pcie_rx_bytes_per_second: 6_346_000,
      process_count: 3,
    })
    expect(metrics('smi-l40s-q-idle.txt')).toMatchObject({ gpu_util_ratio: 1, power_watts: 183.28 })
    expect(metrics('smi-titanv-q-560.txt')).toMatchObject({
      temperature_slowdown_celsius: 97,
      temperature_margin_celsius: null,
      fan_ratio: 0.3,
      power_limit_max_watts: 300,
      ecc_corrected_total: null,
    })
    expect(metrics('smi-a10-q-535.129.txt')).toMatchObject({
      temperature_slowdown_celsius: 98,
      fan_ratio: 0,
      voltage_volts: 0.6625,
    })
  })

  it('-L names MIG devices with their share; nvlink -s has 18 links', () => {
    const h200 = read('smi-h200-mig-list-L.txt').devices
    expect(h200.map((device) => device.partition?.profile ?? null)).toEqual([
      null,
      '1c.3g.71gb',
      '2c.3g.71gb',
      '2g.35gb',
      '1g.18gb',
      '1g.18gb',
    ])
    expect(h200.slice(1).map((device) => device.partition?.share)).toEqual([
      1 / 7,
      2 / 7,
      2 / 7,
      1 / 7,
      1 / 7,
    ])
    const { devices, links } = read('smi-h100-sxm-nvlink-s.txt')
    expect(devices[0]?.metrics).toEqual({ scaleup_links_up: 18, scaleup_links_down: 0 })
    expect(links?.at(-1)).toMatchObject({
      link: 'nvlink/17',
      metrics: { link_up: 1, link_rate_bytes_per_second: 26_562_000_000 },
    })
    expect(read('smi-h100-mig-nvlink-s.txt').links).toBeUndefined()
  })
})
