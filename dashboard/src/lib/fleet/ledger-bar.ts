import type { LedgerGroup } from '#schemas/api-ledger.ts'
import { wholesOf } from '#schemas/largest-remainder.ts'

/**
 * The ledger of one window as a bar on the scale of utilization: known time is 100 %, so that the busy parts end
 * exactly at the utilization. What does not count (unknown, verification) lies beyond 100 %.
 */

/** Parts in the order they are drawn; the first three are busy time. */
export const BUSY_PARTS = ['busy', 'busy_inefficient', 'busy_throttled'] as const
export const LOST_PARTS = ['part_busy', 'idle_held', 'unallocated', 'drained', 'failed'] as const
export const OUTSIDE_PARTS = ['verification', 'unknown'] as const
export type PartName =
  | (typeof BUSY_PARTS)[number]
  | (typeof LOST_PARTS)[number]
  | (typeof OUTSIDE_PARTS)[number]

export interface BarPart {
  readonly name: PartName
  /** Of known time; those outside too. */
  readonly ratio: number
  /** Whole tenths of a percent that sum: the busy ones to the utilization, they and the lost ones to 100 %. */
  readonly tenths: number
  /** Mean devices over the window. */
  readonly devices: number
}

export interface LedgerBar {
  readonly utilization: number
  /** Utilization in whole tenths of a percent, as it is printed. */
  readonly tenths: number
  readonly busy: readonly BarPart[]
  readonly lost: readonly BarPart[]
  readonly outside: readonly BarPart[]
  /** Capacity on the same scale: 1 where everything is known and counts. */
  readonly end: number
}

/** Device-seconds of each part; together they are capacity. */
export function secondsByPart({
  ledger,
  busy_by_state: busy,
  busy_device_seconds: allBusy,
}: Pick<LedgerGroup, 'ledger' | 'busy_by_state' | 'busy_device_seconds'>): Readonly<
  Record<PartName, number>
> {
  const atWork = ledger.productive + ledger.inefficient + ledger.throttled
  return {
    // What little was busy in quiet states is busy as well.
    busy: allBusy - busy.inefficient - busy.throttled,
    busy_inefficient: busy.inefficient,
    busy_throttled: busy.throttled,
    part_busy: atWork - (busy.productive + busy.inefficient + busy.throttled),
    idle_held: ledger.idle_held - busy.idle_held,
    unallocated: ledger.unallocated - busy.unallocated,
    drained: ledger.drained,
    failed: ledger.failed,
    verification: ledger.verification,
    unknown: ledger.unknown,
  }
}

/** Null where nothing is known: there is no scale then. */
export function ledgerBar(group: LedgerGroup): LedgerBar | null {
  const { utilization, known_device_seconds: known, capacity_device_seconds: capacity } = group
  if (utilization === null || known <= 0) return null
  const seconds = secondsByPart(group)
  const perDevice = group.devices > 0 ? capacity / group.devices : 0
  const tenths = Math.round(utilization * 1000)
  const partsOf = <Name extends PartName>(names: readonly Name[], whole: number | null) => {
    const ratios = names.map((name) => Math.max(0, seconds[name]) / known)
    const exact = ratios.map((ratio) => ratio * 1000)
    const rounded = whole === null ? exact.map(Math.round) : wholesOf(exact, whole)
    return names.map((name, at) => ({
      name,
      ratio: ratios[at] ?? 0,
      tenths: rounded[at] ?? 0,
      devices: perDevice > 0 ? Math.max(0, seconds[name]) / perDevice : 0,
    }))
  }
  return {
    utilization,
    tenths,
    busy: partsOf(BUSY_PARTS, tenths),
    lost: partsOf(LOST_PARTS, 1000 - tenths),
    outside: partsOf(OUTSIDE_PARTS, null),
    end: Math.max(1, capacity / known),
  }
}
