import { createRejections, type Rejections } from '../../formats/rejections.ts'
import { textLines } from '../../formats/text-lines.ts'
import { type Failure, failureOf } from './faults.ts'
import { createFirstGenerationReader, type FirstGeneration } from './parse-first-generation.ts'
import { machineRow } from './parse-machine.ts'
import { createTableReader, type XpuTable } from './parse-table.ts'
import { LIMITS, type XpuRefusal, type XpuRow } from './values.ts'

/** Everything of the tool that some bytes hold, native units. */
export interface XpuOutput {
  readonly table: XpuTable
  readonly firstGeneration: FirstGeneration
  /** Lines of `xpu-smi -m`. */
  readonly machine: readonly XpuRow[]
  readonly failure: Failure | null
  /** Nothing but blanks. */
  readonly empty: boolean
  readonly rejections: Rejections<XpuRefusal>
}

/** `Wed Jun 25 19:45:10 2025`, rulers and prompts: lines that say nothing about devices. */
const NOISE =
  /^(?:[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2} (?:[A-Z]{3,5} )?\d{4}|[-=+]{3,}|\.{3,}|\S{0,80}[$#] ?(?:sudo )?xpu[-_]smi(?: -\S+)*)$/

/** Reads any output of the tool line by line. Pure; never throws; time and memory are bounded. */
export function parseOutput(bytes: Uint8Array): XpuOutput {
  const rejections = createRejections<XpuRefusal>()
  const table = createTableReader(rejections)
  const firstGeneration = createFirstGenerationReader(rejections)
  const machine: XpuRow[] = []
  let failure: Failure | null = null
  let empty = true
  for (const line of textLines(bytes, (refused, reason) => rejections.add(refused, reason))) {
    const text = line.trim()
    if (text === '') continue
    empty = false
    if (firstGeneration.line(line) || table.line(line) || NOISE.test(text)) continue
    const row = machineRow(text)
    if (typeof row === 'string') rejections.add(text, row)
    else if (row !== null && machine.length >= LIMITS.devices)
      rejections.add(text, 'too_many_devices')
    else if (row !== null) machine.push(row)
    else {
      const stated = failureOf(text)
      failure ??= stated
      rejections.add(text, stated === null ? 'not_xpu_smi' : 'error_text')
    }
  }
  return {
    table: table.finish(),
    firstGeneration: firstGeneration.finish(),
    machine,
    failure,
    empty,
    rejections,
  }
}
