import type { CommandResult, CommandStream, SourceIo } from '../../source.ts'
import { watchHeader, watchRows } from './simulate-watch.ts'
import { type SimulatedNpu, type SimulatedTool, renderCommand } from './simulate.ts'
import { createNpuSmiSource } from './source.ts'

export const TOOL: SimulatedTool = {
  layout: 6,
  toolVersion: '25.5.1',
  driverVersion: '25.5.1',
  processBox: true,
}

/** One die of a simulated A3 host. */
export function die(npu: number, chip: number, changes: Partial<SimulatedNpu> = {}): SimulatedNpu {
  const phyId = npu * 2 + chip
  return {
    npu,
    chip,
    phyId,
    name: 'Ascend910',
    bus: `0000:8${phyId.toString(16).toUpperCase()}:00.0`,
    health: 'OK',
    errorCodes: [],
    powerWatts: chip === 0 ? 180.5 : null,
    temperatureCelsius: 40,
    aicorePercent: 30,
    memoryUsedMb: 3000,
    memoryTotalMb: 65_536,
    hugepages: { used: 0, total: 0 },
    processes: [],
    vdie: [
      '0A1B2C3D',
      '11223344',
      '55667788',
      '99AABBCC',
      `0000000${phyId.toString(16).toUpperCase()}`,
    ],
    npuUtilPercent: 65,
    aicubePercent: 20,
    aivectorPercent: 5,
    hbmBandwidthPercent: 12,
    ...changes,
  }
}

/** What a test may see and change of the fake host. */
interface FakeState {
  devices: readonly SimulatedNpu[]
  running: number
  mostAtOnce: number
  callMs: number
  readonly override: Map<string, Partial<CommandResult>>
  /** The stream that runs, and what was started so far. */
  stream: FakeStream | null
  streams: number
  readonly calls: string[]
  /** A driver call that cannot be ended. */
  ignoresKill: boolean
  hasStdbuf: boolean
  /** Letters of `-s` the tool knows. */
  knows: string
}

interface FakeStream {
  readonly call: string
  readonly letters: string
  lines: string[]
  end: ReturnType<CommandStream['ended']>
}

export const text = (line: string) => ({ stdout: new TextEncoder().encode(line) })

/** A host with a fake tool: records what was asked, and how many processes of it there were at once. */
export function host(devices: readonly SimulatedNpu[], callMs = 0) {
  const clock = { nowMs: 0 }
  const asked: string[] = []
  const state: FakeState = {
    devices,
    running: 0,
    mostAtOnce: 0,
    callMs,
    override: new Map(),
    stream: null,
    streams: 0,
    calls: [],
    ignoresKill: false,
    hasStdbuf: true,
    knows: 'ptaicmbnu',
  }
  const begin = () => {
    state.running += 1
    state.mostAtOnce = Math.max(state.mostAtOnce, state.running)
  }
  const io: SourceIo = {
    async run(_command, args, limits) {
      const line = args.join(' ')
      asked.push(line)
      begin()
      await Promise.resolve()
      clock.nowMs += Math.min(state.callMs, limits.timeoutMs)
      state.running -= 1
      const answer = renderCommand(args, state.devices, TOOL)
      const result: CommandResult = {
        exitCode: answer.exitCode,
        ...text(answer.stdout),
        stderr: new Uint8Array(),
        failure: state.callMs > limits.timeoutMs ? 'timeout' : null,
      }
      const key = [...state.override.keys()].find((prefix) => line.startsWith(prefix))
      return { ...result, ...(key === undefined ? {} : state.override.get(key)) }
    },
    get: () => Promise.reject(new Error('npu-smi does not use HTTP')),
    stream(command, args) {
      if (state.stream !== null) return 'busy'
      const call = [command, ...args].join(' ')
      const letters = args.includes('-s') ? (args[args.indexOf('-s') + 1] ?? '') : 'ptaicmb'
      const fake: FakeStream = { call, letters, lines: [], end: null }
      state.stream = fake
      state.streams += 1
      state.calls.push(call)
      begin()
      const unknown = letters.split('').some((letter) => !state.knows.includes(letter))
      if (unknown || state.knows === '') {
        fake.lines.push('Error parameter of -s', 'Usage: npu-smi info watch [Options...]')
        endStream(fake, 191)
      } else fake.lines.push(watchHeader(letters))
      return streamOf(fake)
    },
    hasCommand: (command) =>
      Promise.resolve(command === 'npu-smi' || (command === 'stdbuf' && state.hasStdbuf)),
  }
  /** The process is gone, by itself or because it was told to. */
  function endStream(fake: FakeStream, exitCode: number | null): void {
    if (fake.end !== null) return
    fake.end = { failure: 'exited', exitCode }
    state.running -= 1
    if (state.stream === fake) state.stream = null
  }
  function streamOf(fake: FakeStream): CommandStream {
    return {
      take() {
        const taken = { lines: fake.lines, dropped: 0 }
        fake.lines = []
        return taken
      },
      ended: () => fake.end,
      stop() {
        if (state.ignoresKill) return new Promise<void>(() => undefined)
        endStream(fake, null)
        return Promise.resolve()
      },
    }
  }
  const source = createNpuSmiSource({ monotonicMs: () => clock.nowMs })
  const memory = new Map<string, unknown>()
  const read = (nowMs: number, options: object = {}) => {
    asked.length = 0
    return source.read({
      io,
      target: { address: 'npu-smi', node: 'n1' },
      config: source.config.parse({ details: false, ...options }),
      nowMs,
      timeoutMs: 10_000,
      memory,
    })
  }
  /** The next read, a second later; the calls it began beside the stream are done when it answers again. */
  const tick = async (options: object = {}, seconds = 1) => {
    clock.nowMs += seconds * 1000
    const answer = await read(60_000 + clock.nowMs, options)
    const calls = [...asked]
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
    return { ...answer, asked: calls }
  }
  /** One round of rows from the stream that runs. */
  const print = () => {
    if (state.stream !== null)
      state.stream.lines.push(...watchRows(state.devices, state.stream.letters))
  }
  const end = (exitCode: number | null, ...last: string[]) => {
    if (state.stream === null) return
    state.stream.lines.push(...last)
    endStream(state.stream, exitCode)
  }
  const close = () => source.close?.(memory)
  return { source, io, state, asked, read, tick, print, end, close }
}
