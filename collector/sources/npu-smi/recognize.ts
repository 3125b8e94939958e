import { isKnownField } from './map.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'

/** How much of a capture is looked at, bytes. */
const PROBE_BYTES = 1 << 18

/**
 * How surely bytes are output of npu-smi, 0..1. Boxes with chips and the tool's own error texts are
 * certain; loose `key : value` answers need several known keys.
 */
export function recognize(bytes: Uint8Array): number {
  const output = parseOutput(bytes.subarray(0, PROBE_BYTES))
  const hasVersion = output.tables.some((table) => table.toolVersion !== null)
  const chips = output.tables.reduce((sum, table) => sum + table.chips.length, 0)
  if (hasVersion || chips > 0) return hasVersion ? 0.99 : 0.95
  if (output.failures.length > 0) return 0.9
  if (output.mappings.length > 0 || output.watch.length > 0) return 0.9
  const fields = output.blocks.reduce((sum, block) => sum + block.fields.size, 0)
  // Other tools print `key : value` too (nvidia-smi -q does), but mostly under keys that this one lacks.
  const known = knownFields(output)
  if (known * 2 < fields || refusedLines(output) > fields) return 0
  const processes = output.blocks.some((block) => block.processes !== null)
  if (known >= 3 || processes) return 0.8
  if (output.tables.length > 0 || output.topologyLines >= 2) return 0.7
  return known > 0 ? 0.3 : 0
}

/** How surely bytes are rows of `npu-smi info watch` alone: a little surer than the tool as a whole. */
export function recognizeWatch(bytes: Uint8Array): number {
  const output = parseOutput(bytes.subarray(0, PROBE_BYTES))
  const others = output.tables.length + output.blocks.length + output.mappings.length
  return output.watch.length > 0 && others === 0 ? 0.95 : 0
}

function knownFields({ blocks }: NpuOutput): number {
  return blocks.reduce(
    (sum, block) => sum + [...block.fields.keys()].filter((key) => isKnownField(key)).length,
    0,
  )
}

function refusedLines({ rejections }: NpuOutput): number {
  return Object.values(rejections.byReason()).reduce((sum, count) => sum + count, 0)
}
