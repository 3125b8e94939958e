import { LOSS_LINES, type LossLine } from '#schemas/orders.ts'
import type { Money } from '#schemas/api-ledger.ts'
import { MICRO_USD, type Price } from '#schemas/price-book.ts'
import { DEFAULT_ZONE_LEVELS } from '#schemas/zones.ts'
import { busyByState, type LedgerSums, timeByState } from '../state-sums.ts'
import { hoursOf } from './figures.ts'

/** Time and what it is worth, in whole numbers: divided once, at the rim. */
export interface Worth {
  /** ms x 1,000; may be negative where it is a difference. */
  readonly time: bigint
  /** The part of it that has a price. */
  readonly priced: bigint
  /** Priced time x millionths of a dollar per hour. */
  readonly money: bigint
  readonly isAssumed: boolean
}

export const NO_WORTH: Worth = { time: 0n, priced: 0n, money: 0n, isAssumed: false }

/** What time is worth at a price; without one it is only time. */
export function worthOf(time: bigint, price: Price | null): Worth {
  if (price === null) return { time, priced: 0n, money: 0n, isAssumed: false }
  const isAssumed = price.isAssumed && time !== 0n
  return { time, priced: time, money: time * price.microUsd, isAssumed }
}

export const joinWorth = (a: Worth, b: Worth): Worth => ({
  time: a.time + b.time,
  priced: a.priced + b.priced,
  money: a.money + b.money,
  isAssumed: a.isAssumed || b.isAssumed,
})

/** What is left of `a` without `b`, a part of it. */
export const lessWorth = (a: Worth, b: Worth): Worth => ({
  time: a.time - b.time,
  priced: a.priced - b.priced,
  money: a.money - b.money,
  isAssumed: a.isAssumed,
})

export const sumWorth = (parts: readonly Worth[]): Worth => parts.reduce(joinWorth, NO_WORTH)

const MICRO_PER_X1000_HOUR = 3_600_000_000 * MICRO_USD

/** Dollars; null when there is time and not one bit of it has a price: unpriced is never $0. */
export const usdOf = ({ time, priced, money }: Worth): number | null =>
  time !== 0n && priced === 0n ? null : Number(money) / MICRO_PER_X1000_HOUR

export const moneyOf = (worth: Worth): Money => ({
  gpu_hours: hoursOf(worth.time),
  usd: usdOf(worth),
})

/** Thousandths of known time that should be busy: 0.75, the level of the first zone. */
const TARGET_PER_MILLE = BigInt(DEFAULT_ZONE_LEVELS.ticket * 1000)

/** 0.75 x known - busy, ms x 1,000: negative when ahead of the target. */
export const shortOfTarget = ({ known, busyX1000 }: LedgerSums): bigint =>
  TARGET_PER_MILLE * known - busyX1000

/**
 * Lost time by line, ms x 1,000 (DEFINITIONS section 6). No second is lost twice, so that the lines never exceed
 * capacity: time that was throttled is lost as that, of inefficient time the deficit is (a quiet moment lowers the
 * effective share as well), and part-busy is what productive time was not busy.
 */
export function lostByLine(sums: LedgerSums): Readonly<Record<LossLine, bigint>> {
  const times = timeByState(sums)
  return {
    failed: times.failed,
    drained: times.drained,
    unallocated: times.unallocated,
    idle_held: times.idle_held,
    throttled: times.throttled,
    part_busy: times.productive - busyByState(sums).productive,
    inefficient: sums.states.inefficient_lost_ms_x1000,
  }
}

/** All lines together, ms x 1,000. */
export function lostTime(sums: LedgerSums): bigint {
  const lines = lostByLine(sums)
  return LOSS_LINES.reduce((sum, line) => sum + lines[line], 0n)
}
