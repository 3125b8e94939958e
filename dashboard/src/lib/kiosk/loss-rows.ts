import type { LossLine } from '#schemas/orders.ts'
import type { LossAnswer } from '#schemas/api-ledger.ts'
import { epochMs } from '#lib/time.ts'

const HOUR_MS = 3_600_000
/** Lines that a screen shows in large type. */
export const LOSS_SHOWN = 4

/** Lost dollars an hour by state, the most first; what has no price is left out. */
export function lossRows(answer: LossAnswer): { line: LossLine; usd: number }[] {
  const [group] = answer.groups
  const lengthMs = (epochMs(answer.to) ?? 0) - (epochMs(answer.from) ?? 0)
  if (group === undefined || lengthMs <= 0) return []
  const { by_state: lines } = group
  const names: readonly LossLine[] = [
    'failed',
    'drained',
    'unallocated',
    'idle_held',
    'throttled',
    'part_busy',
    'inefficient',
  ]
  return names
    .flatMap((line) => {
      const { usd } = lines[line]
      return usd === null || usd <= 0 ? [] : [{ line, usd: usd / (lengthMs / HOUR_MS) }]
    })
    .toSorted((a, b) => b.usd - a.usd)
}
