import type { Rejections } from '../../formats/rejections.ts'
import { cellsOf } from './parse-columns.ts'
import {
  busOrNull,
  type CellReader,
  cellReader,
  EMPTY_ROW,
  idOrNull,
  isMissing,
  LIMITS,
  numberOrNull,
  serialOrNull,
  type XpuRefusal,
  type XpuRow,
} from './values.ts'

/** The three tables of the first generation (R200, R300; runtime 4.x). It prints no power, no temperature. */
export interface FirstGeneration {
  readonly driverVersion: string | null
  readonly runtimeVersion: string | null
  readonly rows: readonly XpuRow[]
  readonly processes: ReadonlyMap<number, number> | null
  readonly unused: readonly string[]
}

export interface FirstGenerationReader {
  /** Takes one line; false when it is no line of these tables. */
  line(line: string): boolean
  finish(): FirstGeneration
}

const VERSION = /^(Runtime|Driver) Version:\s*(\S{1,64})\s*$/
const SECTION = /^\s*(?:DEVICES|VIDEO|PROCESSES)\s*$/
const USED: ReadonlySet<string> = new Set([
  'DevID',
  'PCI Addr',
  'Model',
  'SN',
  'INODE',
  'UseRate',
  'Memory',
  'DEC',
  'ENC',
  'PID',
])

interface State {
  driverVersion: string | null
  runtimeVersion: string | null
  header: readonly string[]
  readonly unused: Set<string>
  readonly devices: Map<number, XpuRow>
  readonly video: Map<number, Pick<XpuRow, 'decoderPercent' | 'encoderPercent'>>
  processes: Map<number, number> | null
  processCount: number
}

/** Reads the tables by the names in their headers, which start with `DevID`. */
export function createFirstGenerationReader(
  rejections: Rejections<XpuRefusal>,
): FirstGenerationReader {
  const state: State = {
    driverVersion: null,
    runtimeVersion: null,
    header: [],
    unused: new Set(),
    devices: new Map(),
    video: new Map(),
    processes: null,
    processCount: 0,
  }
  return {
    line: (line) => readLine(state, line, rejections),
    finish: () => ({
      driverVersion: state.driverVersion,
      runtimeVersion: state.runtimeVersion,
      rows: [...state.devices].map(([id, row]) => ({ ...row, ...state.video.get(id) })),
      processes: state.processes,
      unused: [...state.unused],
    }),
  }
}

function readLine(state: State, line: string, rejections: Rejections<XpuRefusal>): boolean {
  const version = VERSION.exec(line.trim())
  if (version !== null) {
    if (version[1] === 'Driver') state.driverVersion = version[2] ?? null
    else state.runtimeVersion = version[2] ?? null
    return true
  }
  if (SECTION.test(line)) {
    state.header = []
    return true
  }
  if (!line.trimStart().startsWith('|')) return false
  if (/^\s*\|\s*DevID\s*\|/.test(line)) {
    state.header = cellsOf(line) ?? []
    if (state.header.includes('PID')) state.processes ??= new Map()
    for (const name of state.header)
      if (!USED.has(name) && !state.header.includes('PID') && state.unused.size < 32)
        state.unused.add(name.slice(0, LIMITS.labelChars))
    return true
  }
  if (state.header.length === 0) return false
  readRow(state, line, rejections)
  return true
}

function readRow(state: State, line: string, rejections: Rejections<XpuRefusal>): void {
  const cells = cellsOf(line)
  if (cells === null) return rejections.add(line, 'cut_row')
  const isProcess = state.header.includes('PID')
  // A command line may hold bars of its own; it stands last.
  const fits = isProcess
    ? cells.length >= state.header.length
    : cells.length === state.header.length
  const values = new Map(state.header.map((name, at) => [name, cells[at] ?? '']))
  const id = idOrNull(values.get('DevID'))
  if (!fits || id === null) return rejections.add(line, 'column_count')
  if (isProcess) {
    state.processCount++
    const counts = (state.processes ??= new Map())
    if (state.processCount <= LIMITS.processes) counts.set(id, (counts.get(id) ?? 0) + 1)
  } else if (values.has('UseRate')) {
    if (state.devices.size >= LIMITS.devices) rejections.add(line, 'too_many_devices')
    else state.devices.set(id, deviceOf(id, values, cellReader(line, rejections)))
  } else if (state.video.size < LIMITS.devices)
    state.video.set(id, {
      decoderPercent: firstPercent(values.get('DEC')),
      encoderPercent: firstPercent(values.get('ENC')),
    })
}

/** `12 %, 30 fps, 800 MHz` -> 12. */
function firstPercent(cell: string | undefined): number | null {
  const first = (cell ?? '').split(',', 1)[0] ?? ''
  return first.includes('%') ? numberOrNull(first) : null
}

function deviceOf(index: number, values: ReadonlyMap<string, string>, cells: CellReader): XpuRow {
  const labels: Record<string, string> = {}
  const inode = values.get('INODE')
  if (!isMissing(inode)) labels['inode'] = (inode ?? '').slice(0, LIMITS.labelChars)
  return {
    ...EMPTY_ROW,
    index,
    name: (values.get('Model') ?? '').slice(0, LIMITS.labelChars),
    bus: busOrNull(values.get('PCI Addr')),
    serial: serialOrNull(values.get('SN')),
    utilPercent: cells.number(values.get('UseRate')),
    memory: cells.pair(values.get('Memory')),
    labels,
  }
}
