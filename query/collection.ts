import { z } from 'zod'
import type { CollectionAnswer, TargetHealth } from '#schemas/api.ts'
import type { PipelineStatus, Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import { cursorOffset, nextCursor } from './cursor.ts'
import { deviceEvent } from './devices.ts'
import { collectionTargets, collectionTotals, type TargetRow } from './queries/collection.ts'
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

/** GET /api/v1/collection: what every target said last, and what did not get through. */
export async function collectionHealth(
  deps: CollectionDeps,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<CollectionAnswer> {
  const offset = cursorOffset('collection', page.cursor)
  const now_ms = deps.clock()
  const [targets, [totals], gaps, published] = await Promise.all([
    collectionTargets.run(deps.reader, { now_ms, limit: page.limit, offset }),
    collectionTotals.run(deps.reader, { now_ms }),
    gapEvents.run(deps.reader, { now_ms, limit: GAPS_MAX }),
    readPublished(deps.reader),
  ])
  const { inserted_rows, newest_sample_ms, ...counts } = totals ?? NO_TOTALS
  return {
    simulated: deps.simulated,
    totals: counts,
    pipeline: {
      lag_messages: deps.pipeline()?.lag_messages ?? null,
      inserted_rows,
      settled_until: isoOrNull(published.settledUntilMs),
      newest_sample_at: isoOrNull(newest_sample_ms),
    },
    targets: targets.map(targetHealth),
    next_cursor: nextCursor('collection', { offset, given: targets.length, total: counts.targets }),
    gaps: gaps.map(deviceEvent),
  }
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

function targetHealth(row: TargetRow): TargetHealth {
  const { at_ms, since_ms, last_ok_ms, is_stale, examples, ...told } = row
  return {
    ...told,
    at: iso(at_ms),
    since: iso(since_ms),
    last_ok: isoOrNull(last_ok_ms),
    examples: readExamples(examples),
    stale: is_stale === 1,
  }
}

/** Examples are stored as JSON; what is damaged is left out, the counts say that something was refused. */
function readExamples(text: string): TargetHealth['examples'] {
  try {
    return Examples.catch([]).parse(JSON.parse(text === '' ? '[]' : text))
  } catch {
    return []
  }
}
