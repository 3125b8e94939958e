import type { EfficiencyReference } from '#schemas/journal.ts'
import { OPEN_MS } from '../settle/capacity.ts'
import type { Changed } from './claims.ts'
import type { Span } from './spans.ts'

const PPM = 1_000_000

/** One row of `efficiency_references`. */
export interface StoredReference {
  readonly class: string
  readonly model: string
  readonly fromMs: number
  /** 0 = taken back. */
  readonly effectivePpm: number
  readonly version: number
}

const keyOf = (row: StoredReference) => JSON.stringify([row.class, row.model, row.fromMs])

/** What a new document of references changes; those it no longer holds are taken back. */
export function changedReferences(
  stored: readonly StoredReference[],
  document: readonly EfficiencyReference[],
  sequence: number,
): Changed<StoredReference> {
  const before = new Map(stored.map((row) => [keyOf(row), row]))
  const next = new Map(
    document.map((line): [string, StoredReference] => {
      const row = {
        class: line.class,
        model: line.model,
        fromMs: Math.min(line.from_ms, OPEN_MS),
        effectivePpm: Math.max(1, Math.round(line.effective * PPM)),
        version: sequence,
      }
      return [keyOf(row), row]
    }),
  )
  const gone = [...before]
    .filter(([key, row]) => row.effectivePpm > 0 && !next.has(key))
    .map(([, row]) => ({ ...row, effectivePpm: 0, version: sequence }))
  const writes: StoredReference[] = []
  const spans: Span[] = []
  for (const row of [...next.values(), ...gone]) {
    const known = before.get(keyOf(row))
    if (known !== undefined && known.version > row.version) continue
    const isSame = known?.effectivePpm === row.effectivePpm
    // A row of this very entry is what a crash left of it: it may not have been told yet.
    if (isSame && known.version !== row.version) continue
    if (!isSame) writes.push(row)
    spans.push({ fromMs: row.fromMs, toMs: OPEN_MS })
  }
  // Taken back by an entry that was cut short: the rows are there, and nobody was told.
  for (const row of stored)
    if (row.version === sequence && row.effectivePpm === 0)
      spans.push({ fromMs: row.fromMs, toMs: OPEN_MS })
  return { writes, spans }
}
