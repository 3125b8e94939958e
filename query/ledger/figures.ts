import type { LedgerTimes } from '#schemas/api-ledger-parts.ts'
import { type LedgerGroup, WATERFALL_STEPS } from '#schemas/api-ledger.ts'
import type { LedgerState } from '#schemas/ledger.ts'
import { busyByState, type LedgerSums, missingFromLedger, timeByState } from '../state-sums.ts'
import { type UtilizationSums, utilizationOf } from '../sums.ts'

/** ms x 1,000 as device-seconds. */
export const secondsOf = (msX1000: bigint): number => Number(msX1000) / 1_000_000
const HOUR_MS_X1000 = 3_600_000_000
/** ms x 1,000 as device-hours. */
export const hoursOf = (msX1000: bigint): number => Number(msX1000) / HOUR_MS_X1000

/** Utilization and the sums it is divided from. */
export function boundsOf(sums: UtilizationSums) {
  return {
    ...utilizationOf(sums),
    capacity_device_seconds: secondsOf(sums.capacity * 1000n),
    base_device_seconds: secondsOf((sums.capacity - sums.verification) * 1000n),
    known_device_seconds: secondsOf(sums.known * 1000n),
    busy_device_seconds: secondsOf(sums.busyX1000),
  }
}

/** Times by state as device-seconds. */
export const inSeconds = (times: Readonly<Record<LedgerState, bigint>>): LedgerTimes => ({
  failed: secondsOf(times.failed),
  drained: secondsOf(times.drained),
  verification: secondsOf(times.verification),
  unknown: secondsOf(times.unknown),
  unallocated: secondsOf(times.unallocated),
  idle_held: secondsOf(times.idle_held),
  throttled: secondsOf(times.throttled),
  inefficient: secondsOf(times.inefficient),
  productive: secondsOf(times.productive),
})

/** States, their busy time and the way from capacity to busy, as an answer has them. */
export function ledgerFigures(
  sums: LedgerSums,
  allocationSources: LedgerGroup['allocation_sources'],
): Omit<LedgerGroup, 'key' | 'devices'> {
  const { states } = sums
  const times = timeByState(sums)
  const busy = busyByState(sums)
  const missing = missingFromLedger(sums)
  const steps = waterfallOf(sums, { times, busy })
  const { throttled_heat_ms_x1000: heat, throttled_power_ms_x1000: brake } = states
  return {
    ...boundsOf(sums),
    ledger: inSeconds(times),
    reserve_device_seconds: secondsOf(states.reserve_ms * 1000n),
    busy_by_state: inSeconds(busy),
    throttled_by_cause: {
      heat: secondsOf(heat),
      power_brake: secondsOf(brake),
      hardware: secondsOf(times.throttled - heat - brake),
    },
    waterfall: WATERFALL_STEPS.map((step) => ({ step, device_seconds: secondsOf(steps[step]) })),
    allocation_sources: allocationSources,
    ledger_ok: missing === 0n,
    missing_device_seconds: secondsOf(missing),
  }
}

/**
 * From capacity to busy, ms x 1,000, in the order of WATERFALL_STEPS. Without the time nobody works in, and without the
 * idle part of the time somebody does (part_busy), what is left is busy; what little was busy in quiet states is added
 * back. Written out, because an answer has thousands of them.
 */
export function waterfallOf(
  sums: LedgerSums,
  { times, busy } = { times: timeByState(sums), busy: busyByState(sums) },
): Readonly<Record<(typeof WATERFALL_STEPS)[number], bigint>> {
  const atWork = times.throttled + times.inefficient + times.productive
  const busyAtWork = busy.throttled + busy.inefficient + busy.productive
  return {
    capacity: sums.capacity * 1000n,
    failed: -times.failed,
    drained: -times.drained,
    verification: -times.verification,
    unknown: -times.unknown,
    unallocated: -times.unallocated,
    idle_held: -times.idle_held,
    part_busy: busyAtWork - atWork,
    busy_while_quiet: sums.busyX1000 - busyAtWork,
    busy: sums.busyX1000,
  }
}
