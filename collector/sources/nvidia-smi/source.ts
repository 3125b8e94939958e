import { z } from 'zod'
import { type Interpretation, unread } from '#schemas/reading.ts'
import type {
  CommandResult,
  Detection,
  ReadContext,
  Source,
  SourceFormat,
  SourceIo,
} from '../../source.ts'
import type { Form } from './capture.ts'
import { type Failure, LAUNCH_FAILURES } from './failures.ts'
import { describeFault } from './faults.ts'
import { interpret, interpretOutput, SOURCE_NAME } from './interpret.ts'
import { NodeMemory } from './node-memory.ts'
import { parseList } from './parse-list.ts'
import { recognizeText } from './recognize.ts'
import { createRefusals } from './refusals.ts'

const NvidiaSmiConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .default('nvidia-smi')
      .describe('the tool, by name on PATH or by full path'),
    mig_profiles: z
      .boolean()
      .default(true)
      .describe('ask for profiles and UUIDs of MIG devices (`-L`) when their layout changes'),
  })
  .prefault({})
type NvidiaSmiConfig = z.infer<typeof NvidiaSmiConfig>

/** 16 GPUs with all their supported clocks print about 1 MiB. */
const MAX_BYTES = 8 << 20
const LIST_BYTES = 1 << 20
/** Below the 10 s that looking for sources may take. */
const DETECT_MS = 8000
/** Time that must be left of a read for `-L`, which starts the driver once more, ms. */
const LIST_FLOOR_MS = 1000

/** Injected so that tests can make time pass. */
export interface NvidiaSmiDeps {
  /** Milliseconds that only rise. */
  monotonicMs(): number
}

/** The source; the default export runs on the process clock. */
export function createNvidiaSmiSource(deps: NvidiaSmiDeps): Source<NvidiaSmiConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'command',
    // Each call opens every GPU anew; where nobody holds the driver open that takes seconds.
    defaultIntervalMs: 15_000,
    expects: [
      'gpu_util_ratio',
      'power_watts',
      'power_limit_watts',
      'temperature_celsius',
      'memory_used_bytes',
      'memory_total_bytes',
      'sm_clock_hertz',
      'clock_event_reasons',
    ],
    config: NvidiaSmiConfig,
    fallbackFor: ['dcgm-exporter', 'dcgmi-dmon'],
    formats: [format('csv'), format('xml'), format('q')],
    describeFault,
    recognize: (bytes) =>
      recognizeText(new TextDecoder().decode(bytes.subarray(0, PROBE))).sureness,
    interpret,
    detect,
    read: (context) => read(context, deps),
  }
}

/** Bytes that decide what an output is. */
const PROBE = 1 << 16

export default createNvidiaSmiSource({ monotonicMs: () => performance.now() })

function format(form: Form): SourceFormat {
  return {
    name: `${SOURCE_NAME}-${form}`,
    recognize(bytes) {
      const found = recognizeText(new TextDecoder().decode(bytes.subarray(0, PROBE)))
      return found.shape === form ? found.sureness : 0
    },
    interpret: (bytes) => interpretOutput(bytes, { form }),
  }
}

/** Here when the tool is on PATH and lists a GPU; one that answers with an error is broken, not absent. */
async function detect(io: SourceIo, config: NvidiaSmiConfig, node: string): Promise<Detection> {
  const looked = `${config.command} on PATH`
  if (!(await io.hasCommand(config.command))) return { state: 'absent', looked }
  const result = await io.run(config.command, ['-L'], {
    timeoutMs: DETECT_MS,
    maxBytes: LIST_BYTES,
  })
  const failure = result.failure === null ? null : LAUNCH_FAILURES[result.failure]
  const answer = failure === null ? interpretResult(result) : failed(failure)
  return answer.outcome === 'ok'
    ? { state: 'present', target: { address: config.command, node }, looked }
    : {
        state: 'broken',
        looked,
        reason: answer.reason ?? 'failed',
        detail: answer.detail ?? 'it did not list a GPU',
      }
}

async function read(
  context: ReadContext<NvidiaSmiConfig>,
  deps: NvidiaSmiDeps,
): Promise<Interpretation> {
  const memory = NodeMemory.of(context.memory)
  const endMs = deps.monotonicMs() + context.timeoutMs
  const result = await context.io.run(context.target.address, ['-q', '-x'], {
    timeoutMs: context.timeoutMs,
    maxBytes: MAX_BYTES,
  })
  if (result.failure !== null) return failed(LAUNCH_FAILURES[result.failure])
  const bytes = joined(result)
  let answer = interpretResult(result, memory)
  if (context.config.mig_profiles && memory.needsListing(answer.devices, context.nowMs)) {
    const leftMs = endMs - deps.monotonicMs()
    if (leftMs >= LIST_FLOOR_MS) {
      await list(context, memory, leftMs)
      answer = interpretOutput(bytes, { exitCode: result.exitCode, listed: memory.listed })
    }
  }
  const devices = memory.complete(answer.devices)
  const stamp = { at_ms: context.nowMs, node: context.target.node }
  return { ...answer, devices, events: answer.events.map((event) => ({ ...event, ...stamp })) }
}

/** Asks for the names of MIG devices; an answer that does not come leaves them unknown for a while. */
async function list(
  context: ReadContext<NvidiaSmiConfig>,
  memory: NodeMemory,
  timeoutMs: number,
): Promise<void> {
  const result = await context.io.run(context.target.address, ['-L'], {
    timeoutMs: Math.floor(timeoutMs),
    maxBytes: LIST_BYTES,
  })
  const lines = new TextDecoder().decode(result.stdout).split('\n')
  memory.keepListing(result.failure === null ? parseList(lines, createRefusals()) : [])
}

function interpretResult(result: CommandResult, memory?: NodeMemory): Interpretation {
  return interpretOutput(joined(result), {
    exitCode: result.exitCode,
    listed: memory?.listed ?? [],
  })
}

/** Errors come on either stream, beside good values or alone; stderr first, so that a cut stdout shows. */
function joined({ stdout, stderr }: CommandResult): Uint8Array {
  if (!stderr.some((byte) => byte > 32)) return stdout
  return Buffer.concat([stderr, Buffer.from('\n'), stdout])
}

const failed = (failure: Failure): Interpretation => unread(SOURCE_NAME, failure)
