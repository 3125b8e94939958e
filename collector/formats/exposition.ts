import { TEXT_LIMITS } from './text-lines.ts'

/** One sample of a Prometheus text page, as printed. */
export interface ExpositionRow {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Finite; a row with NaN or an infinity has null: the exporter had nothing to say. */
  readonly value: number | null
  /** Event time the exporter put behind the value, epoch ms; null without one. */
  readonly timestampMs: number | null
  readonly line: string
}

export type ExpositionRefusal =
  | 'too_many_bytes'
  | 'line_too_long'
  | 'series_limit'
  | 'not_a_sample'
  | 'bad_labels'
  | 'text_value'

export interface ExpositionPage {
  readonly rows: readonly ExpositionRow[]
  /** Metric names with a HELP line -> its text. TYPE lines are no evidence and are not kept. */
  readonly help: ReadonlyMap<string, string>
}

/** Series one page may bring; an exporter for 16 devices prints about 3,000. */
const SERIES = 50_000
const LINE_CHARS = 16_384
const LABELS = 128

const NAME = /[A-Za-z_:][\w:]*/y
const LABEL = /[\s,]*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/y
const TAIL = /^\s*(\S+)(?:\s+(-?\d{1,16}))?\s*$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/
const NOTHING = /^[+-]?(?:nan|inf|infinity)$/i

/**
 * Reads a Prometheus text page line by line, tolerantly: one bad line costs one line, handed to `refuse`.
 * Never throws, whatever the bytes; never believes HELP or TYPE.
 */
export function parseExposition(
  bytes: Uint8Array,
  refuse: (line: string, reason: ExpositionRefusal) => void,
): ExpositionPage {
  if (bytes.length > TEXT_LIMITS.bytes)
    refuse(`${bytes.length} bytes, read ${TEXT_LIMITS.bytes}`, 'too_many_bytes')
  const text = new TextDecoder().decode(bytes.subarray(0, TEXT_LIMITS.bytes))
  const rows: ExpositionRow[] = []
  const help = new Map<string, string>()
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const line = text.slice(start, Math.min(end, start + LINE_CHARS + 1)).trim()
    start = end + 1
    if (line === '' || /^\.+$/.test(line)) continue
    if (line.length > LINE_CHARS) refuse(line, 'line_too_long')
    else if (line.startsWith('#')) noteHelp(line, help)
    else if (rows.length >= SERIES) refuse(line, 'series_limit')
    else {
      const row = parseRow(line)
      if (typeof row === 'string') refuse(line, row)
      else rows.push(row)
    }
  }
  return { rows, help }
}

function noteHelp(line: string, help: Map<string, string>): void {
  const match = /^#\s*HELP\s+(\S+)\s?(.*)$/.exec(line)
  if (match?.[1] !== undefined && help.size < SERIES) help.set(match[1], match[2] ?? '')
}

function parseRow(line: string): ExpositionRow | ExpositionRefusal {
  NAME.lastIndex = 0
  const name = NAME.exec(line)?.[0]
  if (name === undefined) return 'not_a_sample'
  let at = name.length
  while (line[at] === ' ' || line[at] === '\t') at += 1
  const labels: Record<string, string> = {}
  const hasLabels = line[at] === '{'
  if (hasLabels) {
    const after = readLabels(line, at + 1, labels)
    if (after === null) return 'bad_labels'
    at = after
  }
  const tail = TAIL.exec(line.slice(at))
  const printed = tail?.[1]
  // A word and another word are prose, not a sample whose value went wrong.
  const refusal = hasLabels ? 'text_value' : 'not_a_sample'
  if (printed === undefined) return refusal
  const isNumber = NUMBER.test(printed)
  if (!isNumber && !NOTHING.test(printed)) return refusal
  const number = isNumber ? Number(printed) : Number.NaN
  return {
    name,
    labels,
    value: Number.isFinite(number) ? number : null,
    timestampMs: tail?.[2] === undefined ? null : Number(tail[2]),
    line,
  }
}

/** Fills `labels` from behind the opening brace; returns the position behind the closing one, or null. */
function readLabels(line: string, from: number, labels: Record<string, string>): number | null {
  let at = from
  for (let count = 0; count <= LABELS; count += 1) {
    LABEL.lastIndex = at
    const match = LABEL.exec(line)
    if (match === null) break
    at = LABEL.lastIndex
    const [, key = '', value = ''] = match
    if (key !== '__proto__') labels[key] = value.includes('\\') ? unescaped(value) : value
  }
  const close = /^[\s,]*\}/.exec(line.slice(at))
  return close === null ? null : at + close[0].length
}

const unescaped = (value: string) =>
  value.replaceAll(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char))
