import { isPlausible, metricDefinition } from '#schemas/metrics.ts'
import { nodeMetricDefinition } from '#schemas/node-metrics.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type HistoryFile, openRecords } from './file.ts'
import {
  type Column,
  DIMENSION_NAMES,
  type DimensionName,
  type Field,
  type Measured,
  type SamplesMap,
} from './map.ts'
import type { Refusals } from './refusals.ts'
import { createTimeReader } from './time-format.ts'
import { type Scale, scaleOf, unitsFor } from './units.ts'

/** What one row says of one device or node. */
export interface Reading {
  readonly name: string
  readonly atMs: number
  readonly dimensions: Readonly<Partial<Record<DimensionName, string>>>
  /** In the order of the metrics asked for, canonical units; null = missing. At least one is there. */
  readonly values: readonly (number | null)[]
}

interface ReadOptions {
  readonly map: SamplesMap
  readonly metrics: readonly string[]
  readonly onShare: (share: number) => void
}

/** How tools write that they have no value. */
const MISSING = new Set([
  '',
  '-',
  '--',
  'n/a',
  'na',
  'nan',
  'null',
  'none',
  '[n/a]',
  'not available',
])
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/

/**
 * The readings of a file, row by row. Values outside their metric's range are refused and counted (a power below 0 is a
 * meter's way to say that it failed), a row without any value is left out. Throws E_HISTORY_INVALID.
 */
export async function* deviceReadings(
  file: HistoryFile,
  { map, metrics, onShare }: ReadOptions,
  refusals: Refusals,
): AsyncGenerator<Reading> {
  const onBytes = (bytes: number) => onShare(bytes / file.bytes)
  const { place, batches } = await openRecords(file, { ...map, onBytes })
  const readTime = createTimeReader(map.time)
  const timeAt = place(map.time.column)
  const readers = readersOf(map, metrics, place)
  const dimensions = dimensionReader(map, place)
  for await (const records of batches)
    for (const { line, fields } of records) {
      const text = fields[timeAt] ?? ''
      const atMs = readTime(text)
      if (atMs === null) {
        refusals.add('not a time', line, text)
        continue
      }
      for (const { nameOf, cells } of readers) {
        const values = cells.map((cell) => valueOf(fields[cell.at] ?? '', cell, { line, refusals }))
        const name = nameOf(fields)
        if (name === '') refusals.add('no name', line, text)
        else if (values.some((value) => value !== null))
          yield { name, atMs, dimensions: dimensions(fields), values }
        else refusals.add('no value in the row', line, text)
      }
    }
}

interface Cell {
  readonly at: number
  readonly metric: MetricDefinition
  readonly scale: Scale
}

/** Who a row is of, and which of its cells are whose: one device, or one for each column. */
interface RowReader {
  readonly nameOf: (fields: readonly string[]) => string
  readonly cells: readonly Cell[]
}

function readersOf(
  map: SamplesMap,
  metrics: readonly string[],
  place: (column: Column) => number,
): RowReader[] {
  const many = map.device_columns
  if (many !== undefined)
    return many.columns.map((column) => ({
      nameOf: () => String(column),
      cells: [cellOf(many.metric, { column, unit: many.unit }, place)],
    }))
  const who = map.scope === 'node' ? map.dimensions.node : map.device
  if (who === undefined) throw new RangeError('a mapping without a device was let through')
  const cells = metrics.map((name) => cellOf(name, map.metrics[name], place))
  return [{ nameOf: fieldReader(who, place), cells }]
}

function cellOf(
  name: string,
  measured: Measured | undefined,
  place: (column: Column) => number,
): Cell {
  const metric = metricDefinition(name) ?? nodeMetricDefinition(name)
  if (metric === undefined || measured === undefined)
    throw new PlimsollError('E_HISTORY_INVALID', `there is no metric ${name} (docs/import.md)`)
  const scale = scaleOf(metric.unit, measured.unit)
  if (scale === null)
    throw new PlimsollError(
      'E_HISTORY_INVALID',
      `metrics.${name}: ${JSON.stringify(measured.unit)} is no unit of ${metric.unit}; one of ${unitsFor(metric.unit).join(', ')}`,
    )
  return { at: place(measured.column), metric, scale }
}

function valueOf(
  text: string,
  { metric, scale }: Cell,
  { line, refusals }: { readonly line: number; readonly refusals: Refusals },
): number | null {
  const trimmed = text.trim()
  if (MISSING.has(trimmed.toLowerCase())) return null
  if (!NUMBER.test(trimmed)) {
    refusals.add(`${metric.name}: not a number`, line, text)
    return null
  }
  const value = scale(Number(trimmed))
  if (isPlausible(metric, value)) return value
  refusals.add(`${metric.name}: outside ${metric.min} to ${metric.max}`, line, text)
  return null
}

function fieldReader(
  field: Field,
  place: (column: Column) => number,
): (fields: readonly string[]) => string {
  if ('constant' in field) return () => field.constant
  const at = place(field.column)
  return (fields) => (fields[at] ?? '').trim().slice(0, 256)
}

function dimensionReader(
  { dimensions }: SamplesMap,
  place: (column: Column) => number,
): (fields: readonly string[]) => Reading['dimensions'] {
  const readers = DIMENSION_NAMES.flatMap((name) => {
    const field = dimensions[name]
    return field === undefined ? [] : [{ name, read: fieldReader(field, place) }]
  })
  return (fields) => Object.fromEntries(readers.map(({ name, read }) => [name, read(fields)]))
}
