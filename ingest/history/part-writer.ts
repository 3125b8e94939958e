import type { Store } from '../store/store.ts'
import type { SampleRows } from './sample-rows.ts'
import type { Span } from './spans.ts'
import type { StoredParts } from './stored-parts.ts'

export interface PartWriter {
  /** Stores the rows so far as the next part, unless it is stored. */
  readonly flush: () => Promise<void>
  /** What was written, and the time it speaks for when the last sample speaks for `stepMs`. */
  totals(stepMs: number): { samples: number; stored: number; span: Span | null }
}

/** Stores samples part by part. */
export function createPartWriter(
  store: Pick<Store, 'insertNative'>,
  parts: StoredParts,
  rows: SampleRows,
): PartWriter {
  const counters = { part: 0, samples: 0, stored: 0, minMs: Infinity, maxMs: -Infinity }
  return {
    flush: async () => {
      if (rows.rows === 0) return
      const { columns, ...span } = rows.take()
      const isNew = await parts.store(counters.part, async (token) => {
        await store.insertNative('samples', columns, span.rows, token)
        return span
      })
      counters.part += 1
      counters.samples += span.rows
      if (isNew) counters.stored += span.rows
      counters.minMs = Math.min(counters.minMs, span.minMs)
      counters.maxMs = Math.max(counters.maxMs, span.maxMs)
    },
    totals(stepMs) {
      const { samples, stored, minMs, maxMs } = counters
      return { samples, stored, span: samples > 0 ? { fromMs: minMs, toMs: maxMs + stepMs } : null }
    },
  }
}
