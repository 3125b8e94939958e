/**
 * Counters of a device's work from the coarsest to the finest, with the busy source each can be and the tier it is
 * whatever the source (DEFINITIONS section 2). Without the checker: the browser needs it and not zod.
 */
export const BUSY_LADDER = [
  { metric: 'gpu_util_ratio', source: 'gpu_util' },
  { metric: 'npu_util_ratio', source: 'npu_util' },
  { metric: 'gr_engine_active_ratio', source: 'gr_engine_active' },
  { metric: 'aicore_ratio', source: 'aicore', tier: 'active' },
  { metric: 'sm_active_ratio', tier: 'active' },
  { metric: 'sm_occupancy_ratio' },
  { metric: 'memory_bandwidth_active_ratio' },
  { metric: 'tensor_active_ratio', tier: 'effective' },
  { metric: 'aicube_ratio', tier: 'effective' },
] as const satisfies readonly {
  metric: string
  source?: string
  tier?: 'active' | 'effective'
}[]

export type LadderMetric = (typeof BUSY_LADDER)[number]['metric']
