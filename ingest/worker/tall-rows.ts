import type { NodeSampleRecord } from '#schemas/records.ts'
import { isPlausible } from '#schemas/metrics.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '#schemas/node-metrics.ts'
import type { NativeColumn } from '../store/native-block.ts'

/** One value of a node, or of one link or port, as samples_node and samples_link hold it. */
export interface TallRow {
  readonly atMs: number
  readonly cluster: string
  readonly node: string
  /** 0 = of the node. */
  readonly deviceId: bigint
  /** Empty for the node itself. */
  readonly link: string
  readonly metric: string
  readonly stepMs: number
  readonly logPosition: number
  readonly value: number
}

/** Rows of one block: far below what an insert token covers, whatever an insert holds. */
export const TALL_ROWS_MAX = 500_000

/** The values of a sample that the catalogue knows and finds possible; the others are counted. */
export function tallRows(
  record: NodeSampleRecord,
  place: Omit<TallRow, 'metric' | 'value' | 'link' | 'node' | 'stepMs'>,
): { readonly rows: TallRow[]; readonly refused: number } {
  const { node, link, values, step_ms: stepMs } = record
  const definitionOf = link === null ? nodeMetricDefinition : linkMetricDefinition
  const given = Object.entries(values)
  const rows = given.flatMap(([metric, value]) => {
    const definition = definitionOf(metric)
    if (definition === undefined || !Number.isFinite(value) || !isPlausible(definition, value))
      return []
    return [{ ...place, node, link: link ?? '', metric, stepMs, value }]
  })
  return { rows, refused: given.length - rows.length }
}

/** Rows as columns, cut into blocks; the same rows always give the same blocks. */
export function tallBlocks(
  rows: readonly TallRow[],
  table: 'samples_node' | 'samples_link',
  rowsMax: number = TALL_ROWS_MAX,
): { readonly rows: number; readonly columns: readonly NativeColumn[] }[] {
  const blocks = []
  for (let start = 0; start < rows.length; start += rowsMax) {
    const part = rows.slice(start, start + rowsMax)
    blocks.push({ rows: part.length, columns: columnsOf(part, table) })
  }
  return blocks
}

function columnsOf(
  rows: readonly TallRow[],
  table: 'samples_node' | 'samples_link',
): readonly NativeColumn[] {
  const columns: NativeColumn[] = [
    {
      name: 'ts',
      type: "DateTime64(3, 'UTC')",
      values: Float64Array.from(rows, ({ atMs }) => atMs),
    },
    { name: 'cluster', type: 'String', values: rows.map(({ cluster }) => cluster) },
    { name: 'node', type: 'String', values: rows.map(({ node }) => node) },
    { name: 'metric', type: 'String', values: rows.map(({ metric }) => metric) },
    { name: 'step_ms', type: 'UInt32', values: Uint32Array.from(rows, ({ stepMs }) => stepMs) },
    {
      name: 'log_position',
      type: 'UInt64',
      values: BigUint64Array.from(rows, ({ logPosition }) => BigInt(logPosition)),
    },
    { name: 'value', type: 'Float64', values: Float64Array.from(rows, ({ value }) => value) },
  ]
  if (table === 'samples_node') return columns
  return [
    ...columns,
    {
      name: 'device_id',
      type: 'UInt64',
      values: BigUint64Array.from(rows, ({ deviceId }) => deviceId),
    },
    { name: 'link', type: 'String', values: rows.map(({ link }) => link) },
  ]
}
