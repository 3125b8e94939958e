import { meterId } from '#schemas/meter-id.ts'
import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import { type Measure, measureOf, valueIn, type ValueRefusal } from './meter-value.ts'
import type { TimeReader, TimeRefusal } from './wall-time.ts'

/** What a column holds. */
export type ColumnRole =
  | { readonly as: 'time' | 'meter' | 'point' | 'metric' | 'value' | 'unit' | 'ignore' }
  | {
      readonly as: 'measure'
      readonly measure: Measure
      /** Null = the row, or the whole table, says it. */
      readonly meter: string | null
      readonly point: string | null
    }

/** A name of a point in a long table (`Chiller 1 kW`) and what it is of ours. */
export interface NamedPoint {
  readonly measure: Measure
  readonly meter: string | null
  readonly point: string | null
}

/** How a table is to be read; what it does not say is taken from the header. */
export interface TableLayout {
  /** Null = the one the header has most of. */
  readonly delimiter: string | null
  readonly decimal: '.' | ','
  readonly readTime: TimeReader
  /** Meter of rows that name none. */
  readonly meter: string | null
  readonly columns: ReadonlyMap<string, ColumnRole>
  readonly names: ReadonlyMap<string, NamedPoint>
  /** How long a reading speaks for, ms. */
  readonly stepMs: number
}

export type TableRefusal =
  | ValueRefusal
  | TimeRefusal
  | 'field_count'
  | 'bad_quotes'
  | 'no_meter'
  | 'line_too_long'

/** Reads the rows of one table, by its header. */
export interface TableReader {
  /** The readings of a row; what is refused is told with what it is. */
  row(line: string, refuse: (reason: TableRefusal, what: string) => void): MeterReading[]
  /** Columns that nobody uses. */
  readonly ignored: readonly string[]
}

const LINE_CHARS = 65_536
const COLUMNS_MAX = 2000

/** The fields of a line; null when its quotes do not close. */
export function splitFields(line: string, delimiter: string): string[] | null {
  if (!line.includes('"')) return line.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at)
      fields.push(line.slice(at, end < 0 ? undefined : end))
      if (end < 0) return fields
      at = end + delimiter.length
      continue
    }
    let text = ''
    for (at++; ; at += 2) {
      const quote = line.indexOf('"', at)
      if (quote < 0) return null
      text += line.slice(at, quote)
      at = quote
      if (line[quote + 1] !== '"') break
      text += '"'
    }
    fields.push(text)
    at++
    if (at >= line.length) return fields
    if (!line.startsWith(delimiter, at)) return null
    at += delimiter.length
  }
}

/** The reader of tables with this header, or a sentence about what is missing in it. */
export function createTableReader(header: string, layout: TableLayout): TableReader | string {
  const delimiter = layout.delimiter ?? delimiterOf(header)
  const names = splitFields(header, delimiter)?.map((name) => name.trim())
  if (names === undefined) return 'the quotes of the header do not close'
  if (names.length > COLUMNS_MAX) return `${names.length} columns; limit ${COLUMNS_MAX}`
  const roles = names.map((name) => roleOf(name, layout))
  const missing = missingIn(names, roles, layout)
  if (missing !== null) return missing
  const ignored = names.filter((name, at) => name !== '' && roles[at]?.as === 'ignore')
  return {
    ignored,
    row(line, refuse) {
      if (line.length > LINE_CHARS) {
        refuse('line_too_long', `${line.length} characters`)
        return []
      }
      const fields = splitFields(line, delimiter)
      if (fields === null) {
        refuse('bad_quotes', 'the quotes do not close')
        return []
      }
      // A row may be cut short by the end of a disk: half a row is none.
      if (fields.length !== names.length) {
        refuse('field_count', `${fields.length} fields under ${names.length} columns`)
        return []
      }
      return readingsOf(fields, { names, roles, layout, refuse })
    },
  }
}

function delimiterOf(header: string): string {
  const counts = [',', ';', '\t', '|'].map((one) => [one, header.split(one).length] as const)
  return counts.reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}

const DEFAULT_ROLES: Readonly<Record<string, ColumnRole>> = {
  time: { as: 'time' },
  timestamp: { as: 'time' },
  meter: { as: 'meter' },
  point: { as: 'point' },
  metric: { as: 'metric' },
  value: { as: 'value' },
  unit: { as: 'unit' },
}

/** A column by the layout, else by its own name: `time`, or a metric with its unit, `energy_joules_total [kWh]`. */
function roleOf(name: string, { columns }: TableLayout): ColumnRole {
  const told = columns.get(name) ?? DEFAULT_ROLES[name.toLowerCase()]
  if (told !== undefined) return told
  const [, metric = name, unit = ''] = /^(\S+)\s*[[(]([^\])]{1,16})[\])]$/.exec(name) ?? []
  const measure = measureOf(metric, unit)
  return typeof measure === 'string'
    ? { as: 'ignore' }
    : { as: 'measure', measure, meter: null, point: null }
}

function missingIn(
  names: readonly string[],
  roles: readonly ColumnRole[],
  { meter, columns, names: points }: TableLayout,
): string | null {
  const has = (as: ColumnRole['as']) => roles.some((role) => role.as === as)
  const found = names.join(', ').slice(0, 200)
  const absent = [...columns.keys()].find((name) => !names.includes(name))
  if (absent !== undefined) return `there is no column "${absent}"; the header has: ${found}`
  if (!has('time')) return `no column holds the time; the header has: ${found}`
  const isLong = has('metric') && has('value')
  if (isLong === has('measure'))
    return isLong
      ? 'the header has a column for the metric and columns of metrics; say which are to be ignored'
      : `no column is a metric we know, nor are there columns metric and value; the header has: ${found}`
  const columnsKnow = roles.every((role) => role.as !== 'measure' || role.meter !== null)
  const namesKnow = points.size > 0 && [...points.values()].every((point) => point.meter !== null)
  if (meter === null && !has('meter') && !(isLong ? namesKnow : columnsKnow))
    return `nothing says which meter the rows are of; the header has: ${found}`
  return null
}

interface Row {
  readonly names: readonly string[]
  readonly roles: readonly ColumnRole[]
  readonly layout: TableLayout
  readonly refuse: (reason: TableRefusal, what: string) => void
}

function readingsOf(fields: readonly string[], row: Row): MeterReading[] {
  const { names, roles, layout, refuse } = row
  const field = (as: ColumnRole['as']) => {
    const at = roles.findIndex((role) => role.as === as)
    return at < 0 ? '' : (fields[at] ?? '').trim()
  }
  const atMs = layout.readTime(field('time'))
  if (typeof atMs === 'string') {
    refuse(atMs, `time "${field('time').slice(0, 64)}"`)
    return []
  }
  const byPlace = new Map<string, { meter: string; point: string; metrics: MeterMetricValues }>()
  const put = (text: string, { measure, ...of }: NamedPoint, name: string) => {
    const value = valueIn(text, measure, layout.decimal)
    if (value === null) return
    if (typeof value === 'string') return refuse(value, `${name}: "${text.slice(0, 64)}"`)
    const meter = of.meter ?? (field('meter') || layout.meter) ?? ''
    const point = of.point ?? field('point')
    const id = meter === '' ? null : meterId(meter, point)
    if (id === null)
      return refuse('no_meter', `meter "${meter.slice(0, 64)}" point "${point.slice(0, 64)}"`)
    const place = byPlace.get(id) ?? { meter, point, metrics: {} }
    byPlace.set(id, place)
    place.metrics[measure.metric] = value
  }
  for (const [at, role] of roles.entries())
    if (role.as === 'measure') put(fields[at] ?? '', role, names[at] ?? '')
  if (roles.some(({ as }) => as === 'value')) {
    const named = namedPoint(field('metric'), field('unit'), layout)
    if (typeof named === 'string')
      refuse(named, `${field('metric').slice(0, 64)} ${field('unit').slice(0, 16)}`)
    else put(field('value'), named, field('metric'))
  }
  const { stepMs } = layout
  return [...byPlace.values()].map((one) => ({ ...one, atMs, isTimeOwn: true, stepMs }))
}

function namedPoint(
  metric: string,
  unit: string,
  { names }: TableLayout,
): NamedPoint | ValueRefusal {
  const named = names.get(metric)
  if (named !== undefined) return named
  const measure = measureOf(metric, unit)
  return typeof measure === 'string' ? measure : { measure, meter: null, point: null }
}
