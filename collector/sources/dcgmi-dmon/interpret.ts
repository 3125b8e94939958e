import type { Interpretation } from '#schemas/reading.ts'
import { textLines } from '../../formats/text-lines.ts'
import { readRows } from './devices.ts'
import {
  EMPTY_OUTPUT,
  type Failure,
  failureOf,
  NO_GPU_ROWS,
  NO_HEADER,
  NO_ROWS,
  NOT_DMON,
} from './failures.ts'
import { LIMITS } from './limits.ts'
import { type Inventory, isDiscoveryLine, readDiscovery } from './parse-discovery.ts'
import {
  createDmonParser,
  type DmonRejections,
  type DmonRow,
  entityKey,
  newRejections,
} from './parse.ts'

export const SOURCE_NAME = 'dcgmi-dmon'

/**
 * Any captured text of `dcgmi dmon` -> the newest row of every GPU and MIG instance in it. Boxes of
 * `dcgmi discovery -l` and `-c` in the same text name the devices; without them their keys say that nothing does.
 * Pure; never throws.
 */
export function interpret(bytes: Uint8Array): Interpretation {
  const rejections = newRejections()
  const all = textLines(bytes, (line, reason) => rejections.add(line, reason))
  const boxes = all.filter(isDiscoveryLine)
  const parser = createDmonParser()
  const rows = new Map<string, DmonRow>()
  for (const line of all) {
    const row = isDiscoveryLine(line) ? null : parser.line(line, rejections)
    if (row !== null) keepNewest(rows, row, rejections)
  }
  const inventory = readDiscovery(boxes, rejections)
  const { devices, links, ignored } = readRows([...rows.values()], inventory, 'name', rejections)
  const parts = { devices, links, ignored, rejections }
  if (devices.length > 0) return reading({ ...parts, failure: null })
  const isDmon = parser.hasHeader() || inventory.gpus.size > 0
  return reading({
    ...parts,
    failure: parser.takeFailures()[0] ?? whyNothing(all, rows.size, isDmon, rejections),
  })
}

/** Why a text without a stated error gave no device. */
function whyNothing(
  lines: readonly string[],
  rows: number,
  isDmon: boolean,
  rejections: DmonRejections,
): Failure {
  if (lines.every((line) => line.trim() === '')) return EMPTY_OUTPUT
  if (rows > 0) return NO_GPU_ROWS
  if (isDmon) return NO_ROWS
  return rejections.byReason()['no_header'] === undefined ? NOT_DMON : NO_HEADER
}

/** Keeps the newest row of an entity; how many entities there can be is bounded. */
export function keepNewest(
  rows: Map<string, DmonRow>,
  row: DmonRow,
  rejections: DmonRejections,
): boolean {
  const key = entityKey(row.entity)
  if (!rows.has(key) && rows.size >= LIMITS.entities) {
    rejections.add(row.line, 'entity_limit')
    return false
  }
  rows.set(key, row)
  return true
}

/** What one read gave, in the form all sources share. */
export function reading(parts: {
  readonly failure: Failure | null
  readonly rejections: DmonRejections
  readonly devices?: Interpretation['devices']
  readonly links?: NonNullable<Interpretation['links']>
  readonly ignored?: readonly string[]
  readonly toolLabels?: Readonly<Record<string, string>>
}): Interpretation {
  const { failure, rejections } = parts
  return {
    source: SOURCE_NAME,
    outcome: failure?.outcome ?? 'ok',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices: failure === null ? (parts.devices ?? []) : [],
    links: failure === null ? (parts.links ?? []) : [],
    events: [],
    rejected: rejections.examples(),
    rejectedByReason: rejections.byReason(),
    ignored: parts.ignored ?? [],
    toolLabels: parts.toolLabels ?? {},
  }
}

/** How surely bytes are output of dcgmi, 0..1. */
export function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, RECOGNIZED_BYTES))
  if (/^\s*#\s*Entity\s/m.test(text)) return 0.99
  if (/^\|\s*GPU ID\s*\|\s*Device Information\s*\|/m.test(text)) return 0.9
  const first = text.split('\n', 20).find((line) => line.trim() !== '') ?? ''
  const stated = failureOf(first)?.reason ?? ''
  return OWN_REASONS.has(stated) && /dcgm|host ?engine|localhost|setting watches/i.test(text)
    ? 0.7
    : 0
}

const RECOGNIZED_BYTES = 64 << 10
/** Errors whose text only dcgmi prints. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  'profiling_refused',
  'needs_root',
  'field_unknown',
  'no_host_engine',
  'version_mismatch',
  'command_not_found',
])

/** GPUs and instances of an answer of `dcgmi discovery`. */
export function readInventory(bytes: Uint8Array, rejections: DmonRejections): Inventory {
  const lines = textLines(bytes, (line, reason) => rejections.add(line, reason))
  return readDiscovery(lines.filter(isDiscoveryLine), rejections)
}
