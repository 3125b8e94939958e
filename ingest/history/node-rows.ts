import type { NativeColumn } from '../store/native-block.ts'

/** One reading of a node: a row of `samples_node`. */
export interface NodeRow {
  readonly atMs: number
  readonly cluster: string
  readonly node: string
  readonly metric: string
  readonly value: number
}

/** Rows as the columns of one insert. */
export const nodeColumns = (rows: readonly NodeRow[], stepMs: number): NativeColumn[] => [
  {
    name: 'ts',
    type: "DateTime64(3, 'UTC')",
    values: Float64Array.from(rows, ({ atMs }) => atMs),
  },
  { name: 'cluster', type: 'String', values: rows.map(({ cluster }) => cluster) },
  { name: 'node', type: 'String', values: rows.map(({ node }) => node) },
  { name: 'metric', type: 'String', values: rows.map(({ metric }) => metric) },
  { name: 'step_ms', type: 'UInt32', values: new Uint32Array(rows.length).fill(stepMs) },
  { name: 'log_position', type: 'UInt64', values: new BigUint64Array(rows.length) },
  { name: 'value', type: 'Float64', values: Float64Array.from(rows, ({ value }) => value) },
]
