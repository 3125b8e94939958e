import { type Failure, failureOf, isIgnoredText } from './failures.ts'
import { createRejections } from '../../formats/rejections.ts'
import { textLines } from '../../formats/text-lines.ts'
import { type RejectReason, type Rejections, idOrNull } from './lines.ts'
import { isKnownField } from './map.ts'
import { type ChipMapping, type WatchRow, createColumnReader } from './parse-columns.ts'
import { type CommandIds, type FieldBlock, createFieldReader } from './parse-fields.ts'
import { type NpuTable, createTableReader } from './parse-table.ts'

/** A failure text and the card it was about, where a captured command line said so. */
export interface SeenFailure {
  readonly failure: Failure
  readonly npu: number | null
}

/** Everything of the tool that some bytes hold: one answer, or a dump of many. Native units. */
export interface NpuOutput {
  readonly tables: readonly NpuTable[]
  readonly blocks: readonly FieldBlock[]
  readonly mappings: readonly ChipMapping[]
  readonly watch: readonly WatchRow[]
  readonly failures: readonly SeenFailure[]
  /** Lines of `-t topo`: known, but a link matrix is no reading of a device. */
  readonly topologyLines: number
  /** Nothing but blanks. */
  readonly empty: boolean
  readonly rejections: Rejections
}

const NO_IDS: CommandIds = { npu: null, chip: null }
const BORDER = /^\+?[-=+]{3,}\+?$|^\.{3,}$|^…$/
const COMMAND = /npu-smi\s+info\b(.*)$/
/** A prompt, or the echo of another command in a dump: the answer above it is over. */
const OTHER_COMMAND = /^\S*[@~][^|]*[#$] |^(?:\/usr|\/bin|\/opt|cat |lspci|pip |# |\$ )/
const PROMPT_CHARS = 120
const TOPOLOGY =
  /^(?:NPU|Phy-ID)\d+\s+(?:(?:NPU|Phy-ID)\d+|X|SYS|PHB|PIX|PXB|HCCS|HCCS_SW|SIO|UB|NA)\b|^(?:X|SYS|PHB|PIX|PXB|HCCS|HCCS_SW|SIO|UB|NA)\s+=\s/

/** Reads any output of the tool line by line. Pure; never throws; memory and time are bounded by LIMITS. */
export function parseOutput(bytes: Uint8Array): NpuOutput {
  const rejections = createRejections<RejectReason>()
  const tables = createTableReader(rejections)
  const fields = createFieldReader(isKnownField, rejections)
  const columns = createColumnReader(rejections)
  const failures: SeenFailure[] = []
  let ids = NO_IDS
  let topologyLines = 0
  let empty = true

  const boundary = (next: CommandIds) => {
    ids = next
    columns.boundary()
    fields.boundary(next)
  }
  for (const line of textLines(bytes, (line, reason) => rejections.add(line, reason))) {
    const text = line.trim()
    if (text === '') continue
    empty = false
    if (BORDER.test(text)) continue
    if (text.startsWith('|')) {
      boundary(NO_IDS)
      tables.line(line.trimStart())
      continue
    }
    const failure = failureOf(text)
    if (failure !== null) {
      failures.push({ failure, npu: ids.npu })
      rejections.add(text, 'error_text')
    } else if (isIgnoredText(text)) continue
    else if (COMMAND.test(text)) {
      boundary(commandIds(text))
      tables.boundary()
    } else if (OTHER_COMMAND.test(text.slice(0, PROMPT_CHARS))) boundary(NO_IDS)
    else if (TOPOLOGY.test(text)) topologyLines += 1
    else if (!columns.line(line) && !fields.line(line)) {
      fields.noise()
      rejections.add(text, 'not_npu_smi')
    }
  }
  return {
    tables: tables.finish(),
    blocks: fields.finish(),
    ...columns.finish(),
    failures,
    topologyLines,
    empty,
    rejections,
  }
}

function commandIds(text: string): CommandIds {
  return {
    npu: idOrNull(/\s-i\s+(\d+)/.exec(text)?.[1]),
    chip: idOrNull(/\s-c\s+(\d+)/.exec(text)?.[1]),
  }
}
