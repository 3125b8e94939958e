import { z } from 'zod'
import { type Interpretation, unread } from '#schemas/reading.ts'
import {
  detectExporter,
  type ExporterWords,
  httpFailure,
  isHalfPage,
} from '../../formats/exporter-http.ts'
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

function detect(io: SourceIo, config: NpuExporterConfig, node: string): Promise<Detection> {
  return detectExporter(
    io,
    {
      address: `http://${config.host}:${config.port}${config.path}`,
      node,
      maxBytes: LIMITS.bytes,
      timeoutMs: config.timeout_ms,
    },
    (got) => readResult(got, captured()),
    (reason) => reason === 'not_exporter_text',
  )
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
  const isHalf = isHalfPage(got)
  const failure = isHalf ? null : httpFailure(got, WORDS)
  return failure === null ? interpretPage(got.body, moment, isHalf) : unread(SOURCE_NAME, failure)
}

const BUSY =
  'The exporter refuses: it allows 20 requests per second and 5 connections per client. Scrape it from one place.'

const WORDS: ExporterWords = {
  name: SOURCE_NAME,
  refused:
    'Nothing listens there: start npu-exporter on the node, or correct the target. It listens on the pod address unless told otherwise by -ip.',
  timeout:
    'The exporter did not answer in time: a hung chip or an overloaded node does this. Run npu-smi info there and look at dmesg.',
  tooLarge: `The page is larger than ${LIMITS.bytes >> 20} MiB, and no npu-exporter writes so much: check the target.`,
  closedEarly:
    'The connection closed before the page arrived; the exporter allows 5 connections per client and 20 in all.',
  statuses: { 429: BUSY, 503: BUSY },
}
