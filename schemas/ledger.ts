/**
 * The nine states of DEFINITIONS section 4, in the order in which the first that matches wins. Every device-second
 * of capacity is in exactly one.
 */
export const LEDGER_STATES = [
  'failed',
  'drained',
  'verification',
  'unknown',
  'unallocated',
  'idle_held',
  'throttled',
  'inefficient',
  'productive',
] as const
export type LedgerState = (typeof LEDGER_STATES)[number]

/**
 * How long a held device may be quiet before the whole stretch is idle_held, minutes, by workload class
 * (DEFINITIONS section 4). Classes that are not listed have the window of training.
 */
export const IDLE_WINDOW_MINUTES = { training: 15, interactive: 60, serving: 120 } as const
export const IDLE_WINDOW_MINUTES_DEFAULT = IDLE_WINDOW_MINUTES.training
/** Look-back of the longest window: ledger states older than this before settled_until no longer change by it. */
export const IDLE_WINDOW_MINUTES_MAX = IDLE_WINDOW_MINUTES.serving
/** A minute is quiet when all its samples are below this busy ratio. */
export const QUIET_BELOW_RATIO = 0.05

/** A workload that burns in, accepts or checks devices: its time is `verification`. */
export const VERIFICATION_CLASS = 'verification'

/** What kinds of intervals set a state of a device; capacity is counted, `delivered` on a line of its own. */
export const INTERVAL_KINDS = [
  'capacity',
  'failed',
  'drained',
  'verification',
  'delivered',
] as const
export type IntervalKind = (typeof INTERVAL_KINDS)[number]

/** Who says that a device is held, strongest first: of several the strongest counts (docs/attribution.md). */
export const ALLOCATION_SOURCES = ['api', 'slurm', 'csv', 'import', 'telemetry', 'none'] as const
export type AllocationSource = (typeof ALLOCATION_SOURCES)[number]

/** Holder of a busy device that no source names. */
export const UNATTRIBUTED = 'unattributed'
