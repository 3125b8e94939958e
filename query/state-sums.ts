import type { LedgerState } from '#schemas/ledger.ts'

/**
 * Columns of the ledger that say in which state time was, in the order of the statements; the unit is the last part of
 * the name.
 */
export const STATE_COLUMNS = [
  'failed_ms',
  'drained_ms',
  'unknown_ms',
  'unallocated_ms',
  'idle_held_ms',
  'throttled_ms_x1000',
  'throttled_heat_ms_x1000',
  'throttled_power_ms_x1000',
  'inefficient_ms_x1000',
  'inefficient_lost_ms_x1000',
  'productive_ms_x1000',
  'busy_unallocated_ms_x1000',
  'busy_idle_held_ms_x1000',
  'busy_throttled_ms_x1000',
  'busy_inefficient_ms_x1000',
  'allocated_known_ms',
  'allocated_ms',
  'reserve_ms',
  'power_unallocated_mw_ms',
  'power_idle_held_mw_ms',
] as const
export type StateColumn = (typeof STATE_COLUMNS)[number]

/** Integer sums by state. Single rows may be negative (idle time found with hindsight), sums are what counts. */
export type StateSums = Readonly<Record<StateColumn, bigint>>

/** All states empty. */
export const NO_STATES: StateSums = Object.freeze(sumsBy(() => 0n))

/** Two sums together. */
export const joinStates = (a: StateSums, b: StateSums): StateSums =>
  sumsBy((column) => a[column] + b[column])

function sumsBy(of: (column: StateColumn) => bigint): StateSums {
  return {
    failed_ms: of('failed_ms'),
    drained_ms: of('drained_ms'),
    unknown_ms: of('unknown_ms'),
    unallocated_ms: of('unallocated_ms'),
    idle_held_ms: of('idle_held_ms'),
    throttled_ms_x1000: of('throttled_ms_x1000'),
    throttled_heat_ms_x1000: of('throttled_heat_ms_x1000'),
    throttled_power_ms_x1000: of('throttled_power_ms_x1000'),
    inefficient_ms_x1000: of('inefficient_ms_x1000'),
    inefficient_lost_ms_x1000: of('inefficient_lost_ms_x1000'),
    productive_ms_x1000: of('productive_ms_x1000'),
    busy_unallocated_ms_x1000: of('busy_unallocated_ms_x1000'),
    busy_idle_held_ms_x1000: of('busy_idle_held_ms_x1000'),
    busy_throttled_ms_x1000: of('busy_throttled_ms_x1000'),
    busy_inefficient_ms_x1000: of('busy_inefficient_ms_x1000'),
    allocated_known_ms: of('allocated_known_ms'),
    allocated_ms: of('allocated_ms'),
    reserve_ms: of('reserve_ms'),
    power_unallocated_mw_ms: of('power_unallocated_mw_ms'),
    power_idle_held_mw_ms: of('power_idle_held_mw_ms'),
  }
}

/** What the states are worked out from. */
export interface LedgerSums {
  /** Milliseconds. */
  readonly capacity: bigint
  readonly verification: bigint
  readonly known: bigint
  readonly busyX1000: bigint
  readonly states: StateSums
}

/** Time in each state, ms x 1,000. Verification is kept with capacity, not among the states' columns. */
export function timeByState({
  verification,
  states,
}: Pick<LedgerSums, 'verification' | 'states'>): Readonly<Record<LedgerState, bigint>> {
  return {
    failed: states.failed_ms * 1000n,
    drained: states.drained_ms * 1000n,
    verification: verification * 1000n,
    unknown: states.unknown_ms * 1000n,
    unallocated: states.unallocated_ms * 1000n,
    idle_held: states.idle_held_ms * 1000n,
    throttled: states.throttled_ms_x1000,
    inefficient: states.inefficient_ms_x1000,
    productive: states.productive_ms_x1000,
  }
}

/** Busy time in each state, ms x 1,000: failed, drained, verified and unknown time has none, productive the rest. */
export function busyByState({
  busyX1000,
  states,
}: Pick<LedgerSums, 'busyX1000' | 'states'>): Readonly<Record<LedgerState, bigint>> {
  const told = {
    unallocated: states.busy_unallocated_ms_x1000,
    idle_held: states.busy_idle_held_ms_x1000,
    throttled: states.busy_throttled_ms_x1000,
    inefficient: states.busy_inefficient_ms_x1000,
  }
  const { unallocated, idle_held, throttled, inefficient } = told
  const rest = busyX1000 - unallocated - idle_held - throttled - inefficient
  return { failed: 0n, drained: 0n, verification: 0n, unknown: 0n, ...told, productive: rest }
}

/** What the nine states are short of capacity (negative: beyond it), ms x 1,000. Always 0, or the ledger is broken. */
export function missingFromLedger({ capacity, verification, states }: LedgerSums): bigint {
  const { failed_ms, drained_ms, unknown_ms, unallocated_ms, idle_held_ms } = states
  const quiet = failed_ms + drained_ms + verification + unknown_ms + unallocated_ms + idle_held_ms
  const { throttled_ms_x1000, inefficient_ms_x1000, productive_ms_x1000 } = states
  const atWork = throttled_ms_x1000 + inefficient_ms_x1000 + productive_ms_x1000
  return (capacity - quiet) * 1000n - atWork
}
