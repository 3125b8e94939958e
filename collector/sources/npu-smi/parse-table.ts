import { LIMITS, type Rejections, busOrNull, idOrNull, numberOrNull } from './lines.ts'

/** `used / total` as printed; either side may be missing. */
export interface Pair {
  readonly used: number | null
  readonly total: number | null
}

/** One chip of `npu-smi info`: two rows of the box, native units, zeros kept as printed. */
export interface ChipRow {
  readonly npu: number
  /** Null in layout 9 and when row 2 is missing. */
  chip: number | null
  readonly printedName: string
  readonly healthWord: string
  powerWatts: number | null
  temperatureCelsius: number | null
  readonly hugepages: Pair | null
  /** Device (logic id) or Phy-ID, by the table's header. */
  secondId: number | null
  bus: string | null
  utilPercent: number | null
  /** DDR then HBM, or the only pair. A pair the row stops inside is null. */
  pairs: (Pair | null)[]
  /** False when the chip's second row never came. */
  complete: boolean
}

export interface ProcessRow {
  readonly npu: number
  /** Null in layout 9, which prints the NPU only. */
  readonly chip: number | null
  readonly pid: number
}

/** One answer of `npu-smi info`. What the header did not say is null. */
export interface NpuTable {
  toolVersion: string | null
  driverVersion: string | null
  secondIdKind: 'device' | 'phy_id' | null
  utilKind: 'aicore' | 'npu_util' | null
  /** Memory columns of the header: 1 (310 family) or 2 (DDR and HBM). */
  memoryColumns: number | null
  readonly chips: ChipRow[]
  hasProcessBox: boolean
  readonly processes: ProcessRow[]
  readonly npusWithoutProcesses: Set<number>
}

export interface TableReader {
  /** Takes one line that starts with `|`. */
  line(line: string): void
  /** The next box row starts a new answer (a command line was seen). */
  boundary(): void
  finish(): readonly NpuTable[]
}

interface Cells {
  readonly line: string
  readonly cells: readonly string[]
  /** The line ends without its closing bar: its last token may be a stump. */
  readonly cut: boolean
}

const HEALTH_WORDS: ReadonlySet<string> = new Set(['ok', 'warning', 'alarm', 'critical', 'unknown'])
const VERSION = /npu-smi\s+(\S+)\s+Version:\s*(\S+)/i
const NO_PROCESSES = /No running processes found in NPU\s+(\d+)/i

/** Where the reader stands in a box. */
interface TableState {
  readonly tables: NpuTable[]
  readonly rejections: Rejections
  current: NpuTable | null
  /** Row 1 that waits for its row 2. */
  pending: ChipRow | null
  inProcessBox: boolean
  chipCount: number
}

/**
 * Reads the boxes of `npu-smi info` line by line: split on `|`, tokenise, decide by shape. Borders and
 * column widths are never looked at: real captures have broken, missing and misaligned ones.
 */
export function createTableReader(rejections: Rejections): TableReader {
  const state: TableState = {
    tables: [],
    rejections,
    current: null,
    pending: null,
    inProcessBox: false,
    chipCount: 0,
  }
  return {
    line(line) {
      const row = splitCells(line)
      if (row.cells.every((cell) => cell === '' || cell === '...')) return
      if (readHeader(state, row) || readProcess(state, row) || readChip(state, row)) return
      rejections.add(line, row.cut ? 'cut_row' : 'unrecognised_row')
    },
    boundary() {
      flush(state)
      state.current = null
      state.inProcessBox = false
    },
    finish() {
      flush(state)
      return state.tables
    },
  }
}

function flush(state: TableState): void {
  const { pending } = state
  if (pending !== null)
    state.rejections.add(`NPU ${pending.npu} ${pending.printedName}`, 'row_1_without_row_2')
  state.pending = null
}

function tableOf(state: TableState): NpuTable {
  if (state.current === null) {
    state.current = emptyTable()
    state.tables.push(state.current)
  }
  return state.current
}

/** A version or column header after rows opens the next answer of a dump. */
function startHeader(state: TableState): NpuTable {
  flush(state)
  const { current } = state
  if (current !== null && (current.chips.length > 0 || current.hasProcessBox)) state.current = null
  state.inProcessBox = false
  return tableOf(state)
}

function readHeader(state: TableState, row: Cells): boolean {
  const version = VERSION.exec(row.line)
  if (version !== null) {
    const table = startHeader(state)
    table.toolVersion = version[1] ?? null
    table.driverVersion = version[2] ?? null
  } else if (row.cells.includes('Health')) startHeader(state)
  else if (row.cells.includes('Bus-Id')) applyHeader(tableOf(state), row.line)
  else if (/Process id/i.test(row.line)) {
    flush(state)
    tableOf(state).hasProcessBox = true
    state.inProcessBox = true
  } else return false
  return true
}

function readProcess(state: TableState, row: Cells): boolean {
  const none = NO_PROCESSES.exec(row.line)
  const process = none === null ? processRow(row.cells) : null
  if (none === null && process === null) return false
  if (process !== null && !state.inProcessBox && row.cells.length < 4) return false
  const table = tableOf(state)
  table.hasProcessBox = true
  if (none !== null) table.npusWithoutProcesses.add(Number(none[1]))
  if (process !== null && table.processes.length < LIMITS.processes) table.processes.push(process)
  return true
}

function readChip(state: TableState, row: Cells): boolean {
  const { rejections } = state
  const first = rowOne(row, rejections)
  const second = first === null ? rowTwo(row) : null
  if (first === null && second === null) return false
  if (row.cut) rejections.add(row.line, 'cut_row')
  if (first !== null) {
    flush(state)
    if (state.chipCount >= LIMITS.chips) rejections.add(row.line, 'too_many_chips')
    else {
      state.chipCount += 1
      state.pending = first
      tableOf(state).chips.push(first)
    }
    return true
  }
  if (state.pending === null) rejections.add(row.line, 'row_2_without_row_1')
  else Object.assign(state.pending, second)
  state.pending = null
  return true
}

function emptyTable(): NpuTable {
  return {
    toolVersion: null,
    driverVersion: null,
    secondIdKind: null,
    utilKind: null,
    memoryColumns: null,
    chips: [],
    hasProcessBox: false,
    processes: [],
    npusWithoutProcesses: new Set(),
  }
}

function splitCells(line: string): Cells {
  const parts = line.split('|')
  parts.shift()
  const cut = (parts.at(-1) ?? '').trim() !== '' || parts.length === 0
  if (!cut) parts.pop()
  const last = parts.length - 1
  const cells = parts.map((part, index) =>
    cut && index === last ? withoutStump(part) : part.trim(),
  )
  return { line, cells, cut }
}

/** In a cut line the last token may have lost digits (`655` of `65536`): it says nothing. */
function withoutStump(text: string): string {
  const tail = Math.max(text.lastIndexOf(' '), text.lastIndexOf('\t'), text.lastIndexOf('/'))
  return text.slice(0, tail + 1).trim()
}

function applyHeader(table: NpuTable, line: string): void {
  if (line.includes('Phy-ID')) table.secondIdKind = 'phy_id'
  else if (/\bDevice\b/.test(line)) table.secondIdKind = 'device'
  if (/NPU Util\(%\)/i.test(line)) table.utilKind = 'npu_util'
  else if (/AICore\(%\)/i.test(line)) table.utilKind = 'aicore'
  table.memoryColumns = (line.match(/(?:Memory|HBM)-Usage/g) ?? []).length || null
}

function processRow(cells: readonly string[]): ProcessRow | null {
  const ids = /^(\d{1,9})(?:\s+(\d{1,9}))?$/.exec(cells[0] ?? '')
  const pid = idOrNull(cells[1])
  if (ids === null || pid === null || cells.length < 3) return null
  return { npu: Number(ids[1]), chip: idOrNull(ids[2]), pid }
}

/** Row 1: `npu name | health | power temp [hugepages]`; layout 9 has npu and name in cells of their own. */
function rowOne(row: Cells, rejections: Rejections): ChipRow | null {
  const { cells } = row
  const ownCells = /^\d{1,9}$/.test(cells[0] ?? '') && /^[A-Za-z]/.test(cells[1] ?? '')
  const joined = ownCells ? [cells[0], cells[1]] : splitFirst(cells[0] ?? '')
  const npu = idOrNull(joined[0])
  const name = joined[1] ?? ''
  const health = cells[ownCells ? 2 : 1] ?? ''
  const values = cells[ownCells ? 3 : 2] ?? ''
  if (npu === null || name === '' || !/^[A-Za-z]{2,16}$/.test(health) || health === 'NA')
    return null
  if (!HEALTH_WORDS.has(health.toLowerCase())) rejections.add(row.line, 'unknown_health_word')
  const tokens = tokenise(values)
  return {
    npu,
    chip: null,
    printedName: name.slice(0, 64),
    healthWord: health,
    powerWatts: numberOrNull(tokens[0]),
    temperatureCelsius: numberOrNull(tokens[1]),
    hugepages: readPairs(tokens.slice(2))[0] ?? null,
    secondId: null,
    bus: null,
    utilPercent: null,
    pairs: [],
    complete: false,
  }
}

/** Row 2: `chip [device or phy-id] | bus | util pair [pair]`; in layout 9 the first two cells are empty. */
function rowTwo(
  row: Cells,
): Pick<ChipRow, 'chip' | 'secondId' | 'bus' | 'utilPercent' | 'pairs' | 'complete'> | null {
  const ownCells = row.cells.length >= 3 && row.cells[0] === '' && row.cells[1] === ''
  const ids = ownCells ? [] : (row.cells[0] ?? '').split(/\s+/)
  const bus = row.cells[ownCells ? 2 : 1] ?? ''
  if (!ownCells && idOrNull(ids[0]) === null) return null
  if (bus !== 'NA' && !/^\S{1,8}:\S{1,4}:\S{1,4}$/.test(bus)) return null
  const tokens = tokenise(row.cells[ownCells ? 3 : 2] ?? '')
  const hasUtil = tokens[1] !== '/'
  return {
    chip: idOrNull(ids[0]),
    secondId: idOrNull(ids[1]),
    bus: busOrNull(bus),
    utilPercent: hasUtil ? numberOrNull(tokens[0]) : null,
    pairs: readPairs(tokens.slice(hasUtil ? 1 : 0)),
    complete: true,
  }
}

function splitFirst(text: string): [string | undefined, string | undefined] {
  const match = /^(\d{1,9})\s+(\S.*)$/.exec(text)
  return [match?.[1], match?.[2]]
}

/** Blank-separated tokens with the slash always on its own: five digits leave no blank before it. */
function tokenise(text: string): string[] {
  return text
    .replaceAll('N/A', 'NA')
    .replaceAll('/', ' / ')
    .split(/\s+/)
    .filter((token) => token !== '')
}

/** Every `used / total` of a row; one without its total is null. */
function readPairs(tokens: readonly string[]): (Pair | null)[] {
  const pairs: (Pair | null)[] = []
  for (let at = 1; at < tokens.length; at += 1) {
    if (tokens[at] !== '/') continue
    const total = tokens[at + 1]
    pairs.push(
      total === undefined
        ? null
        : { used: numberOrNull(tokens[at - 1]), total: numberOrNull(total) },
    )
  }
  return pairs
}
