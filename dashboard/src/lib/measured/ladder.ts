import type { Device } from '#schemas/api.ts'
import { BUSY_LADDER, type LadderMetric } from '#schemas/busy-ladder.ts'

/** What a device says of its work, from the coarsest counter to the finest, and which of them counts as which tier. */

export type Tier = 'busy' | 'active' | 'effective'

export interface LadderStep {
  readonly metric: LadderMetric
  /** 0..1 */
  readonly value: number
  /** Tiers it counts as, on this device; none = shown beside them. */
  readonly tiers: readonly Tier[]
}

/** The steps that a device has now. */
export function ladderOf({
  latest,
  busy_source: source,
}: Pick<Device, 'latest' | 'busy_source'>): LadderStep[] {
  return BUSY_LADDER.flatMap((step): LadderStep[] => {
    const value = latest[step.metric]
    if (value === null || value === undefined) return []
    const isBusy = 'source' in step && step.source === source
    const own = 'tier' in step ? [step.tier] : []
    return [{ metric: step.metric, value, tiers: isBusy ? ['busy', ...own] : own }]
  })
}

/** Tiers that no counter of the device gives: absent, not zero. */
export function missingTiers(steps: readonly LadderStep[]): Tier[] {
  const given = new Set(steps.flatMap(({ tiers }) => tiers))
  return (['busy', 'active', 'effective'] as const).filter((tier) => !given.has(tier))
}
