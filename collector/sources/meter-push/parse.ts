import type { MeterReading } from '#schemas/reading.ts'
import { createTableReader, type TableRefusal } from '../../formats/meter-table.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import { PushedReading, type PushWords, readingOf, type ReadingRefusal } from './map.ts'

/** Why a reading, or a line, was refused. */
export type Refusal = ReadingRefusal | TableRefusal | 'bad_reading' | 'too_old' | 'in_future'

/** Readings of one push. */
export const READINGS_MAX = 4096

/** What a body holds. */
export interface PushedBody {
  readonly meters: readonly MeterReading[]
  readonly rejections: Rejections<Refusal>
}

export type BodyKind = 'json' | 'csv'

/** The readings in a body, or one sentence about why it is none. Pure; never throws. */
export function parseBody(
  bytes: Uint8Array,
  kind: BodyKind,
  words: PushWords,
): PushedBody | string {
  const text = new TextDecoder().decode(bytes).replace(/^\uFEFF/, '')
  if (text.trim() === '') return 'the body is empty'
  const rejections = createRejections<Refusal>()
  const meters =
    kind === 'csv' ? readTable(text, words, rejections) : readJson(text, words, rejections)
  if (typeof meters === 'string') return meters
  if (meters.length > READINGS_MAX)
    return `the body has more than ${READINGS_MAX} readings; send it in parts`
  return { meters, rejections }
}

function readTable(
  text: string,
  words: PushWords,
  rejections: Rejections<Refusal>,
): MeterReading[] | string {
  const [header = '', ...lines] = text.split(/\r?\n/)
  if (lines.length > READINGS_MAX + 1)
    return `the table has more than ${READINGS_MAX} rows; send it in parts`
  const reader = createTableReader(header, {
    delimiter: null,
    decimal: '.',
    readTime: words.readTime,
    meter: null,
    columns: new Map(),
    names: new Map(),
    stepMs: words.stepMs,
  })
  if (typeof reader === 'string') return `line 1: ${reader}`
  return lines.flatMap((line, at) =>
    line.trim() === ''
      ? []
      : reader.row(line, (reason, what) => rejections.add(`line ${at + 2}: ${what}`, reason)),
  )
}

function readJson(
  text: string,
  words: PushWords,
  rejections: Rejections<Refusal>,
): MeterReading[] | string {
  const items = itemsIn(text)
  if (typeof items === 'string') return items
  if (items.length > READINGS_MAX)
    return `the body has more than ${READINGS_MAX} readings; send it in parts`
  return items.flatMap(({ item, place }) => {
    const parsed = PushedReading.safeParse(item)
    if (parsed.success)
      return (
        readingOf(parsed.data, words, (reason, what) =>
          rejections.add(`${place}: ${what}`, reason),
        ) ?? []
      )
    const [issue] = parsed.error.issues
    const path = issue?.path.map((step) => String(step).slice(0, 40)).join('.') ?? ''
    rejections.add(
      `${place}: ${path === '' ? '' : `${path}: `}${issue?.message ?? ''}`,
      'bad_reading',
    )
    return []
  })
}

interface Item {
  readonly item: unknown
  readonly place: string
}

/** An array, `{"readings": […]}`, one reading, or a reading a line. */
function itemsIn(text: string): Item[] | string {
  const whole = jsonIn(text)
  if (whole !== undefined) return listed(whole.value)
  const lines = text
    .split(/\r?\n/)
    .flatMap((line, at) => (line.trim() === '' ? [] : [{ line, at }]))
  if (lines.length > READINGS_MAX)
    return `the body has more than ${READINGS_MAX} lines; send it in parts`
  const items: Item[] = []
  for (const { line, at } of lines) {
    const found = jsonIn(line)
    if (found === undefined)
      return `line ${at + 1} is no JSON; send an array of readings, a reading a line, or CSV with content-type text/csv`
    items.push({ item: found.value, place: `line ${at + 1}` })
  }
  return items
}

function listed(value: unknown): Item[] | string {
  if (value === null || typeof value !== 'object')
    return 'the body is no reading and no list of them'
  const list: unknown = Array.isArray(value)
    ? value
    : 'readings' in value && Object.keys(value).length === 1
      ? value.readings
      : [value]
  if (!Array.isArray(list)) return 'readings: must be a list'
  return list.map((item: unknown, at) => ({ item, place: `reading ${at + 1}` }))
}

function jsonIn(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return { value }
  } catch {
    return undefined
  }
}

/** How surely these bytes are a push: JSON that speaks of meters and times. */
export function recognizeBody(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 64 << 10))
  const isJson = /^\uFEFF?\s*[[{]/.test(text)
  return isJson && /"meter"\s*:/.test(text) && /"time"\s*:/.test(text) ? 0.8 : 0
}
