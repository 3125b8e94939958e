import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { CommandResult, Detection, ReadContext, Source, SourceIo } from '../../source.ts'
import type { KnownIdentity } from './devices.ts'
import { LAUNCH_FAILURES } from './faults.ts'
import { interpret, interpretFailure, interpretOutput, SOURCE_NAME } from './interpret.ts'
import { parseOutput, type XpuOutput } from './parse.ts'
import { recognize } from './recognize.ts'
import { sameBus } from './values.ts'

const XpuSmiConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('the tool, by name on PATH or by full path; default: xpu-smi, else xpu_smi'),
    machine_format: z
      .boolean()
      .default(true)
      .describe('also ask `-m`: serial numbers, firmware and memory temperature'),
  })
  .prefault({})
type XpuSmiConfig = z.infer<typeof XpuSmiConfig>

const NAMES = ['xpu-smi', 'xpu_smi'] as const
const MAX_BYTES = 1 << 20
/** Share of a read's time that the second call may use. */
const SECOND_CALL_BUDGET = 0.9
/** Below this much time left, ms, the second call is not begun. */
const SECOND_CALL_FLOOR_MS = 250
/** `-m` that gave nothing we know is asked again after this long, ms. */
const MACHINE_PAUSE_MS = 3_600_000
/** Who sits at a bus address is believed for this long without being told again, ms: cards are swapped. */
const IDENTITY_TTL_MS = 7_200_000
const DETECT_MS = 8000
const STATE_KEY = 'xpu-smi'

/** Injected so that tests can make time pass. */
export interface XpuSmiDeps {
  /** Milliseconds that only rise. */
  monotonicMs(): number
}

/** What one target remembers between reads. A class only so that `instanceof` finds it again. */
class XpuState {
  identities: ReadonlyMap<string, KnownIdentity> = new Map()
  identitiesMs = 0
  pausedUntilMs = 0
}

/** The source; the default export runs on the process clock. */
export function createXpuSmiSource(deps: XpuSmiDeps): Source<XpuSmiConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'command',
    // One call asks every device of the driver anew; 15 s finds a change soon.
    defaultIntervalMs: 15_000,
    expects: [
      'busy_ratio',
      'power_watts',
      'temperature_celsius',
      'memory_used_bytes',
      'memory_total_bytes',
    ],
    config: XpuSmiConfig,
    recognize,
    interpret,
    detect,
    read: (context) => read(context, deps),
  }
}

export default createXpuSmiSource({ monotonicMs: () => performance.now() })

/** Two vendors ship a tool of this name: what it prints decides whose it is. */
async function detect(io: SourceIo, config: XpuSmiConfig, node: string): Promise<Detection> {
  const names = config.command === undefined ? NAMES : [config.command]
  const looked = `${names.join(' or ')} on PATH`
  const there = await Promise.all(names.map((name) => io.hasCommand(name)))
  let broken: Detection | null = null
  let other = ''
  for (const name of names.filter((_name, at) => there[at] === true)) {
    const answer = answerOf(
      await io.run(name, [], { timeoutMs: DETECT_MS, maxBytes: MAX_BYTES }),
    ).read
    if (answer.outcome === 'ok')
      return { state: 'present', target: { address: name, node }, looked }
    const { reason, detail } = answer
    if (answer.outcome === 'absent') other = ` (${name}: ${detail ?? reason ?? ''})`
    else broken ??= { state: 'broken', looked, reason: reason ?? '', detail: detail ?? '' }
  }
  return broken ?? { state: 'absent', looked: `${looked}${other}` }
}

async function read(context: ReadContext<XpuSmiConfig>, deps: XpuSmiDeps): Promise<Interpretation> {
  const state = stateOf(context.memory)
  const startedMs = deps.monotonicMs()
  const first = answerOf(
    await context.io.run(context.target.address, [], {
      timeoutMs: context.timeoutMs,
      maxBytes: MAX_BYTES,
    }),
  )
  if (first.output === null || first.read.outcome !== 'ok') return first.read
  const spentMs = deps.monotonicMs() - startedMs
  const leftMs = context.timeoutMs * SECOND_CALL_BUDGET - spentMs
  // The second call takes about as long as the first one did.
  const hasTime = leftMs >= Math.max(SECOND_CALL_FLOOR_MS, spentMs)
  const isWanted = context.config.machine_format && context.nowMs >= state.pausedUntilMs
  const machine = isWanted && hasTime ? await askMachine(context, state, leftMs) : null
  if (context.nowMs - state.identitiesMs > IDENTITY_TTL_MS) state.identities = new Map()
  const output = machine === null ? first.output : { ...first.output, machine: machine.machine }
  return interpretOutput(output, state.identities)
}

function stateOf(memory: Map<string, unknown>): XpuState {
  const known = memory.get(STATE_KEY)
  if (known instanceof XpuState) return known
  const state = new XpuState()
  memory.set(STATE_KEY, state)
  return state
}

async function askMachine(
  context: ReadContext<XpuSmiConfig>,
  state: XpuState,
  timeoutMs: number,
): Promise<XpuOutput | null> {
  const result = await context.io.run(context.target.address, ['-m'], {
    timeoutMs,
    maxBytes: MAX_BYTES,
  })
  const output = result.failure === null ? parseOutput(bestText(result)) : null
  if (output === null || output.machine.length === 0) {
    state.pausedUntilMs = context.nowMs + MACHINE_PAUSE_MS
    return null
  }
  state.identitiesMs = context.nowMs
  state.identities = new Map(
    output.machine.flatMap(({ bus, serial, chip, firmware }) =>
      bus === null ? [] : [[sameBus(bus), { serial, chip, firmware }]],
    ),
  )
  return output
}

function answerOf(result: CommandResult): { read: Interpretation; output: XpuOutput | null } {
  if (result.failure !== null)
    return { read: interpretFailure(LAUNCH_FAILURES[result.failure]), output: null }
  const output = parseOutput(bestText(result))
  const isUnknown = output.empty && result.exitCode === 127
  return {
    read: isUnknown
      ? interpretFailure(LAUNCH_FAILURES.not_found)
      : interpretOutput(output, new Map()),
    output,
  }
}

/** The tool writes to stdout; the loader and the shell use stderr. */
function bestText(result: CommandResult): Uint8Array {
  return result.stdout.some((byte) => byte > 32) ? result.stdout : result.stderr
}
