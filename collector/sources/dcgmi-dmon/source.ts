import { z } from 'zod'
import type { Detection, Source, SourceIo } from '../../source.ts'
import { describeFault } from './faults.ts'
import { interpret, recognize, SOURCE_NAME } from './interpret.ts'
import { closeLive, type LiveDeps, LiveState, readLive } from './live.ts'
import { discover, isFailure } from './live-inventory.ts'
import { DEFAULT_FIELDS, fieldOfId } from './map.ts'

const DcgmiDmonConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .default('dcgmi')
      .describe('the tool, by name on PATH or by full path'),
    period_ms: z
      .int()
      .min(100)
      .max(60_000)
      .default(1000)
      .describe('how often dcgmi dmon prints (`-d`); keep it at the interval of the source'),
    fields: z
      .array(z.int().refine((id) => fieldOfId(id) !== undefined, 'is no field this source can use'))
      .min(1)
      .max(64)
      .default([...DEFAULT_FIELDS])
      .describe('field ids asked for (`-e`), numeric ones that have a metric; see the README'),
  })
  .prefault({})
type DcgmiDmonConfig = z.infer<typeof DcgmiDmonConfig>

/** Looking for sources may take 10 s, and this source asks twice. */
const DETECT_CALL_MS = 4000

/** The source on a given clock; the default export runs on the process's own. */
export function createDcgmiDmonSource(deps: LiveDeps): Source<DcgmiDmonConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'command',
    // One child prints by itself: a pass costs one read of a pipe, and seconds are what the stream is for.
    defaultIntervalMs: 1000,
    expects: [
      'gr_engine_active_ratio',
      'sm_active_ratio',
      'gpu_util_ratio',
      'power_watts',
      'energy_joules_total',
      'temperature_celsius',
      'memory_used_bytes',
      'sm_clock_hertz',
    ],
    fallbackFor: ['dcgm-exporter'],
    config: DcgmiDmonConfig,
    recognize,
    interpret,
    detect,
    read: (context) => readLive(stateOf(context.memory), context, deps),
    close: (memory) => closeLive(stateOf(memory)),
    describeFault,
  }
}

export default createDcgmiDmonSource({
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})

async function detect(io: SourceIo, config: DcgmiDmonConfig, node: string): Promise<Detection> {
  const { command } = config
  const looked = `${command} on PATH and its host engine`
  if (!(await io.hasCommand(command))) return { state: 'absent', looked }
  const found = await discover({ io, command }, DETECT_CALL_MS)
  return isFailure(found)
    ? { state: 'broken', looked, reason: found.reason, detail: found.detail }
    : { state: 'present', looked, target: { address: command, node } }
}

function stateOf(memory: Map<string, unknown>): LiveState {
  const known = memory.get(SOURCE_NAME)
  if (known instanceof LiveState) return known
  const state = new LiveState()
  memory.set(SOURCE_NAME, state)
  return state
}
