import { describe, expect, it } from 'vitest'
import type { CommandResult, SourceIo } from '../../source.ts'
import { renderCommand, type SimulatedXpu, type SimulatedXpuTool } from './simulate.ts'
import { createXpuSmiSource } from './source.ts'

const TOOL: SimulatedXpuTool = {
  generation: 'current',
  driverVersion: '5.0.21.26',
  runtimeVersion: '5.0.21',
  timestamp: null,
  processBox: true,
  machineFormat: true,
}
const MINUTE = 60_000
const HOUR = 3_600_000
const INTEL = 'Intel XPU System Management Interface -- v1.2\nUsage: xpu-smi [Options]\n'

function xpu(index: number, changes: Partial<SimulatedXpu> = {}): SimulatedXpu {
  return {
    index,
    name: 'P800 OAM',
    bus: `0000:5${index}:00.0`,
    serial: `02KP80${index}`,
    firmware: '0.4.21',
    utilPercent: 42,
    powerWatts: 180,
    powerCapWatts: 400,
    temperatureCelsius: 50,
    memoryTemperatureCelsius: 57,
    memoryUsedMb: 4096,
    memoryTotalMb: 98_304,
    eccUncorrected: 0,
    processes: [],
    ...changes,
  }
}

/** A host with a fake tool: records what was asked, and how many calls ran at once. */
function host(devices: readonly SimulatedXpu[], commands: readonly string[] = ['xpu-smi']) {
  const clock = { nowMs: 0 }
  const asked: string[] = []
  const state = {
    devices,
    tool: TOOL,
    callMs: 10,
    running: 0,
    mostAtOnce: 0,
    override: new Map<string, Partial<CommandResult>>(),
  }
  const io: SourceIo = {
    async run(command, args, limits) {
      const line = [command, ...args].join(' ')
      asked.push(line)
      state.running += 1
      state.mostAtOnce = Math.max(state.mostAtOnce, state.running)
      await Promise.resolve()
      clock.nowMs += Math.min(state.callMs, limits.timeoutMs)
      state.running -= 1
      const answer = renderCommand(args, state.devices, state.tool)
      return {
        exitCode: answer.exitCode,
        stdout: new TextEncoder().encode(answer.stdout),
        stderr: new Uint8Array(),
        failure: state.callMs > limits.timeoutMs ? 'timeout' : null,
        ...state.override.get(line),
      }
    },
    get: () => Promise.reject(new Error('xpu-smi does not use HTTP')),
    stream: () => 'busy',
    hasCommand: (command) => Promise.resolve(commands.includes(command)),
  }
  const source = createXpuSmiSource({ monotonicMs: () => clock.nowMs })
  const memory = new Map<string, unknown>()
  const read = (nowMs: number, options: { machine_format?: boolean } = {}) => {
    asked.length = 0
    return source.read({
      io,
      target: { address: commands[0] ?? 'xpu-smi', node: 'n1' },
      config: source.config.parse(options),
      nowMs,
      timeoutMs: 10_000,
      memory,
    })
  }
  const detect = (options: { command?: string } = {}) =>
    source.detect(io, source.config.parse(options), 'n1')
  return { source, state, asked, read, detect }
}
const text = (line: string) => ({ stdout: new TextEncoder().encode(line) })

describe('detect', () => {
  it('takes either spelling of the name', async () => {
    for (const command of ['xpu-smi', 'xpu_smi'])
      expect(await host([xpu(0)], [command]).detect()).toEqual({
        state: 'present',
        target: { address: command, node: 'n1' },
        looked: 'xpu-smi or xpu_smi on PATH',
      })
    expect(await host([], []).detect()).toMatchObject({ state: 'absent' })
  })

  it("tells Intel's tool of the same name apart, and still finds ours beside it", async () => {
    const intel = host([], ['xpu-smi'])
    intel.state.override.set('xpu-smi', text(INTEL))
    const found = await intel.detect()
    expect(found.state).toBe('absent')
    expect(found.looked).toContain('Intel')
    const both = host([xpu(0)], ['xpu-smi', 'xpu_smi'])
    both.state.override.set('xpu-smi', text(INTEL))
    expect(await both.detect()).toMatchObject({ state: 'present', target: { address: 'xpu_smi' } })
  })

  it('a tool that is here and does not work is broken, with a reason', async () => {
    const { state, detect } = host([xpu(0)])
    state.override.set('xpu-smi', { failure: 'timeout' })
    expect(await detect()).toMatchObject({ state: 'broken', reason: 'timeout' })
    expect(await detect({ command: '/opt/xre/bin/xpu-smi' })).toMatchObject({ state: 'absent' })
  })
})

describe('read', () => {
  it('asks the box and the machine format, one at a time, and joins them by bus', async () => {
    const { asked, state, read } = host([xpu(0), xpu(1, { memoryTemperatureCelsius: 0 })])
    const result = await read(MINUTE)
    expect(asked).toEqual(['xpu-smi', 'xpu-smi -m'])
    expect(state.mostAtOnce).toBe(1)
    expect(result.devices.map(({ keys }) => keys)).toEqual([
      ['serial:02KP800', 'slot:0000:50:00.0/0'],
      ['serial:02KP801', 'slot:0000:51:00.0/0'],
    ])
    expect(result.devices.map(({ metrics }) => metrics.memory_temperature_celsius)).toEqual([
      57,
      null,
    ])
    expect(result.devices[0]?.labels).toMatchObject({
      serial: '02KP800',
      firmware_version: '0.4.21',
    })
    expect(result.devices[0]?.metrics).toMatchObject({ busy_ratio: 0.42, power_watts: 180 })
  })

  it('a tool without the machine format is asked for it once an hour', async () => {
    const { asked, state, read } = host([xpu(0)])
    state.tool = { ...TOOL, machineFormat: false }
    const result = await read(MINUTE)
    expect(result).toMatchObject({ outcome: 'ok', devices: [{ keys: ['slot:0000:50:00.0/0'] }] })
    await read(2 * MINUTE)
    expect(asked).toEqual(['xpu-smi'])
    await read(2 * MINUTE + HOUR)
    expect(asked).toEqual(['xpu-smi', 'xpu-smi -m'])
  })

  it('the machine format can be switched off', async () => {
    const { asked, read } = host([xpu(0)])
    await read(MINUTE, { machine_format: false })
    expect(asked).toEqual(['xpu-smi'])
  })

  it('a second call that hangs costs no reading, and known devices keep their names', async () => {
    const { state, read } = host([xpu(0)])
    await read(MINUTE)
    state.override.set('xpu-smi -m', { failure: 'timeout' })
    const result = await read(2 * MINUTE)
    expect(result.outcome).toBe('ok')
    expect(result.devices[0]?.keys[0]).toBe('serial:02KP800')
    expect(result.devices[0]?.metrics.memory_temperature_celsius).toBeNull()
    const later = await read(4 * HOUR)
    expect(later.devices[0]?.keys).toEqual(['slot:0000:50:00.0/0'])
  })

  it('a replaced board has the new serial at once', async () => {
    const { state, read } = host([xpu(0)])
    await read(MINUTE)
    state.devices = [xpu(0, { serial: '02KNEW9' })]
    expect((await read(2 * MINUTE)).devices[0]?.keys[0]).toBe('serial:02KNEW9')
  })

  it('a slow tool is not asked twice: the second call would not end in time', async () => {
    const { asked, state, read } = host([xpu(0)])
    state.callMs = 6000
    expect((await read(MINUTE)).outcome).toBe('ok')
    expect(asked).toEqual(['xpu-smi'])
  })

  it('a device that vanished from the box does not live on in our memory', async () => {
    const { state, read } = host([xpu(0), xpu(1)])
    await read(MINUTE)
    state.devices = [xpu(1)]
    expect((await read(2 * MINUTE)).devices.map(({ index }) => index)).toEqual([1])
  })

  it.each([
    ['failed', 'timeout', { failure: 'timeout' }],
    ['absent', 'command_not_found', { failure: 'not_found' }],
    ['failed', 'not_permitted', { failure: 'not_permitted' }],
    ['failed', 'too_large', { failure: 'too_large' }],
    ['failed', 'spawn_failed', { failure: 'spawn_failed' }],
    ['failed', 'empty_output', { ...text(''), exitCode: 0 }],
    ['absent', 'command_not_found', { ...text(''), exitCode: 127 }],
    ['absent', 'intel_tool', { ...text(INTEL), exitCode: 0 }],
    ['failed', 'not_permitted', { ...text('/dev/xpu0: Permission denied\n'), exitCode: 1 }],
    ['failed', 'not_xpu_smi', { ...text('hello\n'), exitCode: 0 }],
  ] as const)(
    '%s %s, with a sentence for a person and no device',
    async (outcome, reason, answer) => {
      const { state, read } = host([xpu(0)])
      state.override.set('xpu-smi', answer)
      const result = await read(MINUTE)
      expect(result).toMatchObject({ outcome, reason, devices: [] })
      expect(result.detail).toMatch(/\w+ \w+ \w+/)
    },
  )

  it('reads what the loader says on stderr when stdout is empty', async () => {
    const { state, read } = host([])
    const said = 'xpu-smi: error while loading shared libraries: libxpuml.so.1: cannot open\n'
    state.override.set('xpu-smi', { ...text(''), stderr: text(said).stdout, exitCode: 127 })
    expect(await read(MINUTE)).toMatchObject({ outcome: 'failed', reason: 'library_missing' })
  })
})
