import { z } from 'zod'
import { type Interpretation, unread } from '#schemas/reading.ts'
import {
  detectExporter,
  type ExporterWords,
  httpFailure,
  isHalfPage,
} from '../../formats/exporter-http.ts'
import type { Detection, HttpResult, ReadContext, Source, SourceIo } from '../../source.ts'
import { describeFault } from './faults.ts'
import { interpretPage } from './interpret.ts'
import { LIMITS } from './limits.ts'
import { newUnitMemory, unitMemoryOf } from './units.ts'

const NAME = 'dcgm-exporter'

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

function detect(io: SourceIo, config: DcgmExporterConfig, node: string): Promise<Detection> {
  return detectExporter(
    io,
    {
      address: `http://${config.host}:${config.port}${config.path}`,
      node,
      maxBytes: LIMITS.bytes,
      timeoutMs: config.timeout_ms,
    },
    (got) => readResult(got, { memory: newUnitMemory(), nowMs: null }),
    (reason) => reason === 'not_exporter_text',
  )
}

async function read(context: ReadContext<DcgmExporterConfig>): Promise<Interpretation> {
  const timeoutMs = Math.min(context.timeoutMs, context.config.timeout_ms)
  const got = await context.io.get(context.target.address, { timeoutMs, maxBytes: LIMITS.bytes })
  return readResult(got, { memory: unitMemoryOf(context.memory), nowMs: context.nowMs })
}

function readResult(
  got: HttpResult,
  known: { readonly memory: ReturnType<typeof newUnitMemory>; readonly nowMs: number | null },
): Interpretation {
  const isCut = isHalfPage(got)
  const failure = isCut ? null : httpFailure(got, WORDS)
  return failure === null ? interpretPage(got.body, { ...known, isCut }) : unread(NAME, failure)
}

const WORDS: ExporterWords = {
  name: NAME,
  timeout:
    'The exporter did not answer in time; a hung GPU or an overloaded node does this: run nvidia-smi there and look at dmesg.',
  tooLarge: `The page is larger than ${LIMITS.bytes >> 20} MiB; reduce the exporter's field set.`,
  statuses: {
    500: 'A collector inside the exporter fails; its log names the field or the GPU.',
  },
}
