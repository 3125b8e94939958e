import type { SnmpVariable } from '../../field-io.ts'
import { readOid } from '../../formats/oid.ts'
import { detached, type Rejections } from '../../formats/rejections.ts'
import type { Refusal } from './map.ts'

/** A whole walk of a PDU with 54 outlets has about 5,000 lines. */
const LINES_MAX = 100_000
const LINE_CHARS = 4096

/**
 * The variables in the text of `snmpwalk -On` or `-ObentU`, also of a bulk walk with several roots; pure and never throws.
 * Lines that are no variable are refused and counted.
 */
export function parseWalk(text: string, rejections: Rejections<Refusal>): SnmpVariable[] {
  const variables: SnmpVariable[] = []
  const lines = text.split(/\r?\n/)
  if (lines.length > LINES_MAX) rejections.add(`${lines.length} lines`, 'too_many_lines')
  for (const line of joined(lines.slice(0, LINES_MAX))) {
    if (line.trim() === '' || NO_VARIABLE.test(line)) continue
    if (line.length > LINE_CHARS) {
      rejections.add(line, 'line_too_long')
      continue
    }
    const at = line.indexOf(' =')
    const oid = at < 0 ? null : readOid(line.slice(0, at))
    if (oid === null) {
      rejections.add(line, 'no_oid')
      continue
    }
    const value = readValue(line.slice(at + 2).trim())
    if (value === null) rejections.add(line, 'no_value')
    else variables.push({ oid: detached(oid), value })
  }
  return variables
}

/** What snmpwalk says around the values, and comments of captures. */
const NO_VARIABLE = /^\s*#|^Timeout: |^No Response|No more variables left in this MIB View/

/** Hex strings are broken into lines of 16 bytes, texts at their own line ends: such lines belong to the one before. */
function joined(lines: readonly string[]): string[] {
  const whole: string[] = []
  for (const line of lines) {
    const before = whole.at(-1)
    const isOpen = before !== undefined && before.length < LINE_CHARS && continues(before, line)
    if (isOpen) whole[whole.length - 1] = `${before}\n${line}`
    else whole.push(line)
  }
  return whole
}

function continues(before: string, line: string): boolean {
  if (/= (?:Hex-STRING|Opaque|BITS): /.test(before))
    return /^\s*([0-9A-Fa-f]{2}\s+)*[0-9A-Fa-f]{2}\s*$/.test(line)
  const text = /= (?:STRING: )?"([^]*)$/.exec(before)?.[1]
  return text !== undefined && !/(?:^|[^\\])"\s*$/.test(text)
}

type Value = SnmpVariable['value']

const NONE: Value = { kind: 'none' }
const NUMBER_KINDS: Readonly<Record<string, 'integer' | 'counter32' | 'gauge32'>> = {
  INTEGER: 'integer',
  Integer32: 'integer',
  Gauge32: 'gauge32',
  Unsigned32: 'gauge32',
  UInteger32: 'gauge32',
  Counter32: 'counter32',
}

function readValue(text: string): Value | null {
  if (text === '' || text === '""') return { kind: 'text', text: '' }
  if (/^No Such (?:Object|Instance)|^NULL$|^Wrong Type/i.test(text)) return NONE
  // -Ot prints the ticks and nothing else.
  if (/^\d{1,10}$/.test(text)) return { kind: 'timeticks', number: Number(text) }
  const match = /^([A-Za-z][\w-]*):\s?([^]*)$/.exec(text)
  if (match === null) return quoted(text)
  const [, type = '', rest = ''] = match
  const kind = NUMBER_KINDS[type]
  if (kind !== undefined) {
    const number = integerIn(rest)
    return number === null ? null : { kind, number }
  }
  return readOther(type, rest)
}

function readOther(type: string, rest: string): Value | null {
  if (type === 'Counter64') {
    const digits = /^\d{1,20}/.exec(rest)?.[0]
    return digits === undefined ? null : { kind: 'counter64', number: BigInt(digits) }
  }
  if (type === 'Timeticks') {
    const ticks = /^\((\d{1,10})\)/.exec(rest)?.[1]
    return ticks === undefined ? null : { kind: 'timeticks', number: Number(ticks) }
  }
  if (type === 'OID') {
    const oid = readOid(rest)
    return oid === null ? { kind: 'text', text: rest } : { kind: 'oid', text: oid }
  }
  if (type === 'Hex-STRING') return bytesIn(rest)
  if (type === 'Opaque') return { kind: 'text', text: rest.replace(/^(?:Float|Double): /, '') }
  if (type === 'STRING') return quoted(rest) ?? { kind: 'text', text: detached(rest) }
  if (type === 'IpAddress' || type === 'Network Address' || type === 'BITS')
    return { kind: 'text', text: detached(rest) }
  return null
}

function quoted(text: string): Value | null {
  const inside = /^"([^]*)"$/.exec(text)?.[1]
  return inside === undefined
    ? null
    : { kind: 'text', text: detached(inside.replaceAll(/\\(["\\])/g, '$1')) }
}

/** `230`, `230 volts`, `normal(4)`. */
function integerIn(text: string): number | null {
  const digits = /^(-?\d{1,10})(?:\s|$)/.exec(text)?.[1] ?? /\((-?\d{1,10})\)\s*$/.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

function bytesIn(text: string): Value | null {
  const pairs = text.match(/[0-9A-Fa-f]{2}/g) ?? []
  if (!/^(?:[0-9A-Fa-f]{2}\s*)*$/.test(text)) return null
  return { kind: 'bytes', bytes: Uint8Array.from(pairs.map((pair) => Number.parseInt(pair, 16))) }
}
