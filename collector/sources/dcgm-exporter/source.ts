import { z } from 'zod'
import type { Interpretation } from '#schemas/reading.ts'
import type { Detection, HttpResult, ReadContext, Source, SourceIo } from '../../source.ts'
import { describeFault } from './faults.ts'
import { interpretPage } from './interpret.ts'
import { LIMITS } from './limits.ts'
import { newUnitMemory, isUnitMemory } from './units.ts'

const NAME = 'dcgm-exporter'
const UNITS_KEY = 'units'
/** Below the 10 s that looking for sources may take: our own sentence says more than theirs. */
const DETECT_MS = 8000

/** Where to look on this machine, and how long to wait; targets come from the collector's own section. */
export const DcgmExporterConfig = z.strictObject({
  host: z.string().min(1).max(253).default('127.0.0.1'),
  port: z.int().min(1).max(65_535).default(9400),
  path: z.string().startsWith('/').max(1024).default('/metrics'),
  /** The exporter itself gives up after 10 s. */
  timeout_ms: z.int().min(100).max(60_000).default(10_000),
})
export type DcgmExporterConfig = z.infer<typeof DcgmExporterConfig>

const source: Source<DcgmExporterConfig> = {
  name: NAME,
  transport: 'http',
  // The exporter refreshes every 30 s by default; 15 s finds a change soon and costs one page.
  defaultIntervalMs: 15_000,
  // The default set, and after the break what deploy/dcgm-exporter adds to say why a GPU is slow.
  expects: [
    'gr_engine_active_ratio',
    'gpu_util_ratio',
    'tensor_active_ratio',
    'memory_bandwidth_active_ratio',
    'memory_controller_busy_ratio',
    'power_watts',
    'energy_joules_total',
    'temperature_celsius',
    'memory_used_bytes',
    'memory_free_bytes',
    'memory_total_bytes',
    'sm_clock_hertz',
    'memory_clock_hertz',
    'pcie_tx_bytes_per_second',
    'pcie_rx_bytes_per_second',
    'pcie_replay_total',

    'sm_active_ratio',
    'sm_clock_max_hertz',
    'power_limit_watts',
    'clock_event_reasons',
  ],
  config: DcgmExporterConfig,
  recognize,
  interpret: (bytes) =>
    interpretPage(bytes, { memory: newUnitMemory(), nowMs: null, isCut: false }),
  detect,
  read,
  describeFault,
}
export default source

/** Certain with a row or header of a DCGM field; unsure where the name merely occurs. */
function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, LIMITS.lineChars))
  if (/^[ \t]*DCGM_(FI|EXP)_\w+[ \t]*\{/m.test(text)) return 1
  if (/^# (HELP|TYPE) DCGM_(FI|EXP)_/m.test(text)) return 0.9
  return /^[ \t]*DCGM_(FI|EXP)_\w+[ \t]+\S/m.test(text) ? 0.3 : 0
}

/** How a server that is no exporter answers on the exporter's port. */
const OF_ANOTHER: ReadonlySet<string> = new Set(['not_exporter_text', 'http_404'])

async function detect(io: SourceIo, config: DcgmExporterConfig, node: string): Promise<Detection> {
  const address = `http://${config.host}:${config.port}${config.path}`
  const timeoutMs = Math.min(config.timeout_ms, DETECT_MS)
  const got = await io.get(address, { timeoutMs, maxBytes: LIMITS.bytes })
  if (got.failure === 'refused') return { state: 'absent', looked: address }
  const reading = readResult(got, { memory: newUnitMemory(), nowMs: null })
  if (reading.outcome === 'ok') {
    return { state: 'present', looked: address, target: { address, node } }
  }
  if (reading.reason !== null && OF_ANOTHER.has(reading.reason)) {
    return { state: 'absent', looked: `${address} (something else answers there)` }
  }
  const reason = reading.reason ?? 'failed'
  return { state: 'broken', looked: address, reason, detail: reading.detail ?? reason }
}

async function read(context: ReadContext<DcgmExporterConfig>): Promise<Interpretation> {
  const timeoutMs = Math.min(context.timeoutMs, context.config.timeout_ms)
  const got = await context.io.get(context.target.address, { timeoutMs, maxBytes: LIMITS.bytes })
  const kept = context.memory.get(UNITS_KEY)
  const memory = isUnitMemory(kept) ? kept : newUnitMemory()
  context.memory.set(UNITS_KEY, memory)
  return readResult(got, { memory, nowMs: context.nowMs })
}

function readResult(
  got: HttpResult,
  known: { readonly memory: ReturnType<typeof newUnitMemory>; readonly nowMs: number | null },
): Interpretation {
  const isHalf = got.failure === 'closed_early' && got.body.length > 0
  if (got.failure !== null && !isHalf) return failed(got.failure, FAILURES[got.failure])
  if (got.status !== null && got.status !== 200) {
    return failed(`http_${got.status}`, statusDetail(got.status))
  }
  return interpretPage(got.body, { ...known, isCut: isHalf })
}

const FAILURES: Readonly<Record<NonNullable<HttpResult['failure']>, string>> = {
  refused: 'Nothing listens there; start dcgm-exporter on the node or correct the target.',
  timeout:
    'The exporter did not answer in time; a hung GPU or an overloaded node does this: run nvidia-smi there and look at dmesg.',
  too_large: `The page is larger than ${LIMITS.bytes >> 20} MiB; reduce the exporter's field set.`,
  dns: 'The host name of the target cannot be resolved; correct the target or the name server.',
  tls: 'The TLS handshake failed; check scheme and certificate of the target.',
  closed_early:
    'The connection closed before a single byte of the page arrived; see whether the exporter keeps restarting.',
  failed: 'The request failed on the way; see whether the node answers on this port.',
}

function statusDetail(status: number): string {
  if (status === 500)
    return 'A collector inside the exporter fails; its log names the field or the GPU.'
  if (status === 404)
    return 'There is no such page; the exporter serves /metrics: correct the target.'
  if (status === 401 || status === 403)
    return `Something in front of the exporter refuses us (status ${status}); let the collector read this page without a login.`
  return `The exporter answered with status ${status} in place of a page; see its log, and what stands between.`
}

function failed(reason: string, detail: string): Interpretation {
  return {
    source: NAME,
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
