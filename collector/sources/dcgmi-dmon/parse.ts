import { createRejections, type Rejections } from '../../formats/rejections.ts'
import type { TextRefusal } from '../../formats/text-lines.ts'
import { cellsOf, type Header, readHeader, readUnits, tokensOf } from './columns.ts'
import { type Failure, failureOf } from './failures.ts'
import { LIMITS } from './limits.ts'

/** Why a line or value was refused. A fixed list: these become counter labels. */
export type RejectReason =
  | TextRefusal
  | 'lines_dropped'
  | 'no_header'
  | 'column_count'
  | 'unknown_line'
  | 'entity_limit'
  | 'error_line'
  | 'text_value'
  | 'cut_value'
  | 'blank_sentinel'
  | 'not_a_number'
  | 'out_of_range'
  | 'util_on_mig'
  | 'gpu_not_discovered'
  | 'instance_not_discovered'
  | 'inventory_incomplete'
  | 'uuid_not_unique'
  | 'profiling_refused'
  | 'field_unknown'

export type DmonRejections = Rejections<RejectReason>

/** What a row is about. */
export interface Entity {
  /** As printed: `GPU`, `GPU-I`, `GPU-CI`, `CPU`, `SW`, … */
  readonly kind: string
  readonly id: number
  /** Index of the link in rows `GPU n LINK i` and `SW n LINK i`. */
  readonly link: number | null
}

export interface DmonRow {
  readonly entity: Entity
  /** Column names and printed cells; '' is a blank cell. */
  readonly names: readonly string[]
  readonly units: readonly string[]
  readonly cells: readonly string[]
  readonly line: string
}

/** Reads dmon text line by line, as it comes: headers are remembered, whoever calls decides what to keep. */
export interface DmonParser {
  /** The row a line is, or null: a header, an error, nothing, or refused. */
  line(text: string, rejections: DmonRejections): DmonRow | null
  /** Errors the tool printed since the last call, oldest first. */
  takeFailures(): readonly Failure[]
  /** A header was seen: the text is dmon's. */
  hasHeader(): boolean
}

const KINDS = 'GPU-CI|GPU-I|GPU|CPU|Core|vGPU|Switch|SW|CX|ConnectX|Link'
const ENTITY = new RegExp(
  String.raw`^\s*(${KINDS})\s+(\d{1,9})(?:\s+LINK\s+(\d{1,9}))?(?=\s|$)`,
  'i',
)
/** DCGM 1.4 printed the bare id of the GPU. */
const BARE = /^\s*(\d{1,4})(?=\s)/
/** Said by the tool when it was asked to end; not an error. */
const STOPPED = /^dmon was stopped d/i
/** Errors kept between two reads. */
const FAILURES = 16

/** A parser of one run of the tool, or of one captured text. */
export function createDmonParser(): DmonParser {
  let header: Header | null = null
  let awaitsUnits = false
  let failures: Failure[] = []
  const refuse = (text: string, rejections: DmonRejections) => {
    const failure = failureOf(text)
    if (failure !== null && failures.length < FAILURES) failures.push(failure)
    rejections.add(text, failure === null ? 'unknown_line' : 'error_line')
    return null
  }
  return {
    line(text, rejections) {
      if (text.length > LIMITS.lineChars) {
        rejections.add(text, 'line_too_long')
        return null
      }
      if (text.trim() === '' || STOPPED.test(text.trimStart())) return null
      const found = readHeader(text)
      if (found !== null) {
        header = found
        awaitsUnits = true
        return null
      }
      if (awaitsUnits && header !== null) {
        awaitsUnits = false
        if (readUnits(text, header)) return null
      }
      const entity = entityOf(text, header !== null)
      return entity === null ? refuse(text, rejections) : rowOf(text, entity, header, rejections)
    },
    takeFailures() {
      const taken = failures
      failures = []
      return taken
    },
    hasHeader: () => header !== null,
  }
}

type Placed = Entity & { readonly end: number }

function rowOf(
  line: string,
  { kind, id, link, end }: Placed,
  header: Header | null,
  rejections: DmonRejections,
): DmonRow | null {
  if (header === null) {
    rejections.add(line, 'no_header')
    return null
  }
  const cells = cellsOf(line, tokensOf(line.slice(end)), end, header)
  if (cells === null) {
    rejections.add(line, 'column_count')
    return null
  }
  return { entity: { kind, id, link }, names: header.names, units: header.units, cells, line }
}

function entityOf(line: string, hasHeader: boolean): Placed | null {
  const match = ENTITY.exec(line)
  if (match !== null) {
    const [whole, kind = '', id = '', link] = match
    return {
      kind,
      id: Number(id),
      link: link === undefined ? null : Number(link),
      end: whole.length,
    }
  }
  const bare = hasHeader || / (?:N\/A|\d)/.test(line) ? BARE.exec(line) : null
  if (bare === null) return null
  return { kind: 'GPU', id: Number(bare[1]), link: null, end: bare[0].length }
}

/** What identifies an entity within one run. */
export const entityKey = ({ kind, id, link }: Entity) =>
  `${kind.toUpperCase()} ${id}${link === null ? '' : ` LINK ${link}`}`

/** An empty record of refusals. */
export const newRejections = (): DmonRejections => createRejections<RejectReason>()
