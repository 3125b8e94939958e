import { meterId, meterPart } from '#schemas/meter-id.ts'
import {
  isMeterMetricName,
  meterMetricDefinition,
  type MeterMetricName,
  type MeterMetricValues,
} from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import type { SnmpVariable } from '../../field-io.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import type { Column, Plan } from './profile.ts'
import { toCanonical, UNITS, type UnitName } from './units.ts'

export type Refusal =
  | 'no_number'
  | 'no_scale'
  | 'no_unit'
  | 'wrong_unit'
  | 'repeated_value'
  | 'no_point'
  | 'no_oid'
  | 'no_value'
  | 'line_too_long'
  | 'too_many_lines'

/** What the values of one device come to. */
export interface Mapped {
  readonly meters: readonly MeterReading[]
  /** Which templates were written in their short form: a later, partial answer is written the same way. */
  readonly shapes: ReadonlyMap<string, boolean>
}

/** What was read, ready to be looked up. */
interface Cells {
  readonly plan: Plan
  readonly byOid: ReadonlyMap<string, SnmpVariable>
  readonly rejections: Rejections<Refusal>
}

/** Where a name lies in the columns of a plan: the same for all devices of a kind. */
interface Place {
  readonly columns: readonly Column[]
  readonly index: string
  /** Parts of the index. */
  readonly parts: readonly string[]
  /** Points by template, as far as they follow from the index alone. */
  readonly points: Map<string, string>
}

interface Row {
  readonly column: Column
  readonly place: Place
  readonly device: number
  readonly variable: SnmpVariable
}

/** Longest index of a table we know: four numbers. */
const INDEX_PARTS = 4

/**
 * The measuring points in the values of one device; pure. `variables` hold the columns of the profile and what says how to
 * read them (digits, units, names of rows). What cannot be scaled is refused, never taken as it is; a number that means "not
 * supported" is absent, which is not zero.
 */
export function mapVariables(
  plan: Plan,
  variables: readonly SnmpVariable[],
  rejections: Rejections<Refusal> = createRejections(),
  shapes: ReadonlyMap<string, boolean> = new Map(),
): Mapped {
  const byOid = new Map(variables.map((variable) => [variable.oid, variable]))
  const cells: Cells = { plan, byOid, rejections }
  const rows: Row[] = []
  for (const variable of variables) addRows(rows, cells, variable)
  const known = new Map([...shapesOf(rows, cells), ...shapes])
  const points = new Map<string, Map<MeterMetricName, Gathered>>()
  for (const row of rows) gather(row, { cells, known, points })
  const meters = [...points].flatMap(([point, gathered]): MeterReading[] => {
    const metrics = valuesOf(gathered)
    return Object.keys(metrics).length === 0 ? [] : [{ meter: null, point, metrics }]
  })
  return { meters, shapes: known }
}

/** The columns a variable is a cell of, with its place in them. */
function addRows(rows: Row[], cells: Cells, variable: SnmpVariable): void {
  const place = placeIn(cells.plan, variable.oid)
  if (place === null) return
  for (const column of place.columns) {
    const device = typeof column.device === 'number' ? Number(place.parts[column.device - 1]) : 1
    const said =
      typeof column.device === 'string' ? cellNumber(cells, column.device, place.index) : device
    rows.push({ column, place, device: said ?? 1, variable })
  }
}

/** Names whose places are remembered, of all devices that follow a plan. */
const PLACES = 4096
const placesByPlan = new WeakMap<Plan, Map<string, Place | null>>()

function placeIn(plan: Plan, oid: string): Place | null {
  const places = placesByPlan.get(plan) ?? new Map<string, Place | null>()
  placesByPlan.set(plan, places)
  const known = places.get(oid)
  if (known !== undefined) return known
  const place = findPlace(plan, oid)
  if (places.size < PLACES) places.set(oid, place)
  return place
}

function findPlace({ byOid }: Plan, oid: string): Place | null {
  let cut = oid.length
  for (let parts = 0; parts < INDEX_PARTS; parts++) {
    cut = oid.lastIndexOf('.', cut - 1)
    if (cut < 0) return null
    const columns = byOid.get(oid.slice(0, cut))
    if (columns === undefined) continue
    const index = oid.slice(cut + 1)
    return { columns, index, parts: index.split('.'), points: new Map() }
  }
  return null
}

function cellNumber(cells: Cells, column: string, index: string): number | null {
  const variable = cells.byOid.get(`${column}.${index}`)
  return variable === undefined ? null : numberOf(variable.value)
}

/**
 * Short names only where they stay distinct: a PDU with one inlet is the thing itself, one with two has `inlet/1` and
 * `inlet/2`, or its watts would be those of one cord.
 */
function shapesOf(rows: readonly Row[], cells: Cells): Map<string, boolean> {
  const names = new Map<string, { full: Set<string>; short: Set<string> }>()
  for (const row of rows) {
    const { point, short } = row.column
    if (short === undefined) continue
    const key = shapeKey(row)
    const seen = names.get(key) ?? { full: new Set(), short: new Set() }
    names.set(key, seen)
    seen.full.add(fill(point, row, cells))
    seen.short.add(fill(short, row, cells))
  }
  return new Map([...names].map(([key, { full, short }]) => [key, short.size === full.size]))
}

const shapeKey = ({ column, device }: Row) => `${device} ${column.point}`

function fill(template: string, row: Row, cells: Cells): string {
  // Most points are the thing itself.
  if (!template.includes('{')) return template
  if (template.includes('{#}')) return filled(template, row, cells)
  const { points } = row.place
  const known = points.get(template)
  if (known !== undefined) return known
  const point = filled(template, row, cells)
  points.set(template, point)
  return point
}

function filled(template: string, row: Row, cells: Cells): string {
  const { index, parts } = row.place
  return template.replaceAll(/\{(\d+|#)\}/g, (_, name: string) => {
    if (name !== '#') return parts[Number(name) - 1] ?? ''
    const cell = cells.byOid.get(`${row.column.number}.${index}`)?.value
    if (cell === undefined) return parts.join('-')
    return meterPart(cell.kind === 'text' ? cell.text : String(numberOf(cell) ?? index))
  })
}

/** Devices of a chain after the first have their own place below the thing: `unit-2/phase/1`. */
function pointOf(row: Row, cells: Cells, shapes: ReadonlyMap<string, boolean>): string {
  const { point, short } = row.column
  const isShort = short !== undefined && shapes.get(shapeKey(row)) === true
  const own = fill(isShort ? short : point, row, cells)
  if (row.device <= 1) return own
  return own === '' ? `unit-${row.device}` : `unit-${row.device}/${own}`
}

interface Gathered {
  readonly combine: Column['combine']
  /** Null once a part of it is missing: half a sum is no sum. */
  value: number | null
}

interface Gathering {
  readonly cells: Cells
  readonly known: ReadonlyMap<string, boolean>
  readonly points: Map<string, Map<MeterMetricName, Gathered>>
}

function gather(row: Row, { cells, known, points }: Gathering): void {
  const metric = metricOf(row, cells)
  if (metric === null) return
  const { combine } = row.column
  const value = valueOf(row, metric, cells)
  const point = pointOf(row, cells, known)
  const gathered = points.get(point) ?? new Map<MeterMetricName, Gathered>()
  if (!points.has(point)) {
    // Below any thing's name: an index of absurd numbers makes no id.
    if (meterId('x', point) === null) return cells.rejections.add(lineOf(row.variable), 'no_point')
    points.set(point, gathered)
  }
  const before = gathered.get(metric)
  if (before === undefined) gathered.set(metric, { combine, value })
  else if (combine === 'only') {
    if (before.value !== null && value !== null)
      cells.rejections.add(lineOf(row.variable), 'repeated_value')
    before.value ??= value
  } else before.value = combined(before, value)
}

function combined({ combine, value }: Gathered, other: number | null): number | null {
  if (combine === 'max')
    return value === null || other === null ? (value ?? other) : Math.max(value, other)
  return value === null || other === null ? null : value + other
}

function valuesOf(gathered: ReadonlyMap<MeterMetricName, Gathered>): MeterMetricValues {
  const metrics: MeterMetricValues = {}
  for (const [metric, { value }] of gathered) if (value !== null) metrics[metric] = value
  return metrics
}

function metricOf(row: Row, cells: Cells): MeterMetricName | null {
  const { to, types } = row.column
  const name = types === undefined ? to : types.of[typeOf(row, types.by, cells) ?? '']
  return name !== undefined && isMeterMetricName(name) ? name : null
}

function typeOf(row: Row, by: number | string, cells: Cells): string | undefined {
  if (typeof by === 'number') return row.place.parts[by - 1]
  return String(cellNumber(cells, by, row.place.index) ?? '')
}

function valueOf(row: Row, metric: MeterMetricName, cells: Cells): number | null {
  const { column, place, variable } = row
  const { unless, values, otherwise, invalid } = column
  if (variable.value.kind === 'none') return null
  const said = unless === undefined ? null : cellNumber(cells, unless.oid, place.index)
  if (said !== null && unless?.is.includes(said) === true) return null
  const raw = numberOf(variable.value)
  if (raw === null) {
    // An empty text is how some agents say that there is no value.
    if (variable.value.kind !== 'text' || variable.value.text.trim() !== '')
      cells.rejections.add(lineOf(variable), 'no_number')
    return null
  }
  if (invalid.some((number) => raw === number || raw === asUnsigned(number))) return null
  if (values !== undefined) return values[String(raw)] ?? otherwise ?? null
  return scaled(row, metric, raw, cells)
}

/** -1 in a column of unsigned numbers. */
const asUnsigned = (number: number) => (number < 0 ? 2 ** 32 + number : number)

function scaled(row: Row, metric: MeterMetricName, raw: number, cells: Cells): number | null {
  const { column, place, variable } = row
  const refuse = (reason: Refusal) => {
    cells.rejections.add(lineOf(variable), reason)
    return null
  }
  const unit = column.unit ?? unitOf(column, place.index, cells)
  if (unit === null) return refuse('no_unit')
  if (UNITS[unit].to !== meterMetricDefinition(metric)?.unit) return refuse('wrong_unit')
  const digits = column.digits === undefined ? 0 : cellNumber(cells, column.digits, place.index)
  if (digits === null || digits < 0 || digits > 12) return refuse('no_scale')
  return toCanonical(raw, column.scale / 10 ** digits, UNITS[unit])
}

function unitOf({ units }: Column, index: string, cells: Cells): UnitName | null {
  if (units === undefined) return null
  const code = cellNumber(cells, units.oid, index)
  return code === null ? null : (units.names[String(code)] ?? null)
}

/** An opaque float: two bytes of tag, one of length, four of IEEE 754. */
const OPAQUE_FLOAT = [0x9f, 0x78, 0x04]

/** The number in a value: also one that comes as text, or as an opaque float. */
export function numberOf(value: SnmpVariable['value']): number | null {
  if ('number' in value) return Number(value.number)
  if (value.kind === 'text') {
    const text = value.text.trim()
    return /^[-+]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})$/.test(text) ? Number(text) : null
  }
  if (value.kind === 'bytes' && value.bytes.length === 7) {
    if (!OPAQUE_FLOAT.every((byte, at) => value.bytes[at] === byte)) return null
    const { buffer, byteOffset } = value.bytes
    const number = new DataView(buffer, byteOffset).getFloat32(3)
    return Number.isFinite(number) ? number : null
  }
  return null
}

/** A variable as one line, for examples of what was refused. */
export function lineOf({ oid, value }: SnmpVariable): string {
  if ('number' in value) return `${oid} = ${value.number}`
  if ('text' in value) return `${oid} = ${value.text}`
  return `${oid} = ${value.kind === 'bytes' ? `${value.bytes.length} bytes` : 'no value'}`
}
