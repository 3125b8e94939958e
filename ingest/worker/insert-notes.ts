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
  probes: statement('stored-probes'),
} as const

/** Samples that are looked for: an insert is one piece per day, and on a cluster one per server. */
const PROBES = 8
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
const NoteRow = z.object({
  epoch: z.string(),
  first_position: integer,
  last_position: integer,
  body: z.string().transform((text) => Body.parse(JSON.parse(text))),
})
const Count = z.tuple([z.object({ n: integer })])

/** The row of `insert_notes` of an insert that has samples. `batches` are its rows of that table. */
export function noteRow(
  { shard, epoch, first, last }: IntentBody,
  samples: SampleBlock,
  batches: readonly JsonRow[],
  atMs: number,
): JsonRow {
  const [devices, times, positions] = ['device_id', 'ts', 'log_position'].map((name) =>
    wholeNumbers(samples.columns, name),
  )
  const probes = Array.from({ length: Math.min(PROBES, samples.rows) }, (_, index) => {
    const row = Math.floor((index * (samples.rows - 1)) / Math.max(1, PROBES - 1))
    return [`${devices?.[row]}`, Number(times?.[row]), Number(positions?.[row])]
  })
  const body = JSON.stringify({ probes, batches })
  return { shard, epoch, first_position: first, last_position: last, at: iso(atMs), body }
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
  for (const note of z.array(NoteRow).parse(await store.query(SQL.pending, params))) {
    const { epoch, first_position: first, last_position: last, body } = note
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
  const times = probes.map(([, atMs]) => atMs)
  const [{ n }] = Count.parse(
    await store.query(SQL.probes, {
      from_ms: Math.min(...times),
      to_ms: Math.max(...times),
      devices: probes.map(([device]) => device),
      times,
      positions: probes.map(([, , position]) => position),
    }),
  )
  return n === new Set(probes.map((probe) => probe.join())).size
}

const isKnown = (delivery: Pick<DeliveryState, 'isStored'>, { batches }: Body) =>
  batches.some(
    ({ first_seq, lost, ...sender }) => lost === 0 && delivery.isStored(sender, first_seq),
  )
