import type { Interpretation } from '#schemas/reading.ts'
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

async function detect(io: SourceIo, config: MluExporterConfig, node: string): Promise<Detection> {
  const address = `http://${config.host}:${config.port}${config.path}`
  const got = await io.get(address, { timeoutMs: config.timeout_ms, maxBytes: LIMITS.bytes })
  if (got.failure === 'refused') return { state: 'absent', looked: address }
  const reading = readResult(got, config, captured(config))
  if (reading.outcome === 'ok')
    return { state: 'present', looked: address, target: { address, node } }
  const isForeign = reading.reason === 'not_exporter_text' || reading.reason === 'no_known_metrics'
  if (isForeign && recognize(got.body) === 0)
    return { state: 'absent', looked: `${address} (something else answers there)` }
  const reason = reading.reason ?? 'failed'
  return { state: 'broken', looked: address, reason, detail: reading.detail ?? reason }
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
  const isHalf = got.failure === 'closed_early' && got.body.length > 0
  if (got.failure !== null && !isHalf) return failed(got.failure, FAILURES[got.failure])
  if (got.status !== null && got.status !== 200)
    return failed(`http_${got.status}`, statusDetail(got.status))
  return interpretPage(got.body, { naming: namingOf(config), moment, isCut: isHalf })
}

const FAILURES: Readonly<Record<NonNullable<HttpResult['failure']>, string>> = {
  refused: 'Nothing listens there; start mlu-exporter on the node or correct the target.',
  timeout: 'The exporter did not answer in time; a hung card or an overloaded node does this.',
  too_large: `The page is larger than ${LIMITS.bytes >> 20} MiB; reduce the exporter's metrics file.`,
  dns: 'The host name of the target cannot be resolved.',
  tls: 'The TLS handshake failed; check scheme and certificate of the target.',
  closed_early: 'The connection closed before a single byte of the page arrived.',
  failed: 'The request failed.',
}

function statusDetail(status: number): string {
  if (status === 404) return 'There is no such page; the exporter serves /metrics.'
  return `The exporter answered with status ${status}; its log says why.`
}

function failed(reason: string, detail: string): Interpretation {
  return {
    source: SOURCE_NAME,
    outcome: 'failed',
    reason,
    detail,
    devices: [],
    events: [],
    rejected: [],
    rejectedByReason: {},
    ignored: [],
    toolLabels: {},
  }
}
