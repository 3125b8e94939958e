import { PlimsollError } from '#schemas/errors.ts'
import { FACT_NAMES } from '#schemas/faults.ts'
import { meterMetricDefinition } from '#schemas/meter-metrics.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '#schemas/node-metrics.ts'
import type { MetricValues } from '#schemas/metrics.ts'
import type { ParseResult } from '#schemas/parse-result.ts'
import type { DeviceReading, Interpretation, RejectedLine } from '#schemas/reading.ts'
import { busyValue, chooseBusy } from './busy.ts'
import { valuesInRange } from './node-samples.ts'
import { plausibleMetrics } from './plausible.ts'
import type { Source, SourceFormat } from './source.ts'
import { loadSources } from './sources.ts'

/** Below this a source only guesses; better to ask for its name. */
const SURE_ENOUGH = 0.3
const EXAMPLES = 64
/** Nodes, links and version lines of the terminal table; JSON has all. */
const ROWS_SHOWN = 200

/**
 * What we read in a captured output, by the same parsers that run on nodes. Without a source name the one
 * that recognizes the text best is taken. Throws E_PARSE_UNKNOWN when there is none.
 */
export async function parseOutput(
  bytes: Uint8Array,
  sourceName?: string,
  sources?: readonly Source[],
): Promise<ParseResult> {
  const formats = formatsOf(sources ?? (await loadSources()))
  return resultOf(pickFormat(formats, bytes, sourceName).interpret(bytes))
}

/** Every format by its own name, and every source by its name: a source reads all formats of its tool. */
function formatsOf(sources: readonly Source[]): SourceFormat[] {
  return sources.flatMap((source) => [...(source.formats ?? []), source])
}

function pickFormat(
  formats: readonly SourceFormat[],
  bytes: Uint8Array,
  name?: string,
): SourceFormat {
  const known = formats.map((format) => format.name).join(', ')
  if (name !== undefined) {
    const named = formats.find((format) => format.name === name)
    if (named === undefined)
      throw new PlimsollError(
        'E_PARSE_UNKNOWN',
        `there is no source "${name.slice(0, 80)}"; known: ${known}`,
      )
    return named
  }
  const ranked = formats
    .map((format) => ({ format, sureness: format.recognize(bytes) }))
    .sort((a, b) => b.sureness - a.sureness)
  const best = ranked[0]
  if (best === undefined || best.sureness < SURE_ENOUGH)
    throw new PlimsollError(
      'E_PARSE_UNKNOWN',
      `no source recognizes this output (${bytes.length} bytes); name one of: ${known}`,
    )
  return best.format
}

function resultOf(read: Interpretation): ParseResult {
  const extra: RejectedLine[] = []
  const devices = read.devices.map((device) => deviceOf(device, extra))
  const beside = besideDevices(read, extra)
  const counted = Object.values(read.rejectedByReason).reduce((sum, count) => sum + count, 0)
  return {
    source: read.source,
    outcome: read.outcome,
    ...(read.reason === null ? {} : { reason: read.reason }),
    ...(read.detail === null ? {} : { detail: read.detail }),
    devices,
    ...beside,
    ...(Object.keys(read.toolLabels).length === 0 ? {} : { tool: { ...read.toolLabels } }),
    rejected: [...read.rejected, ...extra.slice(0, EXAMPLES)].map(({ line, reason }) => ({
      line,
      reason,
    })),
    rejected_total: Math.max(counted, read.rejected.length) + extra.length,
    ignored: [...read.ignored],
  }
}

/** Nodes, links and measuring points where the output has any, range-checked. */
function besideDevices(
  { nodes = [], links = [], meters = [] }: Interpretation,
  rejected: RejectedLine[],
): Pick<ParseResult, 'nodes' | 'links' | 'meters'> {
  const refuse = (place: string) => (reason: string, what: string) =>
    void rejected.push({ line: `${place} ${what}`, reason })
  const nodeRows = nodes.map(({ node, metrics }) => ({
    ...(node === null ? {} : { node }),
    metrics: valuesInRange(metrics, nodeMetricDefinition, refuse(node ?? 'node')),
  }))
  const linkRows = links.map(({ node, deviceKey, link, metrics }) => ({
    link,
    ...(node === null ? {} : { node }),
    ...(deviceKey === null ? {} : { device: deviceKey }),
    metrics: valuesInRange(metrics, linkMetricDefinition, refuse(link)),
  }))
  const meterRows = meters.map(({ meter, point, metrics }) => ({
    ...(meter === null ? {} : { meter }),
    point,
    metrics: valuesInRange(metrics, meterMetricDefinition, refuse(point)),
  }))
  return {
    ...(nodeRows.length === 0 ? {} : { nodes: nodeRows }),
    ...(linkRows.length === 0 ? {} : { links: linkRows }),
    ...(meterRows.length === 0 ? {} : { meters: meterRows }),
  }
}

function deviceOf(device: DeviceReading, rejected: RejectedLine[]): ParseResult['devices'][number] {
  const uuid = device.keys.find((key) => key.startsWith('uuid:'))?.slice('uuid:'.length)
  const metrics = plausibleMetrics(device.metrics, (reason, what) =>
    rejected.push({ line: `${device.keys[0] ?? ''} ${what}`, reason }),
  )
  return {
    ...(uuid === undefined ? { key: device.keys[0] ?? '' } : { uuid }),
    vendor: device.vendor,
    model: device.model,
    ...(device.node === null ? {} : { node: device.node }),
    index: device.index,
    ...(device.partition === null ? {} : { partition: { ...device.partition } }),
    ...(device.failed === null ? {} : { failed: device.failed }),
    metrics: { ...valuesOf(metrics), busy_ratio: busyValue(metrics, chooseBusy(metrics)) },
    labels: { ...device.labels },
    ...(device.holder === null ? {} : { holder: holderOf(device) }),
    ...factsOf(device),
  }
}

function factsOf({ labels }: DeviceReading): Pick<ParseResult['devices'][number], 'facts'> {
  const facts = FACT_NAMES.flatMap((name) => {
    const value = labels[name] ?? ''
    return value === '' ? [] : [[name, value] as const]
  })
  return facts.length === 0 ? {} : { facts: Object.fromEntries(facts) }
}

function valuesOf(metrics: MetricValues): Record<string, number | null> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? null]))
}

function holderOf({ holder }: DeviceReading): Record<string, string> {
  return Object.fromEntries(
    Object.entries(holder ?? {}).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
}

/** Columns of the terminal table: heading, metric, and how it is written. */
const COLUMNS: readonly [heading: string, metric: string, write: (value: number) => string][] = [
  ['busy', 'busy_ratio', (value) => `${round(value * 100)} %`],
  ['power', 'power_watts', (value) => `${round(value)} W`],
  ['temp', 'temperature_celsius', (value) => `${round(value)} °C`],
  ['mem used', 'memory_used_bytes', (value) => `${round(value / 2 ** 30)} GiB`],
  ['mem total', 'memory_total_bytes', (value) => `${round(value / 2 ** 30)} GiB`],
  ['clock', 'sm_clock_hertz', (value) => `${round(value / 1e6)} MHz`],
  [
    'health',
    'health_code',
    (value) => ['ok', 'warning', 'alarm', 'critical'][value] ?? String(value),
  ],
]

const round = (value: number) => String(Math.round(value * 10) / 10)

/** The result as a table for a terminal. A value that is not known is `-`, never 0. */
export function renderParseTable(result: ParseResult): string {
  const reason = result.reason === undefined ? '' : ` (${result.reason})`
  const lines = [`${result.source}: ${result.outcome}${reason}, ${result.devices.length} devices`]
  if (result.detail !== undefined) lines.push(result.detail)
  if (result.tool !== undefined) lines.push(`tool: ${pairs(result.tool)}`)
  if (result.devices.length > 0) lines.push('', ...deviceTable(result.devices))
  const facts = factLines(result.devices)
  if (facts.length > 0) lines.push('', 'versions:', ...facts)
  if (result.nodes !== undefined) lines.push('', `nodes: ${result.nodes.length}`)
  for (const { node, metrics } of result.nodes?.slice(0, ROWS_SHOWN) ?? [])
    lines.push(`  ${shown(node ?? 'node', 44)}: ${pairs(metrics)}`)
  if (result.links !== undefined)
    lines.push('', `links: ${result.links.length}`, ...linkTable(result.links))
  if (result.meters !== undefined)
    lines.push('', `meters: ${result.meters.length}`, ...meterTable(result.meters))
  if (result.rejected_total > 0) {
    lines.push('', `rejected: ${result.rejected_total}`)
    for (const { line, reason } of result.rejected.slice(0, 20))
      lines.push(`  ${reason}: ${shown(line, 120)}`)
  }
  if (result.ignored.length > 0)
    lines.push('', `read and not used: ${shown(result.ignored.slice(0, 40).join(', '), 600)}`)
  return lines.join('\n') + '\n'
}

function deviceTable(devices: ParseResult['devices']): string[] {
  const head = [
    'index',
    'device',
    'model',
    ...COLUMNS.map(([heading]) => heading),
    'values',
    'note',
  ]
  const rows = devices.map((device) => [
    device.index === null ? '-' : String(device.index),
    shown(device.uuid ?? device.key ?? '', 44),
    shown(device.model, 32),
    ...COLUMNS.map(([, metric, write]) => {
      const value = device.metrics[metric] ?? null
      return value === null ? '-' : write(value)
    }),
    String(Object.values(device.metrics).filter((value) => value !== null).length),
    shown(noteOf(device), 60),
  ])
  return aligned([head, ...rows])
}

function linkTable(links: NonNullable<ParseResult['links']>): string[] {
  const rows = links
    .slice(0, ROWS_SHOWN)
    .map(({ link, node, device, metrics }) => [
      shown(link, 24),
      shown(device ?? node ?? '', 44),
      pairs(metrics),
    ])
  return aligned([['link', 'of', 'values'], ...rows])
}

function meterTable(meters: NonNullable<ParseResult['meters']>): string[] {
  const rows = meters
    .slice(0, ROWS_SHOWN)
    .map(({ meter, point, metrics }) => [
      shown([meter ?? '(target)', point].filter((part) => part !== '').join('/'), 60),
      pairs(metrics),
    ])
  return aligned([['meter', 'values'], ...rows])
}

/** One line per set of versions, with how many devices have it. */
function factLines(devices: ParseResult['devices']): string[] {
  const counts = new Map<string, number>()
  for (const { facts } of devices)
    if (facts !== undefined) counts.set(pairs(facts), (counts.get(pairs(facts)) ?? 0) + 1)
  return [...counts].slice(0, ROWS_SHOWN).map(([text, count]) => `  ${text} (${count} devices)`)
}

const pairs = (values: Readonly<Record<string, string | number | null>>) =>
  shown(
    Object.entries(values)
      .map(([name, value]) => `${name} ${value ?? '-'}`)
      .join(', '),
    400,
  )

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function noteOf(device: ParseResult['devices'][number]): string {
  if (device.failed !== undefined) return `failed: ${device.failed}`
  const { partition, holder } = device
  const slice = partition === undefined ? '' : `slice ${partition.profile ?? partition.id}`
  return [slice, Object.values(holder ?? {}).join('/')].filter((part) => part !== '').join(' ')
}

/** Text from outside on a terminal: no control characters, bounded. */
const shown = (text: string, length: number) => {
  const plain = text.replaceAll(/\p{Cc}/gu, ' ')
  return plain.length > length ? plain.slice(0, length - 1) + '…' : plain
}
