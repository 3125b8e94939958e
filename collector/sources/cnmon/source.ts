import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { CommandResult, Detection, ReadContext, Source, SourceIo } from '../../source.ts'
import { EMPTY_OUTPUT, LAUNCH_FAILURES } from './failures.ts'
import { describeFault } from './faults.ts'
import { failedRead, interpret, SOURCE_NAME } from './interpret.ts'

const CnmonConfig = z
  .strictObject({
    command: z
      .string()
      .min(1)
      .max(1024)
      .default('cnmon')
      .describe('the tool, by name on PATH or by full path'),
  })
  .prefault({})
type CnmonConfig = z.infer<typeof CnmonConfig>

const MAX_BYTES = 1 << 20

const source: Source<CnmonConfig> = {
  name: SOURCE_NAME,
  transport: 'command',
  // Each call starts the driver's library anew.
  defaultIntervalMs: 15_000,
  expects: [
    'busy_ratio',
    'power_watts',
    'temperature_celsius',
    'memory_used_bytes',
    'memory_total_bytes',
  ],
  fallbackFor: ['mlu-exporter'],
  config: CnmonConfig,
  recognize,
  interpret,
  detect,
  read,
  describeFault,
}
export default source

/** Certain with the title or a header of the box, or with the JSON file's root. */
function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536))
  if (/^\|\s{0,8}CNMON\s+v?\d/m.test(text)) return 1
  if (/^\s*\{/.test(text) && text.includes('"CnmonInfo"')) return 1
  if (/^\|\s{0,8}\d{1,4}\s{1,8}\/\s{1,8}MLU\d/m.test(text)) return 0.9
  // What a shell or loader says in its name.
  if (/^(?:\S{1,200} )?\S{0,200}cnmon: /m.test(text.slice(0, 2048))) return 0.95
  return /\bcnmon\b/i.test(text.slice(0, 512)) ? 0.6 : 0
}

async function detect(io: SourceIo, config: CnmonConfig, node: string): Promise<Detection> {
  const looked = `${config.command} on PATH`
  return (await io.hasCommand(config.command))
    ? { state: 'present', target: { address: config.command, node }, looked }
    : { state: 'absent', looked }
}

/**
 * Reads the box. The JSON of `cnmon info -j` goes to a file in the working directory, which a collector does not
 * hand out; it has no power either.
 */
async function read(context: ReadContext<CnmonConfig>): Promise<Interpretation> {
  const { io, target, timeoutMs } = context
  const result = await io.run(target.address, [], { timeoutMs, maxBytes: MAX_BYTES })
  if (result.failure !== null) return failedRead(LAUNCH_FAILURES[result.failure])
  const output = bestText(result)
  if (output.length === 0)
    return failedRead(result.exitCode === 127 ? LAUNCH_FAILURES.not_found : EMPTY_OUTPUT)
  return interpret(output)
}

function bestText({ stdout, stderr }: CommandResult): Uint8Array {
  const isBlank = (bytes: Uint8Array) => bytes.every((byte) => byte <= 32)
  if (!isBlank(stdout)) return stdout
  return isBlank(stderr) ? new Uint8Array() : stderr
}
