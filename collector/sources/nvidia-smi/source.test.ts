import { describe, expect, it } from 'vitest'
import type { CommandResult, ReadContext, SourceIo } from '../../source.ts'
import source, { createNvidiaSmiSource } from './source.ts'
import { renderCommand, type SimulatedGpu } from './simulate.ts'

const DRIVER = { version: '595.80', cuda: '13.2', schema: 'v13' } as const

const GPU: SimulatedGpu = {
  index: 0,
  model: 'NVIDIA H100 80GB HBM3',
  architecture: 'Hopper',
  uuid: 'GPU-12345678-9abc-4def-8123-456789abcde0',
  serial: '1652023000001',
  bus: '00000000:01:00.0',
  utilPercent: 50,
  memoryUtilPercent: 20,
  powerWatts: 400,
  powerLimitWatts: 700,
  powerLimitMaxWatts: 700,
  temperatureCelsius: 50,
  memoryTemperatureCelsius: 55,
  tlimitCelsius: 30,
  slowdownCelsius: 90,
  smClockMhz: 1980,
  smClockMaxMhz: 1980,
  memoryClockMhz: 2619,
  memoryTotalMib: 81_559,
  memoryReservedMib: 479,
  memoryUsedMib: 100,
  reasons: 0,
  slowedUs: [0, 0, 0, 0],
  eccCorrected: 0,
  eccUncorrected: 0,
  rowsRemapped: 0,
  isRemapPending: false,
  recoveryAction: 'None',
  mig: [],
  processes: [],
}
const second: SimulatedGpu = {
  ...GPU,
  index: 1,
  uuid: 'GPU-12345678-9abc-4def-8123-456789abcde1',
  bus: '00000000:02:00.0',
}
const slice = (gpuInstance: number) => ({
  gpuInstance,
  computeInstance: 0,
  profile: '3g.40gb',
  uuid: `MIG-12345678-1111-5222-8333-44444444444${gpuInstance}`,
  multiprocessors: 60,
  memoryTotalMib: 40_448,
  memoryUsedMib: 26,
})

interface Answer {
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode?: number | null
  readonly failure?: CommandResult['failure']
}

/** A machine whose nvidia-smi answers as told; keeps what was asked, and how many calls ran at once. */
function machine(answer: (args: readonly string[]) => Answer) {
  const calls: string[] = []
  let running = 0
  let runningMost = 0
  let clockMs = 0
  const io: SourceIo = {
    async run(_command, args, limits) {
      calls.push(`${args.join(' ')} ${limits.timeoutMs}`)
      running += 1
      runningMost = Math.max(runningMost, running)
      await Promise.resolve()
      clockMs += 100
      running -= 1
      const { stdout = '', stderr = '', exitCode = 0, failure = null } = answer(args)
      const encoder = new TextEncoder()
      return { exitCode, failure, stdout: encoder.encode(stdout), stderr: encoder.encode(stderr) }
    },
    stream: () => 'busy',
    get: () => Promise.reject(new Error('no HTTP here')),
    hasCommand: () => Promise.resolve(true),
  }
  const memory = new Map<string, unknown>()
  const live = createNvidiaSmiSource({ monotonicMs: () => clockMs })
  const read = (options: { nowMs?: number; config?: object; timeoutMs?: number } = {}) => {
    const context: ReadContext<{ command: string; mig_profiles: boolean }> = {
      io,
      target: { address: 'nvidia-smi', node: 'node-7' },
      config: { command: 'nvidia-smi', mig_profiles: true, ...options.config },
      nowMs: options.nowMs ?? 1_760_000_000_000,
      timeoutMs: options.timeoutMs ?? 10_000,
      memory,
    }
    return live.read(context)
  }
  return { io, calls, read, most: () => runningMost }
}

const simulated = (gpus: readonly SimulatedGpu[]) =>
  machine((args) => renderCommand(args, gpus, DRIVER))

describe('reading a node', () => {
  it('is one call of -q -x with the time of the read', async () => {
    const node = simulated([GPU, second])
    const result = await node.read()
    expect(node.calls).toEqual(['-q -x 10000'])
    expect(result.outcome).toBe('ok')
    expect(result.devices.map((device) => device.index)).toEqual([0, 1])
    expect(result.devices[0]?.metrics).toMatchObject({ gpu_util_ratio: 0.5, power_watts: 400 })
  })

  it('asks for names of MIG devices once per layout, one call after the other', async () => {
    const withMig = [{ ...GPU, mig: [slice(1), slice(2)] }]
    let gpus: readonly SimulatedGpu[] = withMig
    const node = machine((args) => renderCommand(args, gpus, DRIVER))
    const first = await node.read()
    await node.read()
    expect(node.calls).toEqual(['-q -x 10000', '-L 9900', '-q -x 10000'])
    expect(node.most()).toBe(1)
    expect(first.devices.slice(1).map((device) => device.partition)).toEqual([
      { id: '1', profile: '3g.40gb', share: 3 / 7 },
      { id: '2', profile: '3g.40gb', share: 3 / 7 },
    ])
    gpus = [{ ...GPU, mig: [slice(5)] }]
    const changed = await node.read()
    expect(node.calls.slice(3)).toEqual(['-q -x 10000', '-L 9900'])
    expect(changed.devices[1]?.keys).toContain(`mig:${slice(5).uuid}`)
  })

  it('goes without the names where they are switched off, late or not given, and asks again later', async () => {
    const gpus = [{ ...GPU, mig: [slice(1)] }]
    const off = simulated(gpus)
    await off.read({ config: { mig_profiles: false } })
    expect(off.calls).toHaveLength(1)
    const late = simulated(gpus)
    await late.read({ timeoutMs: 500 })
    expect(late.calls).toHaveLength(1)
    const silent = machine((args) =>
      args.includes('-L')
        ? { failure: 'timeout', exitCode: null }
        : renderCommand(args, gpus, DRIVER),
    )
    const start = 1_760_000_000_000
    const result = await silent.read({ nowMs: start })
    expect(result.devices[1]?.partition).toEqual({ id: '1', profile: null, share: null })
    await silent.read({ nowMs: start + 15_000 })
    expect(silent.calls).toHaveLength(3)
    await silent.read({ nowMs: start + 601_000 })
    expect(silent.calls).toHaveLength(5)
  })

  it('stamps its events with node and tick', async () => {
    const node = simulated([{ ...GPU, recoveryAction: 'Reset' }])
    const { events } = await node.read({ nowMs: 1_760_000_015_000 })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      type: 'recovery_action',
      code: 'reset',
      node: 'node-7',
      at_ms: 1_760_000_015_000,
      source: 'nvidia-smi',
    })
  })

  it('a GPU that fell off the bus keeps the name it had, and the others their index', async () => {
    let lost = false
    const node = machine((args) =>
      lost
        ? {
            ...renderCommand(args, [second], DRIVER),
            stderr:
              'Unable to determine the device handle for GPU0: 0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU\n',
          }
        : renderCommand(args, [GPU, second], DRIVER),
    )
    const before = await node.read()
    lost = true
    const after = await node.read()
    expect(after.outcome).toBe('ok')
    const gone = after.devices.find((device) => device.failed !== null)
    expect(gone).toMatchObject({
      failed: 'gpu_is_lost',
      keys: before.devices[0]?.keys,
      model: GPU.model,
      index: 0,
      metrics: {},
    })
    expect(after.devices.find((device) => device.failed === null)?.index).toBe(1)
  })

  it.each<[string, Answer, string]>([
    [
      'driver, on stderr',
      {
        stderr: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        exitCode: 9,
      },
      'driver_not_reachable',
    ],
    [
      'driver, on stdout',
      {
        stdout: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        exitCode: 9,
      },
      'driver_not_reachable',
    ],
    ['exit status alone', { exitCode: 9 }, 'driver_not_reachable'],
    ['no devices', { stdout: 'No devices were found\n', exitCode: 6 }, 'no_devices_found'],
    [
      'lost',
      {
        stdout: 'Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.',
        exitCode: 15,
      },
      'gpu_is_lost',
    ],
    ['nothing at all', { exitCode: 0 }, 'empty_output'],
    ['hung in the kernel', { failure: 'timeout', exitCode: null }, 'timeout'],
    ['gone', { failure: 'not_found', exitCode: null }, 'command_not_found'],
    ['another tool', { stdout: 'usage: nvidia-smi-wrapper\n' }, 'not_nvidia_smi'],
  ])('%s: failed with a reason and a fix, never idle devices', async (_name, answer, reason) => {
    const result = await machine(() => answer).read()
    expect(result).toMatchObject({ outcome: 'failed', reason })
    expect(result.detail).toMatch(/: |\?/)
    expect(result.devices.every((device) => device.failed !== null)).toBe(true)
  })

  it('an answer that stops in the middle gives what it has, without the value that was cut', async () => {
    const { stdout } = renderCommand(['-q', '-x'], [GPU, second], DRIVER)
    const cut = stdout.slice(0, stdout.lastIndexOf('<gpu_temp>') + 11)
    const result = await machine(() => ({ stdout: cut, exitCode: null })).read()
    expect(result.outcome).toBe('ok')
    expect(result.devices).toHaveLength(2)
    expect(result.devices[1]?.metrics.temperature_celsius).toBeUndefined()
    expect(result.rejectedByReason['cut_output']).toBe(1)
  })
})

describe('looking for it', () => {
  const config = { command: 'nvidia-smi', mig_profiles: true }

  it('absent without the command, present when it lists a GPU', async () => {
    const { io } = simulated([GPU])
    const absent = { ...io, hasCommand: () => Promise.resolve(false) }
    expect((await source.detect(absent, config, 'n')).state).toBe('absent')
    const found = await source.detect(io, config, 'n')
    expect(found).toMatchObject({ state: 'present', target: { address: 'nvidia-smi', node: 'n' } })
  })

  it('broken when it answers with an error or not at all', async () => {
    const driver = machine(() => ({
      stderr: 'Failed to initialize NVML: Driver/library version mismatch',
      exitCode: 18,
    }))
    expect(await source.detect(driver.io, config, 'n')).toMatchObject({
      state: 'broken',
      reason: 'driver_library_mismatch',
    })
    const hung = machine(() => ({ failure: 'timeout', exitCode: null }))
    expect(await source.detect(hung.io, config, 'n')).toMatchObject({
      state: 'broken',
      reason: 'timeout',
    })
  })

  it('steps back for better sources and names its three forms', () => {
    expect(source.fallbackFor).toEqual(['dcgm-exporter', 'dcgmi-dmon'])
    expect(source.formats?.map((format) => format.name)).toEqual([
      'nvidia-smi-csv',
      'nvidia-smi-xml',
      'nvidia-smi-q',
    ])
    expect(source.defaultIntervalMs).toBeGreaterThanOrEqual(15_000)
  })
})
