import type { LossAnswer } from '#schemas/api-ledger.ts'
import { epochMs } from '#lib/time.ts'

const HOUR_MS = 3_600_000

export interface LossPerHour {
  /** Dollars per hour; negative = ahead of the target, null = no price is known. */
  readonly versusTarget: number | null
  readonly versusCapacity: number | null
  readonly assumed: boolean
}

/** The loss of a window as dollars per hour; null for an answer without a group. */
export function perHour(answer: LossAnswer): LossPerHour | null {
  const group = answer.groups[0]
  const [fromMs, toMs] = [epochMs(answer.from), epochMs(answer.to)]
  if (group === undefined || fromMs === null || toMs === null || toMs <= fromMs) return null
  const { versus_target: target } = group.loss_usd
  return {
    versusTarget: target === null ? null : target / ((toMs - fromMs) / HOUR_MS),
    versusCapacity: group.usd_per_hour,
    assumed: group.assumed,
  }
}
