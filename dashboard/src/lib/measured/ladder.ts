import type { Device } from '#schemas/api.ts'

/** What a device says of its work, from the coarsest counter to the finest, and which of them counts as which tier. */

export type Tier = 'busy' | 'active' | 'effective'

/** Metrics in their order with the busy source they can be, and the tier they are whatever the source. */
const STEPS = [
  { metric: 'gpu_util_ratio', source: 'gpu_util' },
  { metric: 'npu_util_ratio', source: 'npu_util' },
  { metric: 'gr_engine_active_ratio', source: 'gr_engine_active' },
  { metric: 'aicore_ratio', source: 'aicore', tier: 'active' },
  { metric: 'sm_active_ratio', tier: 'active' },
  { metric: 'sm_occupancy_ratio' },
  { metric: 'memory_bandwidth_active_ratio' },
  { metric: 'tensor_active_ratio', tier: 'effective' },
  { metric: 'aicube_ratio', tier: 'effective' },
] as const satisfies readonly { metric: string; source?: string; tier?: Tier }[]

export type LadderMetric = (typeof STEPS)[number]['metric']

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
  return STEPS.flatMap((step): LadderStep[] => {
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
