import type { Rejections } from '../../formats/rejections.ts'
import { busOrNull, LIMITS, numberOrNull, type RejectReason } from './lines.ts'
import type { BoxCell } from './map.ts'

/** One card as the box prints it: two lines. */
export interface BoxCard {
  readonly card: number
  /** Virtual function; null for the card itself (`/`). */
  readonly vf: number | null
  readonly name: string
  readonly firmware: string | null
  readonly bus: string | null
  /** Driver of this card where the box prints it per card (4.20). */
  readonly driver: string | null
  /** `On` or `Off`; null where the box does not print it. */
  readonly inited: string | null
  readonly cells: Map<BoxCell, number | null>
  /** FULL, MIM, sMLU where the box prints it. */
  mode: string | null
  computeMode: string | null
  hasVirtualMemory: boolean
  complete: boolean
  readonly line: string
}

export interface Box {
  readonly toolVersion: string | null
  readonly driverVersion: string | null
  readonly cards: readonly BoxCard[]
  /** Rows of the process box, by card. */
  readonly processes: readonly { readonly card: number; readonly vf: string }[]
  readonly hasProcessBox: boolean
  /** The box says itself that nobody runs. */
  readonly saysNoProcesses: boolean
  /** Something of the box was there, cards or not. */
  readonly isBox: boolean
}

interface Draft {
  readonly cards: BoxCard[]
  readonly processes: { readonly card: number; readonly vf: string }[]
  toolVersion: string | null
  driverVersion: string | null
  headers: { first: readonly string[]; second: readonly string[] }
  hasProcessBox: boolean
  saysNoProcesses: boolean
  isBox: boolean
}

type Refuse = Rejections<RejectReason>

/** Reads the lines of a `cnmon` box; those that are no part of it go to `other`. Never throws. */
export function parseBox(
  lines: readonly string[],
  rejections: Refuse,
  other: (line: string) => void,
): Box {
  const draft: Draft = {
    cards: [],
    processes: [],
    toolVersion: null,
    driverVersion: null,
    headers: { first: [], second: [] },
    hasProcessBox: false,
    saysNoProcesses: false,
    isBox: false,
  }
  for (const line of lines) {
    const text = line.trim()
    // Borders carry no information.
    if (text === '' || /^[+|][-=+|]*$/.test(text) || TIMESTAMP.test(text)) continue
    if (!text.startsWith('|')) other(text)
    else takeRow(draft, text, rejections)
  }
  for (const card of draft.cards)
    if (!card.complete) rejections.add(card.line, 'line_1_without_line_2')
  return draft
}

/** `Wed Nov  8 16:16:45 2023`: newer tools print it first. */
const TIMESTAMP = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

function takeRow(draft: Draft, text: string, rejections: Refuse): void {
  const cells = text
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .map((cell) => cell.trim())
  const [first = ''] = cells
  if (cells.length === 1) takeWideRow(draft, first, text, rejections)
  else if (/^Card\s+VF\b/i.test(first)) draft.headers = { ...draft.headers, first: cells }
  else if (/^Fan\s+Temp\b/i.test(first)) draft.headers = { ...draft.headers, second: cells }
  else if (LINE_1.test(first)) takeFirstLine(draft, cells, text, rejections)
  else if (LINE_2.test(first)) takeSecondLine(draft, cells, text, rejections)
  else rejections.add(text, 'unrecognised_row')
}

/** Title, and everything of the process box. */
function takeWideRow(draft: Draft, cell: string, text: string, rejections: Refuse): void {
  const title = /^CNMON\s+v?(\S{1,32})(?:\s+Driver\s+v?(\S{1,32}))?$/i.exec(cell)
  if (title !== null) {
    draft.isBox = true
    draft.toolVersion = title[1] ?? null
    draft.driverVersion = title[2] ?? null
  } else if (/^Processes:?$/i.test(cell)) draft.hasProcessBox = true
  else if (/^No running processes found/i.test(cell)) {
    draft.hasProcessBox = true
    draft.saysNoProcesses = true
  } else if (/^Card\s+(?:VF|MI)\s+PID\b/i.test(cell)) draft.hasProcessBox = true
  else if (draft.hasProcessBox) takeProcess(draft, cell, text, rejections)
  else rejections.add(text, 'unrecognised_row')
}

function takeProcess(draft: Draft, cell: string, text: string, rejections: Refuse): void {
  const match = /^(\d{1,4})\s+(\S{1,16})\s+\d{1,10}\b/.exec(cell)
  if (match === null) rejections.add(text, 'unrecognised_row')
  else if (draft.processes.length < LIMITS.processes)
    draft.processes.push({ card: Number(match[1]), vf: match[2] ?? '/' })
}

/** Card, VF, name, firmware. */
const LINE_1 = /^(\d{1,4})\s+(\/|-|\d{1,3})\s+(\S.*)$/
/** Fan and temperature: `0%   32C`, `N/A  32C`. */
const LINE_2 = /^(?:-?\d+\s*%|N\/A|-|\/)\s+(?:-?\d+\s*C|N\/A|-)(?:\s|$)/i

function takeFirstLine(
  draft: Draft,
  cells: readonly string[],
  line: string,
  rejections: Refuse,
): void {
  const match = LINE_1.exec(cells[0] ?? '')
  if (match === null) return
  draft.isBox = true
  if (draft.cards.length >= LIMITS.cards) {
    rejections.add(line, 'too_many_cards')
    return
  }
  const words = (match[3] ?? '').split(/\s+/)
  const last = words.at(-1) ?? ''
  const hasFirmware = words.length > 1 && (/^v?\d[\w.]*$/.test(last) || last === 'N/A')
  const name = (hasFirmware ? words.slice(0, -1) : words).join(' ')
  const middle = (cells[1] ?? '').split(/\s+/)
  const bus = middle.map(busOrNull).find((found) => found !== null) ?? null
  const inited = middle.find((word) => /^(?:On|Off)$/i.test(word)) ?? null
  const [util = '', ecc] = (cells[2] ?? '').split(/\s+/)
  draft.cards.push({
    card: Number(match[1]),
    vf: numberOrNull(match[2]),
    name,
    firmware: hasFirmware && last !== 'N/A' ? last : null,
    bus,
    driver: inited === null ? null : (middle.find((word) => /^v?\d+\.\d/.test(word)) ?? null),
    inited,
    cells: new Map<BoxCell, number | null>([
      ['util_percent', unit(util, '%', line, rejections)],
      ['ecc_errors', numberOrNull(ecc)],
    ]),
    mode: null,
    computeMode: null,
    hasVirtualMemory: false,
    complete: false,
    line,
  })
}

function takeSecondLine(
  draft: Draft,
  cells: readonly string[],
  line: string,
  rejections: Refuse,
): void {
  const card = draft.cards.at(-1)
  if (card === undefined || card.complete) {
    rejections.add(line, 'line_2_without_line_1')
    return
  }
  card.complete = true
  const [first = '', memory = '', last = ''] = cells
  const [fan = '', temperature = '', ...power] = first.split(/\s+/).reduce(gluedUnits, [])
  const [watts = '', cap = ''] = power.join('').split('/')
  card.cells.set('fan_percent', unit(fan, '%', line, rejections))
  card.cells.set('temperature_celsius', unit(temperature, 'C', line, rejections))
  card.cells.set('power_watts', unit(watts, 'W', line, rejections))
  card.cells.set('power_cap_watts', unit(cap, 'W', line, rejections))
  const [used = '', total = ''] = memory.replaceAll(/\s+/g, '').split('/')
  card.cells.set('memory_used_mib', unit(used, 'M(?:i)?B', line, rejections))
  card.cells.set('memory_total_mib', unit(total, 'M(?:i)?B', line, rejections))
  takeLastCell(card, last, draft.headers.second[2] ?? null)
}

/** `131`, `W/` -> `131W/`: a unit behind a blank belongs to the number before it. */
function gluedUnits(words: string[], word: string): string[] {
  const last = words.length - 1
  if (last >= 0 && /^[%CW](?:\W|$)/i.test(word)) words[last] = `${words[last] ?? ''}${word}`
  else words.push(word)
  return words
}

/** Which column it is, the header says; a pasted fragment without one is told by its shape. */
function takeLastCell(card: BoxCard, cell: string, header: string | null): void {
  const isVirtualMemory = header === null ? /MiB/i.test(cell) : /vMemory/i.test(header)
  if (isVirtualMemory) {
    card.hasVirtualMemory = true
    return
  }
  const [mode = '', computeMode = ''] = cell.split(/\s+/)
  const isModeColumn = header === null ? /^(?:FULL|MIM|sMLU)$/i.test(mode) : /^Mode\b/i.test(header)
  card.mode = isModeColumn && mode !== 'N/A' ? mode : null
  card.computeMode = computeMode === '' || computeMode === 'N/A' ? null : computeMode
}

/** A number with its unit glued on; empty and `N/A` are null, anything else is counted. */
function unit(text: string, suffix: string, line: string, rejections: Refuse): number | null {
  if (/^(?:N\/?A|N|A|-|\/|x+)?$/i.test(text)) return null
  const value = numberOrNull(text.replace(new RegExp(`${suffix}$`, 'i'), ''))
  if (value === null) rejections.add(line, 'not_a_number')
  return value
}
