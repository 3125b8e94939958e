import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { recoveryOfText } from '../../vendors/nvidia-recovery.ts'
import { describeFault } from './faults.ts'
import { interpret, interpretOutput } from './interpret.ts'
import { migShare } from '../../vendors/nvidia-models.ts'
import { recognizeText } from './recognize.ts'
import { readValue } from './values.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string): Interpretation => interpret(bytes(text))
const GPU_A = 'GPU-12345678-9abc-4def-8123-456789abcdea'
const GPU_B = 'GPU-12345678-9abc-4def-8123-456789abcdeb'

describe('values', () => {
  const cell = (text: string, unit = '') => ({ text, unit })

  it.each([
    ['[N/A]', 'not_available'],
    ['N/A', 'not_available'],
    ['-', 'not_available'],
    ['None', 'not_available'],
    ['', 'empty'],
    ['[Not Supported]', 'not_supported'],
    ['[Requested functionality has been deprecated]', 'deprecated'],
    ['Requested functionality has been deprecated', 'deprecated'],
    ['[Function Not Found]', 'function_not_found'],
    ['[Unknown Error]', 'unknown_error'],
    ['Unknown Error', 'unknown_error'],
    ['[GPU requires reset]', 'requires_reset'],
    ['[GPU is lost]', 'gpu_is_lost'],
    ['[Insufficient Permissions]', 'no_permission'],
    ['ERR!', 'sensor_error'],
    ['[Something New]', 'other_word'],
    ['soon', 'not_a_number'],
    ['12 parsec', 'unexpected_unit'],
  ])('%s is no value, for its own reason', (text, why) => {
    expect(readValue(cell(text), 'watts')).toEqual({ value: null, why })
  })

  it('numbers are canonical, with the unit in the cell or only in the header', () => {
    expect(readValue(cell('631.95 W', 'W'), 'watts').value).toBe(631.95)
    expect(readValue(cell('631.95', 'W'), 'watts').value).toBe(631.95)
    expect(readValue(cell('37', '%'), 'percent').value).toBe(0.37)
    expect(readValue(cell('4251825415 us'), 'seconds').value).toBe(4251.825415)
    expect(readValue(cell('19818 MiB'), 'bytes').value).toBe(19_818 * 1_048_576)
    expect(readValue(cell('1980 MHz'), 'hertz').value).toBe(1.98e9)
    expect(readValue(cell('16x'), 'lanes').value).toBe(16)
    expect(readValue(cell('192 bank(s)'), 'count').value).toBe(192)
    expect(readValue(cell('-3 C'), 'celsius').value).toBe(-3)
    expect(readValue(cell('P8'), 'pstate').value).toBe(8)
    expect(readValue(cell('Yes'), 'flag').value).toBe(1)
    expect(readValue(cell('350 W'), 'bytes')).toEqual({ value: null, why: 'unexpected_unit' })
  })
})

describe('traps', () => {
  it('columns are found by name, whatever their order and number', () => {
    const one = read(`index, uuid, power.draw [W], utilization.gpu [%]\n0, ${GPU_A}, 61.5 W, 5 %\n`)
    const other = read(`utilization.gpu [%], uuid, power.draw [W], index\n5, ${GPU_A}, 61.5, 0\n`)
    expect(other.devices).toEqual(one.devices)
    expect(one.devices[0]?.metrics).toEqual({ gpu_util_ratio: 0.05, power_watts: 61.5 })
  })

  it('a prompt above the header is no header, though it names the columns', () => {
    const { devices, rejectedByReason } = read(
      `root@n1:~# nvidia-smi --query-gpu=uuid,power.draw,temperature.gpu --format=csv\nuuid, power.draw [W], temperature.gpu\n${GPU_A}, 61.5 W, 40\n`,
    )
    expect(devices[0]?.metrics).toEqual({ power_watts: 61.5, temperature_celsius: 40 })
    expect(rejectedByReason).toEqual({})
  })

  it('the requested power limit is not taken for the one in force', () => {
    const { devices, ignored } = read(
      `uuid, power.draw [W], power.limit [W]\n${GPU_A}, 61 W, 700 W\n`,
    )
    expect(devices[0]?.metrics.power_limit_watts).toBeUndefined()
    expect(ignored).toContain('power.limit')
  })

  it('the highest PCIe generation is that of the link; that of the GPU stands in for it', () => {
    const metrics = (header: string, row: string) => read(`${header}\n${row}\n`).devices[0]?.metrics
    expect(
      metrics('index, pcie.link.gen.gpumax, pcie.link.gen.max', '0, 5, 4')
        ?.pcie_link_generation_max,
    ).toBe(4)
    expect(
      metrics('index, pcie.link.gen.gpumax, temperature.gpu', '0, 5, 40')?.pcie_link_generation_max,
    ).toBe(5)
  })

  it('a lone reason column is no mask of all reasons', () => {
    const { devices } = read(
      `uuid, index, clocks_event_reasons.sw_power_cap\n${GPU_A}, 0, Active\n`,
    )
    expect(devices[0]?.metrics.clock_event_reasons).toBeUndefined()
  })

  it('0 degrees of memory is a board without a sensor', () => {
    const { devices } = read(`uuid, temperature.gpu, temperature.memory\n${GPU_A}, 40, 0\n`)
    expect(devices[0]?.metrics.memory_temperature_celsius).toBeNull()
  })

  it('a value outside its range is refused, not stored', () => {
    const { devices, rejectedByReason } = read(
      `uuid, utilization.gpu [%], temperature.gpu\n${GPU_A}, 4294967295 %, 40\n`,
    )
    expect(devices[0]?.metrics.gpu_util_ratio).toBeNull()
    expect(rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('masked and repeated UUIDs never merge two GPUs', () => {
    const masked = 'GPU-00000000-0000-0000-0000-000000000000'
    const header = 'index, uuid, pci.bus_id, temperature.gpu\n'
    const zeros = read(
      `${header}0, ${masked}, 00000000:01:00.0, 40\n1, ${masked}, 00000000:02:00.0, 41\n`,
    )
    expect(zeros.devices.map((device) => device.keys)).toEqual([
      ['slot:0000:01:00.0/0'],
      ['slot:0000:02:00.0/1'],
    ])
    const same = read(
      `${header}0, ${GPU_A}, 00000000:01:00.0, 40\n1, ${GPU_A}, 00000000:02:00.0, 41\n`,
    )
    expect(same.devices).toHaveLength(2)
    expect(same.rejectedByReason).toEqual({ uuid_not_unique: 2 })
  })

  it('a loop prints a GPU again and again: the last row counts', () => {
    const { devices } = read(
      `index, uuid, temperature.gpu\n0, ${GPU_A}, 40\nindex, uuid, temperature.gpu\n0, ${GPU_A}, 47\n`,
    )
    expect(devices).toHaveLength(1)
    expect(devices[0]?.metrics.temperature_celsius).toBe(47)
  })

  it('a last line without its end loses its last value: 59 may have been cut to 5', () => {
    const csv = read(`index, uuid, power.draw [W], temperature.gpu\n0, ${GPU_A}, 70 W, 5`)
    expect(csv.devices[0]?.metrics).toEqual({ power_watts: 70 })
    expect(csv.rejectedByReason).toEqual({ cut_line: 1 })
    const q = read(
      `GPU 00000000:01:00.0\n    GPU UUID : ${GPU_A}\n    Temperature\n        GPU Current Temp : 5`,
    )
    expect(q.devices[0]?.metrics).toEqual({})
  })

  it('recovery action None is a value: no event; another one is an event with advice in two languages', () => {
    const line = (action: string) =>
      read(`uuid, temperature.gpu, gpu_recovery_action\n${GPU_A}, 40, ${action}\n`).events
    expect(line('None')).toEqual([])
    expect(line('[N/A]')).toEqual([])
    const [event] = line('Drain and Reset')
    expect(event).toMatchObject({
      type: 'recovery_action',
      code: 'drain_and_reset',
      severity: 'critical',
      device_key: `uuid:${GPU_A}`,
    })
    expect(event?.action).toContain('reset')
    expect(event?.action_zh).toMatch(/\p{Script=Han}/u)
    expect(line('Something New')[0]).toMatchObject({ code: 'something_new', severity: 'warning' })
  })

  it('a damaged infoROM is a fault of one board beside good values', () => {
    const { outcome, events } = read(
      `uuid, pci.bus_id, temperature.gpu\n${GPU_A}, 00000000:3B:00.0, 40\nWARNING: infoROM is corrupted at gpu 0000:3B:00.0\n`,
    )
    expect(outcome).toBe('ok')
    expect(events[0]).toMatchObject({ code: 'inforom_corrupted', device_key: `uuid:${GPU_A}` })
  })

  it('a board whose every measured value is an error is unreadable; one bad field is not enough', () => {
    const header = 'index, uuid, utilization.gpu [%], power.draw [W], memory.used [MiB]\n'
    const broken = read(
      `${header}0, ${GPU_A}, [Unknown Error], [Unknown Error], [Unknown Error]\n1, ${GPU_B}, 5 %, [Unknown Error], 3 MiB\n`,
    )
    expect(broken.devices.map((device) => device.failed)).toEqual(['unknown_error', null])
    expect(broken.devices[0]?.metrics).toEqual({})
    expect(broken.outcome).toBe('ok')
    const all = read(`${header}0, ${GPU_A}, [GPU is lost], [GPU is lost], [GPU is lost]\n`)
    expect(all).toMatchObject({ outcome: 'failed', reason: 'gpu_is_lost' })
  })

  it('a GPU that cannot be opened stands failed beside those that can, and their positions are no indexes', () => {
    const healthy = (bus: string, uuid: string) =>
      `<gpu id="${bus}"><product_name>NVIDIA A10</product_name><uuid>${uuid}</uuid><temperature><gpu_temp>40 C</gpu_temp></temperature></gpu>`
    const text = `Unable to determine the device handle for GPU1: 0000:02:00.0: GPU is lost.  Reboot the system to recover this GPU\n<nvidia_smi_log><attached_gpus>3</attached_gpus>${healthy('00000000:01:00.0', GPU_A)}${healthy('00000000:03:00.0', GPU_B)}</nvidia_smi_log>`
    const { outcome, devices, rejectedByReason } = read(text)
    expect(outcome).toBe('ok')
    expect(devices.map(({ bus, index, failed }) => ({ bus, index, failed }))).toEqual([
      { bus: '0000:01:00.0', index: null, failed: null },
      { bus: '0000:03:00.0', index: null, failed: null },
      { bus: '0000:02:00.0', index: 1, failed: 'gpu_is_lost' },
    ])
    expect(rejectedByReason['gpu_blocks_missing']).toBe(1)
  })

  it('MIG devices of one GPU instance share its memory: the sum counts it once', () => {
    const mig = (index: number, gi: number, ci: number) =>
      `<mig_device><index>${index}</index><gpu_instance_id>${gi}</gpu_instance_id><compute_instance_id>${ci}</compute_instance_id><fb_memory_usage><total>71424 MiB</total><used>100 MiB</used></fb_memory_usage></mig_device>`
    const text = `<nvidia_smi_log><attached_gpus>1</attached_gpus><gpu id="00000000:01:00.0"><product_name>NVIDIA H200</product_name><uuid>${GPU_A}</uuid><mig_devices>${mig(0, 1, 0)}${mig(1, 1, 1)}${mig(2, 2, 0)}</mig_devices></gpu></nvidia_smi_log>`
    const listed = [
      {
        index: 0,
        model: 'NVIDIA H200',
        uuid: GPU_A,
        links: [],
        migDevices: [
          { profile: '1c.3g.71gb', device: 0, uuid: 'MIG-12345678-1111-5222-8333-444444444440' },
          { profile: '2c.3g.71gb', device: 1, uuid: 'MIG-12345678-1111-5222-8333-444444444441' },
          { profile: '3g.71gb', device: 2, uuid: 'MIG-00000000-0000-0000-0000-000000000000' },
        ],
      },
    ]
    const slices = interpretOutput(bytes(text), { listed }).devices.slice(1)
    const sum = slices.reduce((all, slice) => all + (slice.metrics.memory_total_bytes ?? 0), 0)
    expect(sum).toBe(2 * 71_424 * 1_048_576)
    expect(slices.map((slice) => slice.partition)).toEqual([
      { id: '1/ci0', profile: '1c.3g.71gb', share: 1 / 7 },
      { id: '1/ci1', profile: '2c.3g.71gb', share: 2 / 7 },
      { id: '2', profile: '3g.71gb', share: 3 / 7 },
    ])
    expect(slices.map((slice) => slice.keys)).toEqual([
      [`uuid:${GPU_A}/gi1/ci0`, 'mig:MIG-12345678-1111-5222-8333-444444444440'],
      [`uuid:${GPU_A}/gi1/ci1`, 'mig:MIG-12345678-1111-5222-8333-444444444441'],
      [`uuid:${GPU_A}/gi2`],
    ])
  })

  it('a share fits the board: four slices on an A30, none for an unknown word', () => {
    expect(migShare('2g.12gb', 'NVIDIA A30')).toBe(0.5)
    expect(migShare('7g.80gb', 'NVIDIA H100 80GB HBM3')).toBe(1)
    expect(migShare('5g.24gb', 'NVIDIA A30')).toBeNull()
    expect(migShare(null, 'NVIDIA H100')).toBeNull()
    expect(migShare('<<<NULL>>>', 'NVIDIA H100')).toBeNull()
  })
})

describe('errors', () => {
  it.each([
    [
      'NVIDIA-SMI has failed because it couldn’t communicate with the NVIDIA driver.',
      'driver_not_reachable',
    ],
    [
      "NVIDIA-SMI has failed because it couldn't communicate with\nthe NVIDIA driver. Make sure",
      'driver_not_reachable',
    ],
    ['No devices were found', 'no_devices_found'],
    ['Failed to initialize NVML: Driver/library version mismatch', 'driver_library_mismatch'],
    ['Failed to initialize NVML: Insufficient Permissions', 'no_permission'],
    ['Failed to initialize NVML: Unknown Error', 'nvml_not_initialized'],
    ["NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", 'library_not_found'],
    ['Field "temperature.hotspot" is not a valid field to query.', 'unknown_query_field'],
    ['bash: nvidia-smi: command not found', 'command_not_found'],
    [
      'Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost. Reboot',
      'gpu_is_lost',
    ],
    [
      'Unable to determine the device handle for GPU0000:02:00.0: GPU is\nlost. Reboot',
      'gpu_is_lost',
    ],
    ['Unable to detect the device handle for GPU0000:02:00.0: Unknown Error', 'unknown_error'],
    ['Unable to determine the device handle for GPU2: Unknown Error', 'unknown_error'],
    [
      'Unable to determine the device handle for GPU3: 0000:5F:00.0: GPU requires reset',
      'requires_reset',
    ],
  ])('%s', (text, reason) => {
    const result = read(`${text}\n`)
    expect(result).toMatchObject({ outcome: 'failed', reason })
    expect(result.detail?.length).toBeGreaterThan(30)
    expect(recognizeText(text).sureness).toBeGreaterThanOrEqual(0.5)
    expect(result.devices.every((device) => device.failed !== null)).toBe(true)
  })

  it('an answer without words is told by its exit status', () => {
    const silent = (exitCode: number) => interpretOutput(new Uint8Array(), { exitCode }).reason
    expect([9, 6, 12, 15, 0].map(silent)).toEqual([
      'driver_not_reachable',
      'no_devices_found',
      'library_not_found',
      'gpu_is_lost',
      'empty_output',
    ])
  })

  it('every fault it can state has a class and advice', () => {
    for (const code of ['reset', 'reboot', 'drain_p2p', 'drain_and_reset', 'new_word'])
      expect(describeFault('recovery_action', code)?.action.zh).toBeTruthy()
    for (const code of ['gpu_is_lost', 'requires_reset', 'unknown_error', 'not_found'])
      expect(describeFault('device_unreadable', code)?.severity).toMatch(/critical|fatal/)
    expect(describeFault('xid', '79')).toBeNull()
    expect(describeFault('board_health', '__proto__')).toBeNull()
    expect(recoveryOfText('GPU Reset')).toBe('reset')
    expect(recoveryOfText('Node Reboot')).toBe('reboot')
    expect(recoveryOfText('None')).toBeNull()
  })
})

describe('properties', () => {
  it('any text in any cell gives no throw, no NaN, and a count for what is refused', () => {
    const cell = fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[,\r\n]/g, ' '))
    fc.assert(
      fc.property(fc.array(cell, { minLength: 4, maxLength: 4 }), (cells) => {
        const { devices, rejectedByReason, rejected } = read(
          `uuid, utilization.gpu [%], power.draw [W], memory.used [MiB]\n${cells.join(', ')}\n`,
        )
        for (const device of devices)
          for (const value of Object.values(device.metrics))
            expect(value === null || Number.isFinite(value)).toBe(true)
        const counted = Object.values(rejectedByReason).reduce((sum, count) => sum + count, 0)
        expect(counted).toBeGreaterThanOrEqual(rejected.length)
      }),
    )
  })

  it('long hostile lines of every form are read in linear time', () => {
    const long = 'a'.repeat(300_000)
    const hostile = [
      `==============NVSMI LOG==============\n${'=: '.repeat(100_000)}\n`,
      `index, uuid\n${','.repeat(300_000)}\n`,
      `${'index, '.repeat(40_000)}\n`,
      'Unable to determine the device handle for GPU '.repeat(6000),
      `GPU 0: ${long} (UUID: GPU-`,
      `==============NVSMI LOG==============\n${Array.from({ length: 30_000 }, (_, at) => `${' '.repeat(at % 60)}k${at} : v`).join('\n')}\n`,
      `${'='.repeat(300_000)}\n`,
    ]
    for (const text of hostile) {
      const started = performance.now()
      read(text)
      expect(performance.now() - started, text.slice(0, 20)).toBeLessThan(1500)
    }
  })
})
