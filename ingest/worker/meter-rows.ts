import { isPlausible } from '#schemas/metrics.ts'
import { meterMetricDefinition } from '#schemas/meter-metrics.ts'
import type { MeterSampleRecord } from '#schemas/records.ts'
import type { NativeColumn } from '../store/native-block.ts'
import { TALL_ROWS_MAX } from './tall-rows.ts'

/** One value of one measuring point, as samples_meter holds it. */
export interface MeterRow {
  readonly atMs: number
  readonly meter: string
  readonly metric: string
  readonly stepMs: number
  readonly logPosition: number
  readonly value: number
}

/** The values of a sample that the catalogue knows and finds possible; the others are counted. */
export function meterRows(
  { meter, step_ms: stepMs, values }: MeterSampleRecord,
  place: Pick<MeterRow, 'atMs' | 'logPosition'>,
): { readonly rows: MeterRow[]; readonly refused: number } {
  const given = Object.entries(values)
  const rows = given.flatMap(([metric, value]) => {
    const definition = meterMetricDefinition(metric)
    if (definition === undefined || !Number.isFinite(value) || !isPlausible(definition, value))
      return []
    return [{ ...place, meter, metric, stepMs, value }]
  })
  return { rows, refused: given.length - rows.length }
}

/** Rows as columns, cut into blocks; the same rows always give the same blocks but for the time they are stored at. */
export function meterBlocks(
  rows: readonly MeterRow[],
  storedAtMs: number,
  rowsMax: number = TALL_ROWS_MAX,
): { readonly rows: number; readonly columns: readonly NativeColumn[] }[] {
  const blocks = []
  for (let start = 0; start < rows.length; start += rowsMax) {
    const part = rows.slice(start, start + rowsMax)
    blocks.push({ rows: part.length, columns: columnsOf(part, storedAtMs) })
  }
  return blocks
}

const columnsOf = (rows: readonly MeterRow[], storedAtMs: number): readonly NativeColumn[] => [
  {
    name: 'ts',
    type: "DateTime64(3, 'UTC')",
    values: Float64Array.from(rows, ({ atMs }) => atMs),
  },
  { name: 'meter', type: 'String', values: rows.map(({ meter }) => meter) },
  { name: 'metric', type: 'String', values: rows.map(({ metric }) => metric) },
  { name: 'step_ms', type: 'UInt32', values: Uint32Array.from(rows, ({ stepMs }) => stepMs) },
  {
    name: 'log_position',
    type: 'UInt64',
    values: BigUint64Array.from(rows, ({ logPosition }) => BigInt(logPosition)),
  },
  { name: 'value', type: 'Float64', values: Float64Array.from(rows, ({ value }) => value) },
  {
    name: 'inserted_at',
    type: "DateTime64(3, 'UTC')",
    values: new Float64Array(rows.length).fill(storedAtMs),
  },
]
