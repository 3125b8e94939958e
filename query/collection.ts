import { z } from 'zod'
import type { CollectionAnswer, CollectionGroup, TargetHealth } from '#schemas/api.ts'
import type { PipelineStatus, Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { parseTargetFilters, parseTargetGroups, type TargetGroup } from './collection-filters.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import { deviceEvent } from './devices.ts'
import {
  collectionGroups,
  collectionTargets,
  collectionTotals,
  type TargetFilterParams,
  type TargetRow,
} from './queries/collection.ts'
import { gapEvents } from './queries/events.ts'
import { readPublished } from './settled.ts'
import { iso, isoOrNull } from './window.ts'

export interface CollectionDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly simulated: boolean
  readonly pipeline: () => PipelineStatus | null
}

export const TARGETS_LIMIT_MAX = 500
const GAPS_MAX = 100
const GROUPS_MAX = 1000

export interface CollectionQuestion {
  readonly filters: readonly string[]
  readonly q: string
  /** Only targets with a trouble: failed, stale, or something missing, vanished or refused. */
  readonly troubled: boolean
  readonly groupBy?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * GET /api/v1/collection: what every target said last, and what did not get through. Throws E_FILTER_INVALID
 * and E_CURSOR_INVALID.
 */
export async function collectionHealth(
  deps: CollectionDeps,
  question: CollectionQuestion,
): Promise<CollectionAnswer> {
  const { limit, cursor, groupBy, ...asked } = question
  const mark = { collection: asked }
  const offset = cursorOffset(mark, cursor)
  const filters = parseTargetFilters(asked.filters, asked.q)
  const groupFields = parseTargetGroups(groupBy)
  const now_ms = deps.clock()
  const troubled = asked.troubled ? 1 : 0
  const [targets, [totals], gaps, published, groups] = await Promise.all([
    collectionTargets.run(deps.reader, { ...filters, now_ms, troubled, limit, offset }),
    collectionTotals.run(deps.reader, { now_ms }),
    gapEvents.run(deps.reader, { now_ms, limit: GAPS_MAX }),
    readPublished(deps.reader),
    readGroups(deps.reader, { filters, fields: groupFields, nowMs: now_ms }),
  ])
  const { inserted_rows, newest_sample_ms, ...counts } = totals ?? NO_TOTALS
  const total = targets[0]?.total ?? 0
  return {
    simulated: deps.simulated,
    groups,
    totals: counts,
    pipeline: {
      lag_messages: deps.pipeline()?.lag_messages ?? null,
      inserted_rows,
      settled_until: isoOrNull(published.settledUntilMs),
      newest_sample_at: isoOrNull(newest_sample_ms),
    },
    targets: targets.map(targetHealth),
    total,
    next_cursor: nextCursor(mark, { offset, given: targets.length, total }),
    gaps: gaps.map(deviceEvent),
  }
}

/** Targets of one node, for its page. */
export async function targetsOfNode(
  { reader, clock }: Pick<CollectionDeps, 'reader' | 'clock'>,
  place: { readonly cluster: string; readonly node: string },
): Promise<TargetHealth[]> {
  const filters = {
    ...parseTargetFilters([], ''),
    clusters: [place.cluster],
    nodes: [place.node],
  }
  const page = { now_ms: clock(), troubled: 0, limit: TARGETS_LIMIT_MAX, offset: 0 }
  return (await collectionTargets.run(reader, { ...filters, ...page })).map(targetHealth)
}

async function readGroups(
  reader: Reader,
  asked: {
    readonly filters: TargetFilterParams
    readonly fields: readonly TargetGroup[]
    readonly nowMs: number
  },
): Promise<CollectionGroup[]> {
  const { filters, fields, nowMs } = asked
  const [first, second] = fields
  if (first === undefined) return []
  const rows = await collectionGroups.run(reader, {
    ...filters,
    now_ms: nowMs,
    k1: first,
    k2: second ?? 'none',
    limit: GROUPS_MAX,
  })
  return rows.map(({ key_1, key_2, ...counts }) => ({
    key: { [first]: key_1, ...(second === undefined ? {} : { [second]: key_2 }) },
    ...counts,
  }))
}

const NO_TOTALS = {
  targets: 0,
  ok: 0,
  absent: 0,
  failed: 0,
  stale: 0,
  devices: 0,
  rejected: {},
  quarantined_24h: 0,
  inserted_rows: 0,
  newest_sample_ms: null,
}

const Examples = z.array(z.object({ line: z.string(), reason: z.string() }))
const Vanished = z.array(
  z.object({ metric: z.string(), last_ms: z.int().min(0).max(8.64e15), version: z.string() }),
)

function targetHealth(row: TargetRow): TargetHealth {
  const { at_ms, since_ms, last_ok_ms, is_stale, examples, vanished, total: _, ...told } = row
  return {
    ...told,
    at: iso(at_ms),
    since: iso(since_ms),
    last_ok: isoOrNull(last_ok_ms),
    examples: readJson(Examples, examples),
    vanished: readJson(Vanished, vanished).map(({ metric, last_ms, version }) => ({
      metric,
      last: iso(last_ms),
      version,
    })),
    stale: is_stale === 1,
  }
}

/** Lists that are stored as JSON; what is damaged is left out, the counts say that something was refused. */
function readJson<Item>(list: z.ZodType<Item[]>, text: string): Item[] {
  try {
    return list.catch([]).parse(JSON.parse(text === '' ? '[]' : text))
  } catch {
    return []
  }
}
