import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { INTERVAL_KINDS } from '#schemas/ledger.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'

const SQL = readFileSync(new URL('./new-changes.sql', import.meta.url), 'utf8')

const integer = z.coerce.number().int()
const Row = z.object({
  inserted_at_ms: integer,
  from_ms: integer,
  to_ms: integer,
  reason: z.templateLiteral([
    z.enum([...INTERVAL_KINDS, 'allocation', 'place', 'reference', 'owner']),
    ' corrected',
  ]),
})

/** Somebody changed who holds devices, where they stand, or what is expected of them, in [fromMs, toMs). */
export interface IntervalChange {
  readonly fromMs: number
  readonly toMs: number
  /** By the clock of who wrote it, after what it tells of. */
  readonly insertedAtMs: number
  readonly reason: z.infer<typeof Row>['reason']
}

export interface ChangesDeps {
  readonly store: Pick<Store, 'query'>
  readonly clock: Clock
  readonly log: Logger
  /** Changes before this are known to what was settled, epoch ms. */
  readonly sinceMs: number
  readonly onChange: (change: IntervalChange) => void
}

export interface Changes {
  /** Looks for new ones when it is time to; never rejects. */
  look(): Promise<void>
}

const LOOK_MS = 10_000
/** Writers' clocks, and inserts that take their time: a change is told again for this long, which costs nothing. */
const OVERLAP_MS = 60_000
const LIMITS = { maxResultRows: 1_000_000, maxExecutionMs: 30_000 }

/** Notices what journal entries changed in the interval tables, and tells what time it reaches. */
export function createChanges({ store, clock, log, sinceMs, onChange }: ChangesDeps): Changes {
  let fromMs = sinceMs
  let lookedMs = -Infinity
  let isAway = false
  return {
    async look() {
      if (clock() - lookedMs < LOOK_MS) return
      lookedMs = clock()
      try {
        const rows = z.array(Row).parse(await store.query(SQL, { since_ms: fromMs }, LIMITS))
        for (const { inserted_at_ms, from_ms, to_ms, reason } of rows)
          onChange({ fromMs: from_ms, toMs: to_ms, insertedAtMs: inserted_at_ms, reason })
        const newestMs = rows.at(-1)?.inserted_at_ms ?? 0
        fromMs = Math.max(fromMs, newestMs - OVERLAP_MS)
        isAway = false
      } catch (error) {
        if (!isAway) log.warn('cannot look for changed intervals', { cause: String(error) })
        isAway = true
      }
    },
  }
}
