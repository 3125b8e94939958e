import { failureOf, INTEL_TOOL } from './faults.ts'
import { machineRow } from './parse-machine.ts'

/** How much of a capture is looked at, bytes. */
const PROBE_BYTES = 1 << 16
const PROBE_LINES = 200

/**
 * How surely bytes are output of the Kunlun tool, 0..1. The title or a table of the first generation is
 * certain; lines of the machine format are likely. Intel's tool of the same name is recognized too, so that
 * it gets an answer in place of a guess.
 */
export function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, PROBE_BYTES))
  if (/XPU-SMI\s+Driver Version:/.test(text) || /\|\s*XPU\s+Name\s+Persistence-M\|/.test(text))
    return 1
  if (/\|\s*DevID\s*\|\s*PCI Addr\s*\|/.test(text) && text.includes('UseRate')) return 1
  if (/xpu[-_]smi:?\s*(?:command )?not found/i.test(text)) return 0.8
  const lines = text.split('\n', PROBE_LINES)
  if (lines.some((line) => isMachineLine(line))) return 0.8
  return lines.some((line) => failureOf(line.slice(0, 512)) === INTEL_TOOL) ? 0.6 : 0
}

function isMachineLine(line: string): boolean {
  const row = line.length > 1024 ? null : machineRow(line)
  return row !== null && typeof row !== 'string'
}
