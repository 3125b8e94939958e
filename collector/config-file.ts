import { readFile, stat } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import { PlimsollError } from '#schemas/errors.ts'
import { ConfigFile, CONFIG_DEFAULTS, idFromHost, SourceKeys } from './config.ts'
import type { CollectorConfig, SourceSection } from './config.ts'
import { locate, type Mistake, mistakesOf, unknownKey } from './config-mistakes.ts'
import type { AddressForm, Source } from './source.ts'
import { expandHostlist } from './targets/hostlist.ts'
import { clean, distinctTargets, type Placement, type Target, toTarget } from './targets/target.ts'

/** A list of 100,000 targets written out is about 4 MB. */
const FILE_BYTES = 16 << 20
/** Mistakes shown at once. */
const MISTAKES_SHOWN = 20

export interface ConfigContext {
  /** Name in messages. */
  readonly file: string
  readonly sources: readonly Source[]
  /** Host name of this machine: default of `node`, and of `collector` once cleaned. */
  readonly host: string
  /** Where the spool goes unless the file names a directory; default ./data/spool. */
  readonly spoolDirectory?: string
}

/**
 * Reads and checks a configuration file. Throws E_CONFIG_MISSING when it cannot be read and
 * E_CONFIG_INVALID with one `file:line:column` line per mistake.
 */
export async function loadConfig(
  file: string,
  context: Omit<ConfigContext, 'file'>,
): Promise<CollectorConfig> {
  const text = await readConfig(file)
  return parseConfig(text, { ...context, file })
}

async function readConfig(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > FILE_BYTES)
      throw new PlimsollError('E_CONFIG_INVALID', `${file}: ${size} bytes; limit ${FILE_BYTES}`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof PlimsollError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new PlimsollError(
      'E_CONFIG_MISSING',
      `the configuration ${file} cannot be read: ${why}`,
      {
        cause: error,
      },
    )
  }
}

/** The configuration in a text. Throws E_CONFIG_INVALID with one line per mistake. */
export function parseConfig(text: string, context: ConfigContext): CollectorConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const refuse = (found: readonly string[]): never => {
    const shown = found.slice(0, MISTAKES_SHOWN)
    if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`)
    throw new PlimsollError('E_CONFIG_INVALID', shown.join('\n'))
  }
  if (document.errors.length > 0)
    refuse(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0])
        return `${context.file}:${line}:${col}: ${message}`
      }),
    )
  const mistakes: Mistake[] = []
  const config = build(toPlain(document, refuse), context, mistakes)
  if (mistakes.length > 0 || config === null)
    return refuse(mistakes.map((mistake) => locate(mistake, context.file, document, lines)))
  return config
}

function toPlain(
  document: ReturnType<typeof parseDocument>,
  refuse: (found: readonly string[]) => never,
): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    // The alias limit: a small file that would unfold to a huge one.
    return refuse([error instanceof Error ? error.message : String(error)])
  }
}

function build(
  plain: unknown,
  context: ConfigContext,
  mistakes: Mistake[],
): CollectorConfig | null {
  const parsed = ConfigFile.safeParse(plain)
  if (!parsed.success) {
    mistakes.push(...mistakesOf(parsed.error, ConfigFile))
    return null
  }
  const file = parsed.data
  const node = file.node ?? context.host
  const { hall = '', rack = '', pool = '' } = file.labels ?? {}
  return {
    cluster: file.cluster ?? CONFIG_DEFAULTS.cluster,
    collector: file.collector ?? idFromHost(context.host),
    node,
    labels: { hall, rack, pool },
    nodeLabels: nodeLabels(file, mistakes),
    sources: Object.entries(file.sources).flatMap(
      ([name, section]) => sourceSection(name, section, { ...context, node }, mistakes) ?? [],
    ),
    spool: {
      directory: file.spool?.directory ?? context.spoolDirectory ?? CONFIG_DEFAULTS.spoolDirectory,
      maxBytes: file.spool?.max_bytes ?? CONFIG_DEFAULTS.spoolBytes,
    },
    nats: file.nats ?? null,
    thresholds: file.thresholds,
  }
}

function nodeLabels(file: ConfigFile, mistakes: Mistake[]): Map<string, Partial<Placement>> {
  const byNode = new Map<string, Partial<Placement>>()
  for (const [index, { nodes, ...said }] of file.node_labels.entries()) {
    const labels: Partial<Placement> = Object.fromEntries(
      Object.entries(said).filter(([, value]) => value !== undefined),
    )
    const path = ['node_labels', index, 'nodes']
    for (const node of attempt(() => expandHostlist(nodes), path, mistakes) ?? [])
      byNode.set(node, { ...byNode.get(node), ...labels })
  }
  return byNode
}

function sourceSection(
  name: string,
  raw: unknown,
  context: ConfigContext & { readonly node: string },
  mistakes: Mistake[],
): SourceSection | null {
  const path = ['sources', name]
  const source = context.sources.find((candidate) => candidate.name === name)
  if (source === undefined) {
    const known = context.sources.map((candidate) => candidate.name)
    mistakes.push({ path: ['sources'], key: name, message: unknownKey(name, known) })
    return null
  }
  if (raw !== null && (typeof raw !== 'object' || Array.isArray(raw))) {
    mistakes.push({ path, message: 'must be a map of options' })
    return null
  }
  const entries = Object.entries(raw ?? {})
  const common = Object.fromEntries(entries.filter(([key]) => key in SourceKeys.shape))
  const own = Object.fromEntries(entries.filter(([key]) => !(key in SourceKeys.shape)))
  const options = source.config.safeParse(own)
  if (!options.success)
    mistakes.push(...mistakesOf(options.error, source.config, path).map(withCommonKeys))
  const keys = SourceKeys.safeParse(common)
  if (!keys.success) mistakes.push(...mistakesOf(keys.error, SourceKeys, path))
  if (!keys.success || !options.success) return null
  return sectionOf(source, { keys: keys.data, options: options.data, node: context.node }, mistakes)
}

/** An unknown key of a source's section was compared with its own keys only; the common ones count too. */
function withCommonKeys(mistake: Mistake): Mistake {
  if (mistake.key === undefined || mistake.path.length !== 2) return mistake
  const own = /Known here: (.*)\.$/.exec(mistake.message)?.[1]?.split(', ') ?? []
  const known = [...own, ...Object.keys(SourceKeys.shape)]
  return { ...mistake, message: unknownKey(mistake.key, known) }
}

function sectionOf(
  source: Source,
  given: { readonly keys: SourceKeys; readonly options: unknown; readonly node: string },
  mistakes: Mistake[],
): SourceSection {
  const { keys, options, node } = given
  const path = ['sources', source.name]
  const intervalMs = keys.interval ?? source.defaultIntervalMs
  const timeoutMs = keys.timeout ?? Math.min(CONFIG_DEFAULTS.timeoutMs, intervalMs)
  if (timeoutMs > intervalMs)
    mistakes.push({ path: [...path, 'timeout'], message: 'must not be longer than the interval' })
  const lists = [keys.targets, keys.file_sd, keys.http_sd, keys.targets_from]
  const isLocal = lists.every((list) => list.length === 0)
  if ((source.transport === 'command' || source.transport === 'file') && !isLocal)
    mistakes.push({ path, message: 'is a tool of this machine and takes no targets' })
  return {
    source,
    options,
    targets: isLocal
      ? []
      : staticTargets(keys, { path, ownNode: node, form: source.address }, mistakes),
    fileSd: keys.file_sd,
    httpSd: keys.http_sd,
    prometheus: keys.targets_from,
    refreshMs: keys.refresh ?? CONFIG_DEFAULTS.refreshMs,
    isLocal,
    intervalMs,
    timeoutMs,
  }
}

function staticTargets(
  keys: SourceKeys,
  given: {
    readonly path: readonly string[]
    readonly ownNode: string
    readonly form: AddressForm | undefined
  },
  mistakes: Mistake[],
): Target[] {
  const { path, ownNode, form } = given
  const targets = keys.targets.flatMap(({ address, meter, node = meter, ...placement }, index) => {
    const at = [...path, 'targets', index]
    const expanded = attempt(
      () => {
        const addresses = expandHostlist(address)
        const nodes = node === undefined ? [] : expandHostlist(clean(node))
        if (node !== undefined && nodes.length !== 1 && nodes.length !== addresses.length)
          throw new PlimsollError(
            'E_TARGETS_INVALID',
            `${addresses.length} addresses and ${nodes.length} node names`,
          )
        return addresses.map((one, i) =>
          toTarget(one, { ...placement, node: nodes[i] ?? nodes[0] }, ownNode, form),
        )
      },
      at,
      mistakes,
    )
    return expanded ?? []
  })
  return distinctTargets(targets)
}

/** The result of a step, or a mistake at a path when it throws for a person. */
function attempt<T>(step: () => T, path: readonly PropertyKey[], mistakes: Mistake[]): T | null {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error
    mistakes.push({ path, message: error.message })
    return null
  }
}
