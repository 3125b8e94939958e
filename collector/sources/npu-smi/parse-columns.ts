import { type Rejections, idOrNull, numberOrNull } from './lines.ts'

/** One chip of `npu-smi info -m`. Control processors (`Mcu`) are left out. */
export interface ChipMapping {
  readonly npu: number
  readonly chip: number
  readonly logicId: number | null
  readonly phyId: number | null
  readonly name: string
}

/** One row of `npu-smi info watch`: lower-case column name without its unit -> value. */
export interface WatchRow {
  readonly npu: number
  readonly chip: number
  readonly values: ReadonlyMap<string, number | null>
}

export interface ColumnReader {
  /** Takes a header or a row of `-m` or `watch`; false when the line is something else. */
  line(line: string): boolean
  boundary(): void
  finish(): { readonly mappings: readonly ChipMapping[]; readonly watch: readonly WatchRow[] }
}

type Mode = 'none' | 'mapping' | 'watch'

const MAPPING_NAMES = /NPU ID|Slot ID|Chip Logic ID|Chip Phy-ID|Chip ID|Chip Name/g
/** Two-word names and columns that touch: every name ends with its unit in brackets. */
const WATCH_NAMES = /[A-Za-z][A-Za-z ]*\([^)]*\)/g

/** A header of ten columns has 120 characters; the bound keeps the pattern's cost flat. */
const HEADER_CHARS = 400

/** Reads the two column-shaped answers. The header decides what the columns are. */
export function createColumnReader(rejections: Rejections): ColumnReader {
  const mappings: ChipMapping[] = []
  /** Rows repeat for ever: the last one of each chip is its present state. */
  const watch = new Map<string, WatchRow>()
  let mode: Mode = 'none'
  let columns: string[] = []

  const readMapping = (line: string): boolean => {
    const tokens = line.trim().split(/\s+/)
    if (idOrNull(tokens[0]) === null) return false
    const name = tokens.slice(columns.length - 1).join(' ')
    const at = (column: string) => idOrNull(tokens[columns.indexOf(column)])
    const npu = at('NPU ID')
    const chip = at('Chip ID')
    if (npu === null || chip === null || name === '') rejections.add(line, 'column_count')
    else if (name.toLowerCase() !== 'mcu')
      mappings.push({
        npu,
        chip,
        logicId: at('Chip Logic ID'),
        phyId: at('Chip Phy-ID'),
        name: name.slice(0, 64),
      })
    return true
  }

  const readWatch = (line: string): boolean => {
    const tokens = line.trim().split(/\s+/)
    const npu = idOrNull(tokens[0])
    if (npu === null) return false
    if (tokens.length !== columns.length) {
      rejections.add(line, 'column_count')
      return true
    }
    const values = new Map(columns.map((name, index) => [name, numberOrNull(tokens[index])]))
    const chip = values.get('chipid') ?? 0
    watch.set(`${npu}/${chip}`, { npu, chip, values })
    return true
  }

  return {
    line(line) {
      const trimmed = line.trimStart()
      if (/^NpuID\s*\(/i.test(trimmed)) {
        mode = 'watch'
        columns = (trimmed.slice(0, HEADER_CHARS).match(WATCH_NAMES) ?? []).map(columnName)
        return true
      }
      if (/^NPU ID\s+\S/.test(trimmed) && !trimmed.includes(':')) {
        mode = 'mapping'
        columns = line.match(MAPPING_NAMES) ?? []
        return true
      }
      if (mode === 'mapping') return readMapping(line)
      return mode === 'watch' && readWatch(line)
    },
    boundary() {
      mode = 'none'
    },
    finish: () => ({ mappings, watch: [...watch.values()] }),
  }
}

function columnName(header: string): string {
  return header
    .replace(/\([^)]*\)$/, '')
    .trim()
    .toLowerCase()
}
