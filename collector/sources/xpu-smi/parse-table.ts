import type { Rejections } from '../../formats/rejections.ts'
import { cellsOf, columnNames, type Layout, valuesOf } from './parse-columns.ts'
import {
  busOrNull,
  type CellReader,
  cellReader,
  EMPTY_ROW,
  idOrNull,
  isMissing,
  LIMITS,
  type XpuRefusal,
  type XpuRow,
} from './values.ts'

/** The box of the current tool: three lines per device, and the process box where it prints one. */
export interface XpuTable {
  readonly driverVersion: string | null
  readonly runtimeVersion: string | null
  readonly rows: readonly XpuRow[]
  /** Device index -> processes; null without a process box. */
  readonly processes: ReadonlyMap<number, number> | null
  /** Columns of the header that we have no use for, or do not know. */
  readonly unused: readonly string[]
}

export interface TableReader {
  /** Takes one line; false when it is no line of this box. */
  line(line: string): boolean
  finish(): XpuTable
}

/** Columns that a reading is made of. All others are listed as read and not used. */
const USED: ReadonlySet<string> = new Set([
  'XPU',
  'Name',
  'Bus-Id',
  'Volatile Uncorr. ECC',
  'Fan',
  'Temp',
  'Perf',
  'Pwr:Usage/Cap',
  'Memory-Usage',
  'XPU-Util',
  'Compute M.',
  'SR-IOV M.',
])

const TITLE = /XPU-SMI\s+Driver Version:\s*(\S+)\s+XPU-RT Version:\s*(\S+)/
const NO_PROCESSES = /No running processes found/i

interface State {
  driverVersion: string | null
  runtimeVersion: string | null
  /** Header lines of this box as they come; used once it names the device's index and load. */
  header: string[][][]
  isHeaderOpen: boolean
  /** The device whose lines are being read, and which of its lines were seen. */
  open: { readonly values: Map<string, string>; readonly line: string; next: number } | null
  readonly devices: { readonly values: Map<string, string>; readonly line: string }[]
  processes: Map<number, number> | null
  inProcessBox: boolean
  processCount: number
}

/** Reads the box line by line, by the names in its header; borders and positions are never looked at. */
export function createTableReader(rejections: Rejections<XpuRefusal>): TableReader {
  const state: State = {
    driverVersion: null,
    runtimeVersion: null,
    header: [],
    isHeaderOpen: false,
    open: null,
    devices: [],
    processes: null,
    inProcessBox: false,
    processCount: 0,
  }
  return {
    line: (line) => readLine(state, line, rejections),
    finish: () => finish(state, rejections),
  }
}

function readLine(state: State, line: string, rejections: Rejections<XpuRefusal>): boolean {
  if (/^\s*[+|][\s|+=-]*$/.test(line)) {
    // A border ends a device: what follows can not be a line of it.
    state.open = null
    return true
  }
  if (!line.trimStart().startsWith('|')) return false
  const title = TITLE.exec(line)
  if (title !== null) {
    startBox(state)
    state.driverVersion = isMissing(title[1]) ? null : (title[1] ?? null)
    state.runtimeVersion = isMissing(title[2]) ? null : (title[2] ?? null)
    return true
  }
  if (line.includes(' PID ') && line.includes('Process name')) {
    state.inProcessBox = true
    state.processes ??= new Map()
    return true
  }
  if (/\|\s*Processes:/.test(line) || NO_PROCESSES.test(line)) {
    state.inProcessBox = true
    if (NO_PROCESSES.test(line)) state.processes ??= new Map()
    return true
  }
  if (state.inProcessBox) return readProcess(state, line, rejections)
  const cells = cellsOf(line)
  if (cells === null) {
    rejections.add(line, 'cut_row')
    state.open = null
    return true
  }
  return readHeader(state, cells) || readDevice(state, cells, line, rejections)
}

/** A title after devices opens the next answer of a dump: the later one replaces the earlier. */
function startBox(state: State): void {
  state.devices.length = 0
  state.header = []
  state.open = null
  state.processes = null
  state.inProcessBox = false
}

function readHeader(state: State, cells: readonly string[]): boolean {
  const columns = cells.map((cell) => columnNames(cell))
  const names = columns.flat()
  if (names.includes('XPU') && names.includes('Name')) {
    state.header = [columns]
    state.isHeaderOpen = true
    return true
  }
  if (!state.isHeaderOpen) return false
  // Header lines hold names only: a digit, or a unit, is a value.
  const isHeader = names.length > 0 && names.every((name) => /^[A-Za-z][\w:./ -]*$/.test(name))
  if (isHeader && !names.includes('N/A') && state.header.length < 8) state.header.push(columns)
  else state.isHeaderOpen = false
  return state.isHeaderOpen
}

function readDevice(
  state: State,
  cells: readonly string[],
  line: string,
  rejections: Rejections<XpuRefusal>,
): boolean {
  const layout: Layout = state.header
  // Other vendors print boxes of this shape: without a header that says XPU nothing is read.
  if (!layout.flat(2).includes('XPU-Util')) return false
  const first = valuesOf(cells, layout[0] ?? [])
  if (first !== null && idOrNull(first.get('XPU')) !== null) {
    state.open = null
    if (state.devices.length >= LIMITS.devices) rejections.add(line, 'too_many_devices')
    else {
      const device = { values: first, line }
      state.devices.push(device)
      state.open = { ...device, next: 1 }
    }
    return true
  }
  const isShaped = layout.some((header) => header.length === cells.length)
  if (!isShaped) return false
  if (state.open === null) {
    rejections.add(line, 'row_without_first_row')
    return true
  }
  for (let at = state.open.next; at < layout.length; at++) {
    const values = valuesOf(cells, layout[at] ?? [])
    if (values === null) continue
    for (const [name, value] of values) state.open.values.set(name, value)
    state.open.next = at + 1
    return true
  }
  rejections.add(line, 'column_count')
  // A first line that cannot be read: its second line must not become the last device's.
  if (/^\d/.test(cells[0] ?? '')) state.open = null
  return true
}

/** `XPU XI CI PID Type Process name Memory`: the index leads, whatever follows. */
function readProcess(state: State, line: string, rejections: Rejections<XpuRefusal>): boolean {
  const tokens = line.replaceAll('|', ' ').trim().split(/\s+/)
  if (tokens[0] === 'ID' || /^Usage$/i.test(tokens.at(-1) ?? '')) return true
  const index = idOrNull(tokens[0])
  if (index === null || tokens.length < 4) {
    rejections.add(line, 'column_count')
    return true
  }
  state.processCount++
  const counts = (state.processes ??= new Map())
  if (state.processCount <= LIMITS.processes) counts.set(index, (counts.get(index) ?? 0) + 1)
  return true
}

function finish(state: State, rejections: Rejections<XpuRefusal>): XpuTable {
  const columns = state.header.flat(2)
  return {
    driverVersion: state.driverVersion,
    runtimeVersion: state.runtimeVersion,
    rows: state.devices.map(({ values, line }) => {
      const row = rowOf(values, cellReader(line, rejections))
      if (row.incomplete !== null) rejections.add(line, 'row_incomplete')
      return row
    }),
    processes: state.processes,
    unused: state.devices.length === 0 ? [] : columns.filter((name) => !USED.has(name)),
  }
}

function rowOf(values: ReadonlyMap<string, string>, cells: CellReader): XpuRow {
  const power = cells.pair(values.get('Pwr:Usage/Cap'))
  const perf = /^P(\d{1,2})$/.exec(values.get('Perf') ?? '')?.[1]
  const labels: Record<string, string> = {}
  for (const [name, label] of [
    ['Compute M.', 'compute_mode'],
    ['SR-IOV M.', 'sriov_mode'],
  ] as const) {
    const value = values.get(name)
    if (!isMissing(value)) labels[label] = (value ?? '').slice(0, LIMITS.labelChars)
  }
  return {
    ...EMPTY_ROW,
    index: idOrNull(values.get('XPU')),
    name: (values.get('Name') ?? '').slice(0, LIMITS.labelChars),
    bus: busOrNull(values.get('Bus-Id')),
    utilPercent: cells.number(values.get('XPU-Util')),
    powerWatts: power?.used ?? null,
    powerCapWatts: power?.total ?? null,
    temperatureCelsius: cells.number(values.get('Temp')),
    memory: cells.pair(values.get('Memory-Usage')),
    fanPercent: cells.number(values.get('Fan')),
    performanceState: perf === undefined ? null : Number(perf),
    eccUncorrected: cells.number(values.get('Volatile Uncorr. ECC')),
    labels,
    incomplete: values.has('XPU-Util') ? null : 'the line with its load and power is missing',
  }
}
