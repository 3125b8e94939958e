import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { Detection, HttpResult, ReadContext, Source, SourceIo } from '../../source.ts'
import { describeFault, SOURCE_NAME } from './faults.ts'
import { isFreshness, newFreshness, type ReadMoment } from './freshness.ts'
import { interpretPage } from './interpret.ts'
import { LIMITS } from './parse.ts'

const MEMORY_KEY = 'freshness'

/** Where to look on this machine, and when samples count as frozen; targets come from the collector's section. */
export const NpuExporterConfig = z
  .strictObject({
    host: z.string().min(1).max(253).default('127.0.0.1'),
    port: z.int().min(1).max(65_535).default(8082),
    path: z.string().startsWith('/').max(1024).default('/metrics'),
    timeout_ms: z.int().min(100).max(60_000).default(10_000),
    /** Three intervals of the exporter (`-updateTime`, 5 s) and of this source, whichever is longer. */
    stale_after_ms: z.int().min(1000).max(600_000).default(45_000),
  })
  .prefault({})
export type NpuExporterConfig = z.infer<typeof NpuExporterConfig>

const source: Source<NpuExporterConfig> = {
  name: SOURCE_NAME,
  transport: 'http',
  // The exporter asks the driver every 5 s; 15 s finds a change soon and costs one page.
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
  config: NpuExporterConfig,
  recognize,
  interpret: (bytes) => interpretPage(bytes, captured()),
  detect,
  read,
  describeFault,
}
export default source

const captured = (): ReadMoment => ({
  nowMs: null,
  staleAfterMs: NpuExporterConfig.parse({}).stale_after_ms,
  memory: newFreshness(),
})

/** Certain with a row or header of the exporter's own series. */
function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536))
  if (/^(?:npu_chip_|vnpu_pod_|container_npu_|npu_container_info)\w*[ \t]*\{/m.test(text)) return 1
  if (/^# (?:HELP|TYPE) (?:npu_chip_|npu_exporter_|machine_npu_nums)/m.test(text)) return 0.9
  return /^machine_npu_nums[ \t]+\d/m.test(text) ? 0.8 : 0
}

async function detect(io: SourceIo, config: NpuExporterConfig, node: string): Promise<Detection> {
  const address = `http://${config.host}:${config.port}${config.path}`
  const got = await io.get(address, { timeoutMs: config.timeout_ms, maxBytes: LIMITS.bytes })
  if (got.failure === 'refused') return { state: 'absent', looked: address }
  const reading = readResult(got, captured())
  if (reading.outcome === 'ok')
    return { state: 'present', looked: address, target: { address, node } }
  if (reading.reason === 'not_exporter_text')
    return { state: 'absent', looked: `${address} (something else answers there)` }
  const reason = reading.reason ?? 'failed'
  return { state: 'broken', looked: address, reason, detail: reading.detail ?? reason }
}

async function read(context: ReadContext<NpuExporterConfig>): Promise<Interpretation> {
  const { config, memory, nowMs, target } = context
  const timeoutMs = Math.min(context.timeoutMs, config.timeout_ms)
  const got = await context.io.get(target.address, { timeoutMs, maxBytes: LIMITS.bytes })
  const kept = memory.get(MEMORY_KEY)
  const freshness = isFreshness(kept) ? kept : newFreshness()
  memory.set(MEMORY_KEY, freshness)
  return readResult(got, { nowMs, staleAfterMs: config.stale_after_ms, memory: freshness })
}

function readResult(got: HttpResult, moment: ReadMoment): Interpretation {
  const isHalf = got.failure === 'closed_early' && got.body.length > 0
  if (got.failure !== null && !isHalf) return failed(got.failure, FAILURES[got.failure])
  if (got.status !== null && got.status !== 200)
    return failed(`http_${got.status}`, statusDetail(got.status))
  return interpretPage(got.body, moment, isHalf)
}

const FAILURES: Readonly<Record<NonNullable<HttpResult['failure']>, string>> = {
  refused:
    'Nothing listens there: start npu-exporter on the node, or correct the target. It listens on the pod address unless told otherwise by -ip.',
  timeout: 'The exporter did not answer in time: a hung chip or an overloaded node does this.',
  too_large: `The page is larger than ${LIMITS.bytes >> 20} MiB.`,
  dns: 'The host name of the target cannot be resolved.',
  tls: 'The TLS handshake failed; check scheme and certificate of the target.',
  closed_early:
    'The connection closed before the page arrived; the exporter allows 5 connections per client and 20 in all.',
  failed: 'The request failed.',
}

function statusDetail(status: number): string {
  if (status === 404) return 'There is no such page; the exporter serves /metrics.'
  if (status === 429 || status === 503)
    return 'The exporter refuses: it allows 20 requests per second and 5 connections per client. Scrape it from one place.'
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
