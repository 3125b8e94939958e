import type { Interpretation } from '#schemas/reading.ts'
import type { CommandResult, CommandStream, SourceIo } from '../../source.ts'
import { DEFAULT_FIELDS } from './map.ts'
import {
  simulatedNode,
  simulatedValues,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
} from './simulate.ts'
import { createDcgmiDmonSource } from './source.ts'

/** A stream whose lines and end a test decides. */
export class HandStream implements CommandStream {
  readonly args: readonly string[]
  private lines: string[] = []
  private end: ReturnType<CommandStream['ended']> = null
  private readonly gone = Promise.withResolvers<void>()
  private readonly onGone: () => void
  readonly isStuck: boolean
  stops = 0

  constructor(args: readonly string[], isStuck: boolean, onGone: () => void) {
    this.args = args
    this.isStuck = isStuck
    this.onGone = onGone
  }

  print(text: string): void {
    this.lines.push(...text.trimEnd().split('\n'))
  }
  exit(exitCode: number): void {
    this.end = { failure: 'exited', exitCode }
    this.leave()
  }
  leave(): void {
    this.onGone()
    this.gone.resolve()
  }
  take() {
    const { lines } = this
    this.lines = []
    return { lines, dropped: 0 }
  }
  ended() {
    return this.end
  }
  stop() {
    this.stops += 1
    if (!this.isStuck) this.leave()
    return this.gone.promise
  }
}

export const FIELDS = [...DEFAULT_FIELDS]
const ONE_SECOND = 1000

interface NodeState {
  nowMs: number
  tick: number
  /** Answers of `discovery -l` and `-c`. */
  list: string
  hierarchy: string
  discoveryFailure: CommandResult['failure']
  hierarchyFailure: CommandResult['failure']
  /** Time limits of the calls so far, ms. */
  callMs: number[]
  discoveries: number
  /** Streams now, and at most at once. */
  alive: number
  most: number
  /** What a stream does when it is started; it prints a pass unless a test has other plans. */
  onStart: ((stream: HandStream) => void) | null
  /** Streams ignore being ended. */
  isStuck: boolean
  hasCommand: boolean
}

/** A node with `dcgmi`, in time that a test turns by hand. */
export function createNode(count = 2) {
  const gpus = simulatedNode(count)
  const state: NodeState = {
    nowMs: 1_000_000,
    tick: 0,
    list: writeDiscoveryList(gpus),
    hierarchy: 'Error: Cannot get hierarchy information from the hostengine.\n',
    discoveryFailure: null,
    hierarchyFailure: null,
    callMs: [],
    discoveries: 0,
    alive: 0,
    most: 0,
    onStart: null,
    isStuck: false,
    hasCommand: true,
  }
  const streams: HandStream[] = []
  const answer = (text: string, failure: CommandResult['failure'] = null): CommandResult => ({
    exitCode: failure === null ? 0 : null,
    stdout: new TextEncoder().encode(text),
    stderr: new Uint8Array(),
    failure,
  })
  const io: SourceIo = {
    run(_command, args, limits) {
      state.callMs.push(limits.timeoutMs)
      if (args[0] === '--version') return Promise.resolve(answer('dcgmi  version: 4.4.1\n'))
      if (args[1] === '-c') return Promise.resolve(answer(state.hierarchy, state.hierarchyFailure))
      state.discoveries += 1
      return Promise.resolve(answer(state.list, state.discoveryFailure))
    },
    stream(_command, args) {
      if (state.alive > 0) return 'busy'
      state.alive += 1
      state.most = Math.max(state.most, state.alive)
      const stream = new HandStream(args, state.isStuck, () => (state.alive -= 1))
      streams.push(stream)
      if (state.onStart === null) stream.print(pass(stream, gpus, 0))
      else state.onStart(stream)
      return stream
    },
    get: () => Promise.reject(new Error('not used')),
    hasCommand: () => Promise.resolve(state.hasCommand),
  }
  const source = createDcgmiDmonSource({
    monotonicMs: () => state.nowMs,
    // A long sleep only bounds a wait for something that settles by itself: time does not pass for it.
    async sleep(ms) {
      const isLook = ms < 100
      for (let turn = 0; turn < (isLook ? 1 : 30); turn += 1) await settle()
      if (isLook) state.nowMs += ms
    },
  })
  const memory = new Map<string, unknown>()
  return {
    state,
    gpus,
    streams,
    source,
    memory,
    io,
    last: () => {
      const stream = streams.at(-1)
      if (stream === undefined) throw new Error('no stream was started')
      return stream
    },
    /** One read, a second after the last one; what the stream is to print comes before. */
    async read(text?: string, options: Record<string, unknown> = {}): Promise<Interpretation> {
      state.tick += 1
      state.nowMs = 1_000_000 + state.tick * ONE_SECOND
      if (text !== undefined) this.last().print(text)
      return source.read({
        io,
        target: { address: 'dcgmi', node: 'n1' },
        config: source.config.parse(options),
        nowMs: state.nowMs,
        timeoutMs: ONE_SECOND,
        memory,
      })
    },
    pass: (tick: number) => pass(streams.at(-1), gpus, tick),
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

export const fieldsOf = (stream: HandStream | undefined) =>
  (stream?.args[stream.args.indexOf('-e') + 1] ?? '').split(',').map(Number)

/** A header and one row per GPU, under the fields that the stream was asked for. */
function pass(
  stream: HandStream | undefined,
  gpus: ReturnType<typeof simulatedNode>,
  tick: number,
): string {
  const fields = stream === undefined ? FIELDS : fieldsOf(stream)
  const rows = gpus.map(({ id }) =>
    writeDmonRow('4.4', fields, {
      entity: `GPU ${id}`,
      values: simulatedValues(fields, 0.5, tick),
    }),
  )
  return writeDmonHeader('4.4', fields) + rows.join('')
}
