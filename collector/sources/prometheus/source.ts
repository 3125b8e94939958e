import { z } from 'zod'
import { type Interpretation, unread } from '#schemas/reading.ts'
import { detectExporter, httpFailure } from '../../formats/exporter-http.ts'
import type { Detection, HttpResult, ReadContext, Source, SourceIo } from '../../source.ts'
import { WORDS } from './faults.ts'
import { fitOf, interpretPage, SOURCE_NAME } from './interpret.ts'
import { LIMITS } from './limits.ts'
import { createMappingStore, type MappingStore } from './load-mapping.ts'
import type { Mapping } from './mapping.ts'

const DEFAULT_MAPPING = 'node-exporter'
const MAPPINGS = 16

/** The options; `mapping` is read from its file while the configuration is, so that mistakes show there. */
function configOf(store: MappingStore) {
  const names = z
    .union([z.string().min(1).max(4096), z.array(z.string().min(1).max(4096)).min(1).max(MAPPINGS)])
    .default(DEFAULT_MAPPING)
    .transform((value, context): readonly Mapping[] => {
      const found = (typeof value === 'string' ? [value] : value).map((name) => store.find(name))
      for (const message of found.flatMap(({ mistakes }) => mistakes))
        context.issues.push({ code: 'custom', message, input: value })
      return found.flatMap(({ mapping }) => mapping ?? [])
    })
  return z
    .strictObject({
      mapping: names.describe('name of a built-in mapping, path of a file, or a list of them'),
      host: z.string().min(1).max(253).default('127.0.0.1'),
      port: z.int().min(1).max(65_535).optional().describe("default: the mapping's"),
      path: z.string().startsWith('/').max(1024).optional().describe("default: the mapping's"),
    })
    .prefault({})
}
type PrometheusConfig = z.infer<ReturnType<typeof configOf>>

/** The source on a store of mappings; the default export reads those beside it. */
export function createPrometheusSource(store: MappingStore): Source<PrometheusConfig> {
  return {
    name: SOURCE_NAME,
    transport: 'http',
    // What a node is short of changes slowly, and a page of node_exporter costs the node some work.
    defaultIntervalMs: 60_000,
    // Which metrics come depends on the mapping.
    expects: [],
    config: configOf(store),
    recognize: (bytes) => recognize(bytes, store.builtIn()),
    interpret: (bytes) => interpretPage(bytes, store.builtIn()),
    detect,
    read,
  }
}

export default createPrometheusSource(createMappingStore())

/** Sure with two metrics of one mapping; the rest of the page is not looked at. */
function recognize(bytes: Uint8Array, mappings: readonly Mapping[]): number {
  const text = new TextDecoder().decode(bytes.subarray(0, LIMITS.bytes))
  const names = new Set<string>()
  for (const [, name] of text.matchAll(/^[ \t]*([A-Za-z_:][\w:]{0,200})[ \t]*[{ \t]/gm))
    if (name !== undefined) names.add(name)
  const best = Math.max(0, ...mappings.map((mapping) => fitOf(names, mapping)))
  return best >= 2 ? 0.9 : best === 1 ? 0.5 : 0
}

async function detect(io: SourceIo, config: PrometheusConfig, node: string): Promise<Detection> {
  const port = config.port ?? config.mapping.find((mapping) => mapping.port !== undefined)?.port
  const path = config.path ?? config.mapping[0]?.path ?? '/metrics'
  if (port === undefined)
    return {
      state: 'absent',
      looked: 'no port: the mapping names none, nor does the configuration',
    }
  const address = `http://${config.host}:${port}${path}`
  const place = { address, node, maxBytes: LIMITS.bytes, timeoutMs: Number.POSITIVE_INFINITY }
  return detectExporter(
    io,
    place,
    (got) => readResult(got, config.mapping),
    (reason) => reason === 'no_known_metric' || reason === 'not_exporter_text',
  )
}

async function read(context: ReadContext<PrometheusConfig>): Promise<Interpretation> {
  const { io, target, config, timeoutMs } = context
  const got = await io.get(target.address, { timeoutMs, maxBytes: LIMITS.bytes })
  return readResult(got, config.mapping)
}

function readResult(got: HttpResult, mappings: readonly Mapping[]): Interpretation {
  const failure = httpFailure(got, WORDS)
  return failure === null ? interpretPage(got.body, mappings) : unread(SOURCE_NAME, failure)
}
