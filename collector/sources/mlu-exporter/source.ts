import { type Interpretation, unread } from '#schemas/reading.ts'
import {
  detectExporter,
  type ExporterWords,
  httpFailure,
  isHalfPage,
} from '../../formats/exporter-http.ts'
import type { Detection, HttpResult, ReadContext, Source, SourceIo } from '../../source.ts'
import { MluExporterConfig, namingOf } from './config.ts'
import {
  describeFault,
  isFaultMemory,
  newFaultMemory,
  type ReadMoment,
  SOURCE_NAME,
} from './faults.ts'
import { interpretPage } from './interpret.ts'
import { LIMITS } from './parse.ts'

const MEMORY_KEY = 'faults'

const source: Source<MluExporterConfig> = {
  name: SOURCE_NAME,
  transport: 'http',
  defaultIntervalMs: 15_000,
  expects: [
    'busy_ratio',
    'power_watts',
    'temperature_celsius',
    'memory_used_bytes',
    'memory_total_bytes',
    'health_code',
  ],
  config: MluExporterConfig,
  recognize,
  interpret: (bytes) => {
    const config = MluExporterConfig.parse({})
    return interpretPage(bytes, {
      naming: namingOf(config),
      moment: captured(config),
      isCut: false,
    })
  },
  detect,
  read,
  describeFault,
}
export default source

const captured = (config: MluExporterConfig): ReadMoment => ({
  nowMs: null,
  heartbeatAfterMs: config.heartbeat_after_ms,
  memory: newFaultMemory(),
})

/** Certain with a row of the default names; nearly with the vendor's HELP texts, whatever the names are. */
function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536))
  if (/^mlu_\w+[ \t]*\{[^\n]{0,2000}\b(?:uuid|mlu)="/m.test(text)) return 1
  if (/^# HELP \S{1,200} [^\n]{0,400}\bCambricon\b/im.test(text)) return 0.95
  return /^mlu_\w+[ \t]*[{ ]/m.test(text) ? 0.8 : 0
}

const OF_ANOTHER: ReadonlySet<string> = new Set(['not_exporter_text', 'no_known_metrics'])

function detect(io: SourceIo, config: MluExporterConfig, node: string): Promise<Detection> {
  return detectExporter(
    io,
    {
      address: `http://${config.host}:${config.port}${config.path}`,
      node,
      maxBytes: LIMITS.bytes,
      timeoutMs: config.timeout_ms,
    },
    (got) => readResult(got, config, captured(config)),
    (reason, { body }) => OF_ANOTHER.has(reason) && recognize(body) === 0,
  )
}

async function read(context: ReadContext<MluExporterConfig>): Promise<Interpretation> {
  const { config, memory, nowMs, target } = context
  const timeoutMs = Math.min(context.timeoutMs, config.timeout_ms)
  const got = await context.io.get(target.address, { timeoutMs, maxBytes: LIMITS.bytes })
  const kept = memory.get(MEMORY_KEY)
  const faults = isFaultMemory(kept) ? kept : newFaultMemory()
  memory.set(MEMORY_KEY, faults)
  return readResult(got, config, {
    nowMs,
    heartbeatAfterMs: config.heartbeat_after_ms,
    memory: faults,
  })
}

function readResult(
  got: HttpResult,
  config: MluExporterConfig,
  moment: ReadMoment,
): Interpretation {
  const isCut = isHalfPage(got)
  const failure = isCut ? null : httpFailure(got, WORDS)
  return failure === null
    ? interpretPage(got.body, { naming: namingOf(config), moment, isCut })
    : unread(SOURCE_NAME, failure)
}

const WORDS: ExporterWords = {
  name: SOURCE_NAME,
  timeout:
    'The exporter did not answer in time; a hung card or an overloaded node does this: run cnmon there and look at dmesg.',
  tooLarge: `The page is larger than ${LIMITS.bytes >> 20} MiB; reduce the exporter's metrics file.`,
}
