import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { Detection, ReadContext, Source, SourceFormat, SourceIo } from '../../source.ts'
import { EMPTY_OUTPUT, LAUNCH_FAILURES, WATCH_FAILURES, failureOfExit } from './failures.ts'
import { describeFault } from './faults.ts'
import {
  SOURCE_NAME,
  WATCH_FORMAT_NAME,
  failedAnswer,
  interpret,
  interpretOutput,
  interpretWatch,
} from './interpret.ts'
import { LiveState, chipsOf, withMemory } from './live-state.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'
import { recognize, recognizeWatch } from './recognize.ts'
import { MAX_BYTES, bestText, runSideJobs } from './side-calls.ts'
import { planJobs } from './side-jobs.ts'
import { releaseWatch, stopWatch } from './watch.ts'
import { readWatching } from './watch-read.ts'

const NpuSmiConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .default('npu-smi')
      .describe('the tool, by name on PATH or by full path'),
    watch: z
      .enum(['auto', 'on', 'off'])
      .default('auto')
      .describe(
        'keep `npu-smi info watch` running: `auto` when reads are at most 5 s apart, `on` always, `off` never',
      ),
    identity: z
      .boolean()
      .default(true)
      .describe('ask for the vdie id of each chip (`-m`, `-t board`), at most every 10 minutes'),
    usages: z
      .boolean()
      .default(true)
      .describe('ask for overall utilization (`-t usages`), at most once a minute'),
    details: z
      .boolean()
      .default(true)
      .describe(
        'ask for card power of a 310P, HBM temperature, HCCS links and ECC counters, once in 1 to 10 minutes',
      ),
  })
  .prefault({})
type NpuSmiConfig = z.infer<typeof NpuSmiConfig>

/** Share of a read's time that further calls beside `npu-smi info` may use. */
const SIDE_BUDGET = 0.9
/** Below this much time left, ms, no further call is begun: each one initialises the driver anew. */
const SIDE_FLOOR_MS = 250
/** While the driver refuses everybody it is asked once a minute. */
const BACK_OFF_MS = 60_000
const BACK_OFF_REASONS: ReadonlySet<string> = new Set(['dcmi_-8005', 'dcmi_-8020'])
/** Reads this close together are for the stream: a call walks all chips and takes seconds. */
const STREAM_INTERVAL_MS = 5000

/** Injected so that tests can make time pass. */
export interface NpuSmiDeps {
  /** Milliseconds that only rise. */
  monotonicMs(): number
}

const WATCH_FORMAT: SourceFormat = {
  name: WATCH_FORMAT_NAME,
  recognize: recognizeWatch,
  interpret: interpretWatch,
}

/** The source; the default export runs on the process clock. */
export function createNpuSmiSource(deps: NpuSmiDeps): Source<NpuSmiConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'command',
    // A full walk of 16 dies takes seconds: shorter intervals need the stream.
    defaultIntervalMs: 15_000,
    expects: [
      'aicore_ratio',
      'npu_util_ratio',
      'power_watts',
      'temperature_celsius',
      'memory_used_bytes',
      'memory_total_bytes',
      'health_code',
    ],
    formats: [WATCH_FORMAT],
    fallbackFor: ['npu-exporter'],
    config: NpuSmiConfig,
    recognize,
    interpret,
    detect,
    read: async (context) => stamped(await read(context, deps), context),
    close: (memory) => {
      const state = memory.get(SOURCE_NAME)
      if (state instanceof LiveState) releaseWatch(state.watch)
    },
    describeFault,
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
  noteInterval(state, context.nowMs)
  if (state.backOff !== null && context.nowMs < state.backOff.untilMs) return state.backOff.answer
  state.backOff = null
  const { watch } = state
  if (isWatched(state, context.config, deps.monotonicMs())) {
    const { io, target, config, nowMs } = context
    const { address: command } = target
    const answer = await readWatching({ state, io, command, options: config, nowMs, ...deps })
    if (answer !== null) return answer
  }
  // No longer watched: the stream has to be gone, really, before the tool is asked in another way.
  if (watch.handle !== null) void stopWatch(watch)
  if (watch.ending !== null || watch.round !== null) return failedAnswer(WATCH_FAILURES.stuck)
  return readBox(state, context, deps)
}

/** Reads come in cells of one interval; a missed one only makes the distance longer. */
function noteInterval({ watch }: LiveState, nowMs: number): void {
  const { lastTickMs, intervalMs } = watch
  watch.lastTickMs = nowMs
  if (lastTickMs === null || nowMs <= lastTickMs) return
  const distanceMs = nowMs - lastTickMs
  watch.intervalMs = intervalMs === null ? distanceMs : Math.min(intervalMs, distanceMs)
}

function isWatched({ watch }: LiveState, config: NpuSmiConfig, nowMs: number): boolean {
  if (config.watch === 'off' || watch.intervalMs === null || nowMs < watch.refusedUntilMs)
    return false
  return config.watch === 'on' || watch.intervalMs <= STREAM_INTERVAL_MS
}

/** One call of `npu-smi info`, and further ones as far as the time of this read goes. */
async function readBox(
  state: LiveState,
  context: ReadContext<NpuSmiConfig>,
  deps: NpuSmiDeps,
): Promise<Interpretation> {
  const { io, target, nowMs, timeoutMs } = context
  const startedMs = deps.monotonicMs()
  const result = await io.run(target.address, ['info'], { timeoutMs, maxBytes: MAX_BYTES })
  if (result.failure !== null) return failedAnswer(LAUNCH_FAILURES[result.failure])
  const output = parseOutput(bestText(result))
  if (output.empty) {
    if (result.exitCode === 127) return failedAnswer(LAUNCH_FAILURES.not_found)
    return backOffOn(state, failedAnswer(failureOfExit(result.exitCode) ?? EMPTY_OUTPUT), nowMs)
  }
  const chips = chipsOf(output)
  if (chips.length === 0) {
    // The noise that precedes a failure says nothing; the status of the tool then does.
    const stated = isOnlyNoise(output) ? failureOfExit(result.exitCode) : null
    return backOffOn(state, stated === null ? interpretOutput(output) : failedAnswer(stated), nowMs)
  }

  state.watch.box = { output, atMs: deps.monotonicMs() }
  planJobs(state, chips, context.config, nowMs)
  const endMs = startedMs + timeoutMs * SIDE_BUDGET
  await runSideJobs({
    state,
    io,
    command: target.address,
    nowMs,
    // A further call takes about as long as the first one did.
    floorMs: Math.max(SIDE_FLOOR_MS, deps.monotonicMs() - startedMs),
    remainingMs: () => endMs - deps.monotonicMs(),
    isCancelled: () => false,
  })
  return interpretOutput(withMemory(state, output, { nowMs }))
}

/** Text without anything of the tool's own in it: no box, no answer, no failure text. */
function isOnlyNoise({ tables, blocks, failures }: NpuOutput): boolean {
  return tables.length === 0 && blocks.length === 0 && failures.length === 0
}

function stateOf(memory: Map<string, unknown>): LiveState {
  const known = memory.get(SOURCE_NAME)
  if (known instanceof LiveState) return known
  const state = new LiveState()
  memory.set(SOURCE_NAME, state)
  return state
}

function backOffOn(state: LiveState, answer: Interpretation, nowMs: number): Interpretation {
  if (answer.reason !== null && BACK_OFF_REASONS.has(answer.reason))
    state.backOff = { untilMs: nowMs + BACK_OFF_MS, answer }
  return answer
}

/** Whoever reads it live knows the moment and the node that a captured text does not. */
function stamped(answer: Interpretation, context: ReadContext<NpuSmiConfig>): Interpretation {
  const stamp = { at_ms: context.nowMs, node: context.target.node }
  return { ...answer, events: answer.events.map((event) => ({ ...event, ...stamp })) }
}
