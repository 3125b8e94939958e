import type { IntentBody } from '../bus/intents.ts'
import type { NativeColumn } from '../store/native-block.ts'
import type { Sender } from './delivery.ts'
import { iso, type JsonRow } from './rows.ts'
import type { Staged } from './stage.ts'

/** What one insert tells of the batches of one sender: a row of `batches`, but for its place and time. */
export interface BatchRow {
  readonly sender: Sender
  readonly from: number
  readonly to: number
  readonly minTsMs: number
  readonly maxTsMs: number
  /** Null where nothing is stored. */
  readonly reachMs: number | null
  readonly rows: number
  /** Given up by its collector. */
  readonly isLost: boolean
}

/** What an insert stored and what was given up, in a fixed order. */
export function batchRows({ stored, lost }: Pick<Staged, 'stored' | 'lost'>): BatchRow[] {
  return [
    ...stored.map((range) => ({ ...range, isLost: false })),
    ...lost.map(({ sender, range: { from, to }, atMs }) => ({
      sender,
      from,
      to,
      minTsMs: atMs,
      maxTsMs: atMs,
      reachMs: null,
      rows: 0,
      isLost: true,
    })),
  ]
}

/** A row as the note of an insert keeps it. */
export function batchJson(row: BatchRow): JsonRow {
  const { sender, from, to, minTsMs, maxTsMs, reachMs, rows, isLost } = row
  return {
    ...sender,
    first_seq: from,
    last_seq: to,
    min_ts: iso(minTsMs),
    max_ts: iso(maxTsMs),
    ...(reachMs === null ? {} : { reach_at: iso(reachMs) }),
    row_count: rows,
    lost: isLost ? 1 : 0,
  }
}

/** The rows as columns of `batches`; a large site has a row per sender in every insert. */
export function batchColumns(
  rows: readonly BatchRow[],
  { shard, epoch, first, last }: IntentBody,
  insertedAtMs: number,
): NativeColumn[] {
  const texts = (name: keyof Sender): NativeColumn => ({
    name,
    type: 'String',
    values: rows.map(({ sender }) => sender[name]),
  })
  const counts = (name: string, of: (row: BatchRow) => number): NativeColumn => ({
    name,
    type: 'UInt64',
    values: BigUint64Array.from(rows, (row) => BigInt(of(row))),
  })
  const times = (name: string, of: (row: BatchRow) => number): NativeColumn => ({
    name,
    type: "DateTime64(3, 'UTC')",
    values: Float64Array.from(rows, (row) => Math.trunc(of(row))),
  })
  return [
    texts('cluster'),
    texts('collector'),
    texts('boot'),
    counts('first_seq', ({ from }) => from),
    counts('last_seq', ({ to }) => to),
    { name: 'shard', type: 'UInt16', values: new Uint16Array(rows.length).fill(shard) },
    { name: 'epoch', type: 'String', values: rows.map(() => epoch) },
    counts('first_position', () => first),
    counts('last_position', () => last),
    times('min_ts', ({ minTsMs }) => minTsMs),
    times('max_ts', ({ maxTsMs }) => maxTsMs),
    // The table's default, as a row has that does not tell it.
    times('reach_at', ({ reachMs }) => reachMs ?? 0),
    counts('row_count', (row) => row.rows),
    { name: 'lost', type: 'UInt8', values: Uint8Array.from(rows, ({ isLost }) => Number(isLost)) },
    times('inserted_at', () => insertedAtMs),
  ]
}
