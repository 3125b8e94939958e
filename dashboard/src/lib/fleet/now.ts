import type { LedgerAnswer, LedgerGroup } from '#schemas/api-ledger.ts'
import type { LiveFleet } from '#schemas/api.ts'
import { epochMs } from '#lib/time.ts'
import type { Reading } from '#lib/zones.ts'

/** Which minute the Fleet page calls "now". */

const MINUTE_MS = 60_000
/** The settled minute stands for now while it is at most this far behind the last closed one. */
export const SETTLED_BEHIND_MS_MAX = 3 * MINUTE_MS

export interface Now {
  readonly reading: Reading
  readonly capacityDeviceSeconds: number
  /** Begin of its minute, epoch ms. */
  readonly minuteMs: number
  readonly provisional: boolean
}

/** The newest settled minute, [from, to); null while nothing is settled. */
export function settledMinute(
  settledUntil: string | null,
): { fromMs: number; toMs: number } | null {
  const until = epochMs(settledUntil)
  if (until === null) return null
  const toMs = Math.floor(until / MINUTE_MS) * MINUTE_MS
  return { fromMs: toMs - MINUTE_MS, toMs }
}

/** One group over the minute it speaks of. */
export interface SettledMinute {
  readonly group: LedgerGroup
  readonly minuteMs: number
}

export function minuteOf(answer: LedgerAnswer): SettledMinute | null {
  const group = answer.groups[0]
  const minuteMs = epochMs(answer.from)
  return group === undefined || minuteMs === null ? null : { group, minuteMs }
}

/**
 * The settled minute where it is new, so that the figure is the one the ledger adds up to; else the last closed minute
 * of the live stream, which is provisional.
 */
export function nowOf(fleet: LiveFleet, settled: SettledMinute | null): Now {
  const closedMs = Math.floor(fleet.at / MINUTE_MS) * MINUTE_MS - MINUTE_MS
  if (settled !== null && closedMs - settled.minuteMs <= SETTLED_BEHIND_MS_MAX) {
    return {
      reading: settled.group,
      capacityDeviceSeconds: settled.group.capacity_device_seconds,
      minuteMs: settled.minuteMs,
      provisional: false,
    }
  }
  const until = epochMs(fleet.settled_until)
  return {
    reading: fleet.fleet,
    capacityDeviceSeconds: fleet.fleet.capacity_device_seconds,
    minuteMs: closedMs,
    provisional: until === null || until < closedMs + MINUTE_MS,
  }
}

/** Bounds are said beside a figure only where they are further apart than this. */
export const BOUNDS_WIDE = 0.005

export const areBoundsWide = ({ util_lo: lo, util_hi: hi }: Reading): boolean =>
  lo !== null && hi !== null && hi - lo > BOUNDS_WIDE
