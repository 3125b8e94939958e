import { parseLabelBlock, type LabelBlock } from './labels.ts'
import { LIMITS } from './limits.ts'
import { LINK_FIELD_BY_NAME, type LinkField } from './link-map.ts'
import { FIELDS } from './map.ts'
import { detach, type RejectReason, type Rejects } from './rejects.ts'
import { STATED_FIELDS, type StatedField } from './stated.ts'

/** A row outside the columns of devices: of a link, or of something that is stated as an event. */
export interface ExtraRow<Field> {
  readonly field: Field
  readonly owner: number
  /** Native; NaN where it is missing. */
  readonly value: number
  readonly start: number
  readonly end: number
}

/**
 * A page as columns: row i holds field `fields[i]` of label block `owners[i]`. Values are native; NaN
 * stands for a value that is missing. Only rows of fields that have a canonical metric are kept.
 */
export interface Page {
  readonly text: string
  readonly blocks: readonly LabelBlock[]
  readonly fields: readonly number[]
  readonly owners: readonly number[]
  readonly values: readonly number[]
  /** Where the row stands in `text`, for examples of refused values. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly links: readonly ExtraRow<LinkField>[]
  readonly stated: readonly ExtraRow<StatedField>[]
  /** DCGM field names without a canonical metric, and rows that are not about a GPU. */
  readonly ignored: ReadonlySet<string>
  /** Lines that read as DCGM's, good or bad, and lines of anything else. */
  readonly dcgmLines: number
  readonly otherLines: number
}

const HASH = 35
const DOT = 46
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const CARRIAGE_RETURN = 13

const FIELD_BY_NAME: ReadonlyMap<string, number> = new Map(
  FIELDS.map((field, index) => [field.name, index]),
)
const UNMAPPED = -1
const FOREIGN = -2
/** Cached answers for a label text: an index into blocks, or one of these. */
const BAD_LABELS = -1
const NOBODY = -2
const TOO_MANY = -3
const MERGED = -4

const isBlank = (code: number) => code === 32 || code === 9 || code === CARRIAGE_RETURN
const isNameChar = (code: number) =>
  (code >= 65 && code <= 90) ||
  (code >= 97 && code <= 122) ||
  code === 95 ||
  code === 58 ||
  (code >= 48 && code <= 57)

interface Scan {
  readonly text: string
  readonly rejects: Rejects
  readonly blocks: LabelBlock[]
  readonly blockByText: Map<string, number>
  /** Blocks with at least one row that could be read. */
  readonly carried: Set<number>
  readonly fields: number[]
  readonly owners: number[]
  readonly values: number[]
  readonly starts: number[]
  readonly ends: number[]
  readonly links: ExtraRow<LinkField>[]
  readonly stated: ExtraRow<StatedField>[]
  readonly ignored: Set<string>
  dcgmLines: number
  otherLines: number
  /** Rows of one field follow each other: the name of the row before is tried first. */
  lastName: string
  lastField: number
  /** The line at hand is the last one and has no newline: it may have been cut. */
  unterminated: boolean
}

/** Reads a whole exporter page in one pass. Every bad line costs one line: refused, counted, kept as example. */
export function scanPage(text: string, rejects: Rejects): Page {
  const scan: Scan = {
    text,
    rejects,
    blocks: [],
    blockByText: new Map(),
    carried: new Set(),
    fields: [],
    owners: [],
    values: [],
    starts: [],
    ends: [],
    links: [],
    stated: [],
    ignored: new Set(),
    dcgmLines: 0,
    otherLines: 0,
    lastName: '',
    lastField: FOREIGN,
    unterminated: false,
  }
  let at = 0
  while (at < text.length) {
    const newline = text.indexOf('\n', at)
    const next = newline < 0 ? text.length : newline
    scan.unterminated = newline < 0
    let start = at
    let end = next
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--
    while (start < end && isBlank(text.charCodeAt(start))) start++
    at = next + 1
    if (start < end) scanLine(scan, start, end)
  }
  return { ...scan, blocks: credibleBlocks(scan) }
}

/**
 * On a page with values the labels of a line without one may be damaged: its broken host name would make two GPUs
 * of one. A page without any value still names its devices.
 */
function credibleBlocks({ blocks, carried }: Scan): readonly LabelBlock[] {
  if (carried.size === 0) return blocks
  return blocks.map((block, at) => (carried.has(at) ? block : { ...block, kind: 'nobody' }))
}

function scanLine(scan: Scan, start: number, end: number): void {
  const { text } = scan
  const first = text.charCodeAt(start)
  if (first === HASH) {
    // `# HELP NAME`, `# TYPE NAME`: free text that proves only who wrote the page.
    if (text.startsWith('DCGM_', start + 7)) scan.dcgmLines++
    return
  }
  if (first === DOT && end - start <= 5 && /^\.+$/.test(text.slice(start, end))) return
  if (end - start > LIMITS.lineChars) return refuse(scan, 'line_too_long', start, end)
  const nameEnd = readName(scan, start, end)
  const field = scan.lastField
  if (nameEnd === start) {
    scan.otherLines++
    return refuse(scan, 'not_a_sample', start, end)
  }
  if (field === FOREIGN) scan.otherLines++
  else scan.dcgmLines++
  let at = nameEnd
  while (at < end && isBlank(text.charCodeAt(at))) at++
  if (text.charCodeAt(at) !== OPEN_BRACE || at >= end) {
    return scanUnlabelled(scan, start, at, end)
  }
  const close = lastBrace(text, at, end)
  if (close < 0) return refuse(scan, 'bad_labels', start, end)
  // Another program's labels may name a GPU too; they make no device here.
  if (field === FOREIGN) return ignore(scan)
  scanValue(scan, blockOf(scan, at + 1, close), close + 1, start, end)
}

/** Sets lastName and lastField to the name that starts the line; returns where it ends. */
function readName(scan: Scan, start: number, end: number): number {
  const { text, lastName } = scan
  const sameEnd = start + lastName.length
  if (
    lastName !== '' &&
    sameEnd < end &&
    !isNameChar(text.charCodeAt(sameEnd)) &&
    text.startsWith(lastName, start)
  ) {
    return sameEnd
  }
  let at = start
  while (at < end && isNameChar(text.charCodeAt(at))) at++
  const name = text.slice(start, at)
  scan.lastName = name
  scan.lastField = FIELD_BY_NAME.get(name) ?? (name.startsWith('DCGM_') ? UNMAPPED : FOREIGN)
  return at
}

function lastBrace(text: string, open: number, end: number): number {
  let at = end - 1
  while (at > open && text.charCodeAt(at) !== CLOSE_BRACE) at--
  return at > open ? at : -1
}

/** A row without braces: no device can be told. Other programs' samples are listed, prose is refused. */
function scanUnlabelled(scan: Scan, start: number, valueStart: number, end: number): void {
  if (scan.lastField !== FOREIGN) return refuse(scan, 'no_identity', start, end)
  if (Number.isNaN(numberAt(scan.text, valueStart, end))) {
    return refuse(scan, 'not_a_sample', start, end)
  }
  ignore(scan)
}

function blockOf(scan: Scan, from: number, to: number): number {
  const key = scan.text.slice(from, to)
  const known = scan.blockByText.get(key)
  if (known !== undefined) return known
  const index = scan.blocks.length >= LIMITS.blocks ? TOO_MANY : newBlock(scan, key)
  if (index !== TOO_MANY) scan.blockByText.set(key, index)
  return index
}

/** A closed block; an escaped quote closes none. */
const CLOSED = /(?:^|[^\\])"\}/

function newBlock(scan: Scan, key: string): number {
  // A closed brace inside: two lines became one, and their labels would name a device nobody has.
  if (CLOSED.test(key)) return MERGED
  const block = parseLabelBlock(key)
  if (block === null) return BAD_LABELS
  if (block.kind === 'nobody') return NOBODY
  return scan.blocks.push(block) - 1
}

function scanValue(scan: Scan, block: number, from: number, start: number, end: number): void {
  const field = scan.lastField
  if (block === BAD_LABELS) return refuse(scan, 'bad_labels', start, end)
  if (block === MERGED) return refuse(scan, 'merged_lines', start, end)
  if (block === TOO_MANY) return refuse(scan, 'series_limit', start, end)
  const value = numberAt(scan.text, from, end)
  const missing = Number.isNaN(value) ? whyMissing(scan.text.slice(from, end)) : null
  if (missing === 'no_value' || missing === 'text_value') return refuse(scan, missing, start, end)
  scan.carried.add(block)
  const kind = scan.blocks[block]?.kind
  if (kind === 'link' || (field < 0 && kind === 'gpu')) {
    const row = { owner: block, value, start, end }
    return keepExtra(scan, kind === 'link', row, missing)
  }
  if (field < 0 || kind === 'other') return ignore(scan)
  if (block === NOBODY) return refuse(scan, 'no_identity', start, end)
  if (scan.fields.length >= LIMITS.series) return refuse(scan, 'series_limit', start, end)
  if (missing !== null) refuse(scan, missing, start, end)
  scan.fields.push(field)
  scan.owners.push(block)
  scan.values.push(value)
  scan.starts.push(start)
  scan.ends.push(end)
}

/** Keeps a row of a link, or one that is stated as an event; lists it where its field is not read there. */
function keepExtra(
  scan: Scan,
  isLink: boolean,
  row: Omit<ExtraRow<never>, 'field'>,
  missing: RejectReason | null,
): void {
  const link = isLink ? LINK_FIELD_BY_NAME.get(scan.lastName) : undefined
  const stated = isLink ? undefined : STATED_FIELDS.get(scan.lastName)
  if (link === undefined && stated === undefined) return ignore(scan)
  const kept = isLink ? scan.links : scan.stated
  if (kept.length >= LIMITS.extraRows) return refuse(scan, 'series_limit', row.start, row.end)
  if (missing !== null) refuse(scan, missing, row.start, row.end)
  if (link !== undefined) scan.links.push({ ...row, field: link })
  if (stated !== undefined) scan.stated.push({ ...row, field: stated })
}

/** A finite number, optionally followed by a Prometheus timestamp; NaN for everything else. */
function numberAt(text: string, from: number, end: number): number {
  let start = from
  while (start < end && isBlank(text.charCodeAt(start))) start++
  let stop = start
  while (stop < end && isNumberChar(text.charCodeAt(stop))) stop++
  if (stop === start) return NaN
  if (stop < end && !/^[ \t]+-?\d{1,16}$/.test(text.slice(stop, end))) return NaN
  const value = Number(text.slice(start, stop))
  return Number.isFinite(value) ? value : NaN
}

/** Digits, sign, point, exponent: keeps `0x10` and `Infinity` away from Number(). */
const isNumberChar = (code: number) =>
  (code >= 48 && code <= 57) || code === 46 || code === 45 || code === 43 || (code | 32) === 101

function whyMissing(raw: string): 'no_value' | 'not_a_number' | 'blank_sentinel' | 'text_value' {
  const text = raw.trim()
  if (text === '') return 'no_value'
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return 'not_a_number'
  if (/^<<<\w+>>>$/.test(text) || /^\[?N\/A\]?$/.test(text)) return 'blank_sentinel'
  return 'text_value'
}

function ignore(scan: Scan): void {
  if (scan.ignored.size < LIMITS.ignoredSeen && !scan.ignored.has(scan.lastName)) {
    scan.ignored.add(detach(scan.lastName.slice(0, LIMITS.text)))
  }
}

function refuse(scan: Scan, reason: RejectReason, start: number, end: number): void {
  const isCut = scan.unterminated && scan.dcgmLines > 0 && CUT_SYMPTOMS.has(reason)
  scan.rejects.add(isCut ? 'cut_line' : reason, scan.text, start, end)
}

/** How a line that lost its tail looks. */
const CUT_SYMPTOMS: ReadonlySet<RejectReason> = new Set([
  'not_a_sample',
  'bad_labels',
  'no_identity',
  'no_value',
])
