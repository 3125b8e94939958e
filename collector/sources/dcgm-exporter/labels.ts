import { normalBus, trustedUuid } from '../../vendors/nvidia-identity.ts'
import { LIMITS } from './limits.ts'
import { FACT_LABELS, LABEL_ROLES, type LabelRole } from './names.ts'
import { detach } from './rejects.ts'

/** Who the labels of a row name as the user of the device; empty strings where they say nothing. */
export interface PodLabels {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** One label text of a page, read once and shared by all rows that carry it. */
export interface LabelBlock {
  readonly text: string
  /** `gpu`: a GPU or MIG instance. `link`: of a GPU or NVSwitch. `other`: NVSwitch, Grace CPU: recognised. */
  readonly kind: 'gpu' | 'link' | 'other' | 'nobody'
  /** Null where it is missing or masked. */
  readonly uuid: string | null
  readonly index: number | null
  readonly bus: string | null
  readonly model: string | null
  readonly host: string | null
  /** MIG GPU instance id, or null for the board's own row. */
  readonly instance: string | null
  readonly profile: string | null
  /** From `pod`, `namespace`, `container` and their old names; null when they name nobody. */
  readonly plain: PodLabels | null
  /** From `exported_*`: behind Prometheus these are the workload and the plain ones the exporter. */
  readonly exported: PodLabels | null
  /** `nvlink/3` of the GPU named, or `nvswitch0/3`; null where the row is not about a link. */
  readonly link: string | null
  /** XID that the row counts, and over which window in ms; null where it counts none. */
  readonly xid: number | null
  readonly windowMs: number | null
  /** Job id of the exporter's HPC mapping; empty when there is none. */
  readonly job: string
  readonly facts: Readonly<Record<string, string>>
}

const QUOTE = 34
const EQUALS = 61
const COMMA = 44

const isBlank = (code: number) => code === 32 || code === 9

const isNameChar = (code: number) =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  code === 95 ||
  (code >= 48 && code <= 57)

/**
 * Reads the text between the braces of one row. Labels may be separated by `,`, `, ` or a blank, a
 * trailing comma is fine, and quotes inside a value need no escape: a quote ends a value only where the
 * text ends or another `name="` follows. Null when the text is not a list of labels.
 */
export function parseLabelBlock(text: string): LabelBlock | null {
  const own = detach(text)
  const seen = new Map<LabelRole, string>()
  const facts: Record<string, string> = {}
  let labels = 0
  let at = skipSeparators(own, 0)
  while (at < own.length) {
    const nameEnd = scanName(own, at)
    const open = skipBlanks(own, nameEnd)
    if (nameEnd === at || own.charCodeAt(open) !== EQUALS) return null
    const quote = skipBlanks(own, open + 1)
    if (own.charCodeAt(quote) !== QUOTE || ++labels > LIMITS.labelsPerRow) return null
    const close = closingQuote(own, quote + 1)
    if (close < 0) return null
    keepLabel(own.slice(at, nameEnd), own.slice(quote + 1, close), seen, facts)
    at = skipSeparators(own, close + 1)
  }
  return labels === 0 ? null : toBlock(own, seen, facts)
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

function skipSeparators(text: string, from: number): number {
  let at = from
  while (at < text.length && (isBlank(text.charCodeAt(at)) || text.charCodeAt(at) === COMMA)) at++
  return at
}

function scanName(text: string, from: number): number {
  let at = from
  while (at < text.length && isNameChar(text.charCodeAt(at))) at++
  return at
}

/** Position of the quote that ends the value starting at `from`, or -1. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  // Looking ahead from every quote is linear per quote at worst in the name that follows it.
  while (at >= 0) {
    if (endsValue(text, at + 1)) return at
    at = text.indexOf('"', at + 1)
  }
  return -1
}

function endsValue(text: string, after: number): boolean {
  const next = skipSeparators(text, after)
  if (next >= text.length) return true
  if (next === after) return false
  const nameEnd = scanName(text, next)
  if (nameEnd === next) return false
  const equals = skipBlanks(text, nameEnd)
  return (
    text.charCodeAt(equals) === EQUALS && text.charCodeAt(skipBlanks(text, equals + 1)) === QUOTE
  )
}

function keepLabel(
  name: string,
  raw: string,
  seen: Map<LabelRole, string>,
  facts: Record<string, string>,
): void {
  const key = name.toLowerCase()
  const role = LABEL_ROLES.get(key)
  const fact = role === undefined ? FACT_LABELS.get(key) : undefined
  if (role === undefined && fact === undefined) return
  const value = cleanLabelValue(raw)
  if (value === '') return
  if (role !== undefined && !seen.has(role)) seen.set(role, value)
  if (fact !== undefined) keepFact(fact, value, facts)
}

function keepFact(fact: string, raw: string, facts: Record<string, string>): void {
  const value = fact === 'cuda_version' ? cudaVersion(raw) : raw
  // Serial numbers are digits; what people put over them to mask them is not.
  const isMasked = fact === 'serial' && !/[1-9]/.test(value)
  if (!isMasked) facts[fact] ??= value
}

/** DCGM prints 12040 for CUDA 12.4. */
function cudaVersion(raw: string): string {
  const number = /^\d{4,6}$/.test(raw) ? Number(raw) : null
  return number === null ? raw : `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`
}

/** Unescaped, without control characters, bounded; empty for DCGM's words that mean "no value". */
export function cleanLabelValue(raw: string): string {
  const plain = raw.includes('\\') ? raw.replaceAll(/\\([\\"])/g, '$1') : raw
  const printable = hasControl(plain) ? plain.replaceAll(/\p{Cc}/gu, ' ') : plain
  const value = printable.trim().slice(0, LIMITS.text)
  const isWordForMissing =
    (value.startsWith('<<<') && value.endsWith('>>>')) ||
    value === 'N/A' ||
    value === '[N/A]' ||
    value.startsWith('ERROR - FAILED TO CONVERT')
  return isWordForMissing ? '' : value
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 32 || code === 127) return true
  }
  return false
}

function toBlock(
  text: string,
  seen: ReadonlyMap<LabelRole, string>,
  facts: Record<string, string>,
): LabelBlock {
  const uuid = trustedUuid(seen.get('uuid'))
  const index = indexOrNull(seen.get('gpu'))
  const bus = normalBus(seen.get('bus'))
  const named = uuid !== null || index !== null || bus !== null
  const link = linkOf(seen)
  const isPart = seen.has('nvlink') || seen.has('nvswitch')
  const isCpu = !named && (seen.has('cpu') || seen.has('cpucore'))
  return {
    text,
    kind: link !== null ? 'link' : isPart || isCpu ? 'other' : named ? 'gpu' : 'nobody',
    uuid,
    index,
    bus,
    model: seen.get('model') ?? null,
    host: seen.get('host') ?? null,
    instance: seen.get('instance') ?? null,
    profile: seen.get('profile') ?? null,
    plain: podLabels(seen.get('namespace'), seen.get('pod'), seen.get('container')),
    exported: podLabels(
      seen.get('exported_namespace'),
      seen.get('exported_pod'),
      seen.get('exported_container'),
    ),
    link,
    xid: wholeOrNull(seen.get('xid')),
    windowMs: wholeOrNull(seen.get('window')),
    job: seen.get('job') ?? '',
    facts,
  }
}

/** Null where there is no link, or a number that is none. */
function linkOf(seen: ReadonlyMap<LabelRole, string>): string | null {
  const number = /^(?:nvlink)?(\d{1,4})$/i.exec(seen.get('nvlink') ?? '')?.[1]
  const nvswitch = seen.get('nvswitch')
  if (number === undefined) return null
  if (nvswitch === undefined) return `nvlink/${Number(number)}`
  return /^[\w.:-]{1,64}$/.test(nvswitch) ? `${nvswitch}/${Number(number)}` : null
}

function wholeOrNull(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null
}

function podLabels(namespace = '', pod = '', container = ''): PodLabels | null {
  return namespace === '' && pod === '' && container === '' ? null : { namespace, pod, container }
}

function indexOrNull(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : null
}
