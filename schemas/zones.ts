/** DEFINITIONS section 9, default levels of the busy tier, as utilization ratios; below a level = in its zone. */
export const DEFAULT_ZONE_LEVELS = { ticket: 0.75, watch: 0.7, warn: 0.65, danger: 0.6 } as const
export type Zone = 'ok' | keyof typeof DEFAULT_ZONE_LEVELS

/** The definition set every figure names. */
export const DEFINITION_SET = '2026.1'
