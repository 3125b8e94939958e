import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { CommandResult, Detection, ReadContext, Source, SourceIo } from '../../source.ts'
import { EMPTY_OUTPUT, type Failure, LAUNCH_FAILURES } from './failures.ts'
import { SOURCE_NAME, interpret, interpretOutput } from './interpret.ts'
import { LiveState, type SideJob, chipsOf, planJobs, remember, withMemory } from './live-state.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'
import { recognize } from './recognize.ts'

const NpuSmiConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .default('npu-smi')
      .describe('the tool, by name on PATH or by full path'),
    identity: z
      .boolean()
      .default(true)
      .describe('ask for the vdie id of each chip (`-m`, `-t board`), at most every 10 minutes'),
    usages: z
      .boolean()
      .default(true)
      .describe('ask for overall utilization (`-t usages`), at most once a minute'),
  })
  .prefault({})
type NpuSmiConfig = z.infer<typeof NpuSmiConfig>

const MAX_BYTES = 1 << 20
/** Share of a read's time that further calls beside `npu-smi info` may use. */
const SIDE_BUDGET = 0.9
const SIDE_CALL_MS = 10_000
/** Below this much time left, ms, no further call is begun: each one initialises the driver anew. */
const SIDE_FLOOR_MS = 250
const SIDE_CALLS_PER_READ = 32
const SIDE_ATTEMPTS = 3
/** While the driver refuses everybody it is asked once a minute. */
const BACK_OFF_MS = 60_000
const BACK_OFF_REASONS: ReadonlySet<string> = new Set(['dcmi_-8005', 'dcmi_-8020'])

/** Injected so that tests can make time pass. */
export interface NpuSmiDeps {
  /** Milliseconds that only rise. */
  monotonicMs(): number
}

/** The source; the default export runs on the process clock. */
export function createNpuSmiSource(deps: NpuSmiDeps): Source<NpuSmiConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'command',
    // A full walk of 16 dies takes seconds: shorter intervals load the driver for nothing.
    defaultIntervalMs: 15_000,
    expects: [
      'aicore_ratio',
      'npu_util_ratio',
      'power_watts',
      'temperature_celsius',
      'memory_used_bytes',
    ],
    config: NpuSmiConfig,
    recognize,
    interpret,
    detect,
    read: (context) => read(context, deps),
  }
}

export default createNpuSmiSource({ monotonicMs: () => performance.now() })

async function detect(io: SourceIo, config: NpuSmiConfig, node: string): Promise<Detection> {
  const looked = `${config.command} on PATH`
  return (await io.hasCommand(config.command))
    ? { state: 'present', target: { address: config.command, node }, looked }
    : { state: 'absent', looked }
}

async function read(context: ReadContext<NpuSmiConfig>, deps: NpuSmiDeps): Promise<Interpretation> {
  const state = stateOf(context.memory)
  if (state.backOff !== null && context.nowMs < state.backOff.untilMs) return state.backOff.answer
  state.backOff = null
  const startedMs = deps.monotonicMs()
  const result = await context.io.run(context.target.address, ['info'], {
    timeoutMs: context.timeoutMs,
    maxBytes: MAX_BYTES,
  })
  if (result.failure !== null) return failed(LAUNCH_FAILURES[result.failure])
  const output = parseOutput(bestText(result))
  if (output.empty)
    return failed(result.exitCode === 127 ? LAUNCH_FAILURES.not_found : EMPTY_OUTPUT)
  const chips = chipsOf(output)
  if (chips.length === 0) return backOffOn(state, interpretOutput(output), context.nowMs)

  planJobs(state, chips, context.config, context.nowMs)
  const endMs = startedMs + context.timeoutMs * SIDE_BUDGET
  await runSideJobs({
    state,
    context,
    // A further call takes about as long as the first one did.
    floorMs: Math.max(SIDE_FLOOR_MS, deps.monotonicMs() - startedMs),
    remainingMs: () => endMs - deps.monotonicMs(),
  })
  const answer = interpretOutput(withMemory(state, output, context.nowMs))
  const stamp = { at_ms: context.nowMs, node: context.target.node }
  return { ...answer, events: answer.events.map((event) => ({ ...event, ...stamp })) }
}

function stateOf(memory: Map<string, unknown>): LiveState {
  const known = memory.get(SOURCE_NAME)
  if (known instanceof LiveState) return known
  const state = new LiveState()
  memory.set(SOURCE_NAME, state)
  return state
}

/** The tool writes everything to stdout; only the loader and the shell use stderr. */
function bestText(result: CommandResult): Uint8Array {
  return result.stdout.some((byte) => byte > 32) ? result.stdout : result.stderr
}

function backOffOn(state: LiveState, answer: Interpretation, nowMs: number): Interpretation {
  if (answer.reason !== null && BACK_OFF_REASONS.has(answer.reason))
    state.backOff = { untilMs: nowMs + BACK_OFF_MS, answer }
  return answer
}

interface SideWork {
  readonly state: LiveState
  readonly context: ReadContext<NpuSmiConfig>
  readonly floorMs: number
  remainingMs(): number
}

/** Works off the queue, one call at a time, until the time of this read is used up. */
async function runSideJobs(work: SideWork): Promise<void> {
  const { state, context } = work
  for (let calls = 0; calls < SIDE_CALLS_PER_READ; calls += 1) {
    const job = nextJob(state, context.nowMs)
    const remainingMs = work.remainingMs()
    if (job === null || remainingMs < work.floorMs) return
    state.queue.shift()
    const answer = await ask(context, job, Math.min(SIDE_CALL_MS, remainingMs))
    if (answer === null) {
      // Stopped or not started: no luck with the next card either. Later, and not for ever.
      if (job.attempts + 1 < SIDE_ATTEMPTS) state.queue.push({ ...job, attempts: job.attempts + 1 })
      return
    }
    remember(state, job, answer, context.nowMs)
  }
}

function nextJob(state: LiveState, nowMs: number): SideJob | null {
  for (;;) {
    const job = state.queue[0]
    if (job === undefined) return null
    if (nowMs >= (state.pausedUntilMs.get(job.query) ?? 0)) return job
    state.queue.shift()
  }
}

async function ask(
  context: ReadContext<NpuSmiConfig>,
  job: SideJob,
  timeoutMs: number,
): Promise<NpuOutput | null> {
  const limits = { timeoutMs, maxBytes: MAX_BYTES }
  const result = await context.io.run(context.target.address, job.args, limits)
  return result.failure === null ? parseOutput(bestText(result)) : null
}

function failed(failure: Failure): Interpretation {
  return {
    source: SOURCE_NAME,
    outcome: failure.outcome,
    reason: failure.reason,
    detail: failure.detail,
    devices: [],
    events: [],
    rejected: [],
    rejectedByReason: {},
    ignored: [],
    toolLabels: {},
  }
}
