import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock } from '#schemas/role.ts'
import { type Capacity, OPEN_MS } from '../settle/capacity.ts'
import type { StoredSpan } from '../settle/settle.ts'
import type { Store } from '../store/store.ts'
import { LOOK_BACK_MS } from './follow.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')
const SQL = { spans: statement('stored-spans'), sightings: statement('sightings') } as const
const LIMITS = { maxResultRows: 2_000_000, maxExecutionMs: 30_000 }

const integer = z.coerce.number().int()
const SpanRow = z.object({
  shard: integer,
  from_ms: integer,
  to_ms: integer,
  inserted_at_ms: integer,
  inserts: integer,
})
type SpanRow = z.infer<typeof SpanRow>
const SightingRow = z.object({
  device_id: z.string().transform(BigInt),
  node: z.string(),
  first_ms: integer,
  last_ms: integer,
})

/** Samples of this time are looked at for devices that are not in capacity when settling is taken up. */
const RECENT_MS = 3_600_000

/** How the one process that settles hears of rows that all processes store. */
export interface Observer {
  /**
   * Spans of samples that were stored since the last look, by any process. Devices among them that are not in
   * capacity are told to `capacity`. Rejects with E_STORE_AWAY; nothing is forgotten then.
   */
  look(): Promise<readonly StoredSpan[]>
}

/** The first look is for devices only: what the spans of that time outdate, the start of a settler finds itself. */
export function createObserver(deps: {
  readonly store: Pick<Store, 'query'>
  readonly capacity: Pick<Capacity, 'observe'>
  readonly clock: Clock
}): Observer {
  const { store, capacity, clock } = deps
  /** By shard and span: what was told of. */
  let told = new Map<string, SpanRow>()
  let lookedMs = clock()
  let isFirst = true

  const sight = async (from_ms: number, to_ms: number) => {
    const rows = await store.query(SQL.sightings, { from_ms, to_ms, open_ms: OPEN_MS }, LIMITS)
    for (const { device_id, node, first_ms, last_ms } of z.array(SightingRow).parse(rows)) {
      const sighting = { deviceId: device_id, node, isPartition: false }
      capacity.observe({ ...sighting, firstMs: first_ms, lastMs: last_ms })
    }
  }

  return {
    async look() {
      const startedMs = clock()
      const params = { from_ms: lookedMs - LOOK_BACK_MS }
      const rows = z.array(SpanRow).parse(await store.query(SQL.spans, params, LIMITS))
      const fresh = rows.filter((row) => isMore(row, told.get(keyOf(row))))
      const spans = isFirst ? [{ fromMs: startedMs - RECENT_MS, toMs: startedMs }] : joined(fresh)
      for (const { fromMs, toMs } of spans) await sight(fromMs, toMs)
      isFirst = false
      // What left the window cannot come back.
      told = new Map(rows.map((row) => [keyOf(row), row]))
      lookedMs = startedMs
      return fresh.map((row) => ({
        fromMs: row.from_ms,
        toMs: row.to_ms,
        insertedAtMs: row.inserted_at_ms,
      }))
    },
  }
}

/** By count as well: the clock of who stored may have gone back. */
const isMore = (row: SpanRow, known: SpanRow | undefined) =>
  known === undefined || row.inserted_at_ms > known.inserted_at_ms || row.inserts > known.inserts

const keyOf = ({ shard, from_ms, to_ms }: SpanRow) => `${shard}:${from_ms}-${to_ms}`

/** The same time as few spans that do not touch, in order. */
export function joined(
  rows: readonly Pick<SpanRow, 'from_ms' | 'to_ms'>[],
): { readonly fromMs: number; readonly toMs: number }[] {
  const spans: { fromMs: number; toMs: number }[] = []
  for (const { from_ms, to_ms } of rows.toSorted((a, b) => a.from_ms - b.from_ms)) {
    const last = spans.at(-1)
    if (last !== undefined && from_ms <= last.toMs) last.toMs = Math.max(last.toMs, to_ms)
    else spans.push({ fromMs: from_ms, toMs: to_ms })
  }
  return spans
}
