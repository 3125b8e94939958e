import { PlimsollError } from '#schemas/errors.ts'
import type { MetricValues } from '#schemas/metrics.ts'
import type { ParseResult } from '#schemas/parse-result.ts'
import type { DeviceReading, Interpretation, RejectedLine } from '#schemas/reading.ts'
import { busyValue, chooseBusy } from './busy.ts'
import { plausibleMetrics } from './plausible.ts'
import type { Source, SourceFormat } from './source.ts'
import { loadSources } from './sources.ts'

/** Below this a source only guesses; better to ask for its name. */
const SURE_ENOUGH = 0.3
const EXAMPLES = 64

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
  const counted = Object.values(read.rejectedByReason).reduce((sum, count) => sum + count, 0)
  return {
    source: read.source,
    outcome: read.outcome,
    ...(read.reason === null ? {} : { reason: read.reason }),
    ...(read.detail === null ? {} : { detail: read.detail }),
    devices,
    rejected: [...read.rejected, ...extra.slice(0, EXAMPLES)].map(({ line, reason }) => ({
      line,
      reason,
    })),
    rejected_total: Math.max(counted, read.rejected.length) + extra.length,
    ignored: [...read.ignored],
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
  }
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
  if (result.devices.length > 0) lines.push('', ...tableOf(result))
  if (result.rejected_total > 0) {
    lines.push('', `rejected: ${result.rejected_total}`)
    for (const { line, reason } of result.rejected.slice(0, 20))
      lines.push(`  ${reason}: ${shown(line, 120)}`)
  }
  if (result.ignored.length > 0)
    lines.push('', `read and not used: ${shown(result.ignored.slice(0, 40).join(', '), 600)}`)
  return lines.join('\n') + '\n'
}

function tableOf(result: ParseResult): string[] {
  const head = [
    'index',
    'device',
    'model',
    ...COLUMNS.map(([heading]) => heading),
    'values',
    'note',
  ]
  const rows = result.devices.map((device) => [
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
  const widths = head.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  return [head, ...rows].map((row) =>
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
