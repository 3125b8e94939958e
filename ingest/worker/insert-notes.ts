import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Logger } from '#schemas/role.ts'
import type { IntentBody } from '../bus/intents.ts'
import type { NativeColumn } from '../store/native-block.ts'
import type { Store } from '../store/store.ts'
import type { DeliveryState } from './delivery.ts'
import { insertToken } from './intent.ts'
import { iso, type JsonRow } from './rows.ts'
import type { SampleBlock } from './sample-block.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = {
  pending: statement('pending-inserts'),
  note: statement('insert-note'),
  probes: statement('stored-probes'),
} as const

/** Samples that are looked for, and at least one of each day: an insert is one piece per day, on a cluster also per server. */
const PROBES = 64
const DAY_MS = 86_400_000
/** Limits of the reads at start, which must not fail for ever because there is much to read. */
const LIMITS = { maxExecutionMs: 60_000, maxRowsToRead: 20_000_000_000 }
/** Notes are kept this long (migration 009). */
const NOTES_MS = 3 * 86_400_000
/** Of a shard so many inserts at most can have been cut short: one, and those of processes that it was taken from. */
const NOTES_MAX = 16

const integer = z.coerce.number().int()
const StoredRow = z.object({
  cluster: z.string(),
  collector: z.string(),
  boot: z.string(),
  first_seq: integer,
  last_seq: integer,
  min_ts: z.string(),
  max_ts: z.string(),
  reach_at: z.string().optional(),
  row_count: integer,
  lost: integer,
})
const Body = z.object({
  /** device_id as text, epoch ms, place in the log. */
  probes: z.array(z.tuple([z.string(), z.number(), z.number()])).min(1),
  batches: z.array(StoredRow),
})
type Body = z.infer<typeof Body>
const PendingRow = z.object({
  epoch: z.string(),
  first_position: integer,
  last_position: integer,
})
const NoteRow = z.object({ body: z.string().transform((text) => Body.parse(JSON.parse(text))) })
const Count = z.tuple([z.object({ n: integer })])

/** The row of `insert_notes` of an insert that has samples. `batches` are its rows of that table. */
export function noteRow(
  { shard, epoch, first, last }: IntentBody,
  samples: SampleBlock,
  batches: readonly JsonRow[],
  atMs: number,
): JsonRow {
  const { rows, columns } = samples
  const devices = wholeNumbers(columns, 'device_id')
  const times = wholeNumbers(columns, 'ts')
  const positions = wholeNumbers(columns, 'log_position')
  const probes = probedRows(rows, times).map((row) => [
    `${devices[row]}`,
    Number(times[row]),
    Number(positions[row]),
  ])
  const body = JSON.stringify({ probes, batches })
  return { shard, epoch, first_position: first, last_position: last, at: iso(atMs), body }
}

/** Rows from first to last, and the first one of each day. */
function probedRows(rows: number, times: BigInt64Array | BigUint64Array): number[] {
  const count = Math.min(PROBES, rows)
  const even = Array.from({ length: count }, (_, index) =>
    Math.floor((index * (rows - 1)) / Math.max(1, count - 1)),
  )
  const byDay = new Map<number, number>()
  // Two words each: a bigint per row of every insert would cost more than all the rest of the note.
  const words = new Uint32Array(times.buffer, times.byteOffset, rows * 2)
  let last = -1
  for (let row = 0; row < rows; row += 1) {
    const ms = (words[row * 2] ?? 0) + (words[row * 2 + 1] ?? 0) * 2 ** 32
    const day = Math.floor(ms / DAY_MS)
    if (day === last) continue
    last = day
    if (!byDay.has(day)) byDay.set(day, row)
  }
  return [...new Set([...even, ...byDay.values()])]
}

function wholeNumbers(
  columns: readonly NativeColumn[],
  name: string,
): BigInt64Array | BigUint64Array {
  const values = columns.find((column) => column.name === name)?.values
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) return values
  throw new RangeError(`samples without ${name}`)
}

export interface TornInsertDeps {
  readonly store: Pick<Store, 'query' | 'insertJson'>
  /** What is known to be stored; asked for only when an insert was cut short. */
  readonly loadDelivery: () => Promise<Pick<DeliveryState, 'isStored'>>
  readonly nowMs: number
  readonly log: Logger
}

/**
 * Ends the inserts of a shard that died between `samples` and `batches`: a sender repeats what `batches` does not have,
 * and it would be stored a second time. With its intent at hand a replay does the same; without it (a wiped broker)
 * nothing else does. Call it before anything of the shard is loaded. Resolves with how many there were.
 */
export async function endTornInserts(shard: number, deps: TornInsertDeps): Promise<number> {
  const { store, nowMs, log } = deps
  const params = { shard, from_ms: nowMs - NOTES_MS, notes: NOTES_MAX }
  let ended = 0
  for (const note of z.array(PendingRow).parse(await store.query(SQL.pending, params, LIMITS))) {
    const { epoch, first_position: first, last_position: last } = note
    const own = { shard, epoch, first, last }
    const [found] = z.array(NoteRow).parse(await store.query(SQL.note, own, LIMITS))
    if (found === undefined) continue
    const { body } = found
    // Samples of what came again since may lie where this note says by accident.
    if (!(await isStored(store, body)) || isKnown(await deps.loadDelivery(), body)) continue
    const intent = { shard, epoch, first, last, leftOut: [] }
    const place = { shard, epoch, first_position: first, last_position: last }
    const rows = body.batches.map((row) => ({ ...row, ...place, inserted_at: iso(nowMs) }))
    await store.insertJson('batches', rows, insertToken(intent, 'batches'))
    log.warn('an insert that was cut short is ended: its samples are stored', {
      shard,
      first,
      last,
    })
    ended += 1
  }
  return ended
}

async function isStored(store: Pick<Store, 'query'>, { probes }: Body): Promise<boolean> {
  const params = {
    devices: probes.map(([device]) => device),
    times: probes.map(([, atMs]) => atMs),
    positions: probes.map(([, , position]) => position),
  }
  const [{ n }] = Count.parse(await store.query(SQL.probes, params, LIMITS))
  return n === new Set(probes.map((probe) => probe.join())).size
}

const isKnown = (delivery: Pick<DeliveryState, 'isStored'>, { batches }: Body) =>
  batches.some(
    ({ first_seq, lost, ...sender }) => lost === 0 && delivery.isStored(sender, first_seq),
  )
