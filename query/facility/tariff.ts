import { type FacilityBook, facilityAt, NO_FACILITY, type SiteRow } from '#schemas/facility.ts'
import { MICRO_USD, type PriceBook, type TariffPeriod, tariffPriceAt } from '#schemas/price-book.ts'
import { MINUTE_MS, type TimeWindow } from '../window.ts'
import { ceilBucket } from './periods.ts'

const MJ_PER_KWH = 3_600_000_000
/** Factors are whole millionths, so that sums do not depend on their order. */
export const MICRO_CARBON = 1_000_000
const DAY_MINUTES = 1440
const SLOT_MINUTES_MIN = 15

/** Energy drawn at one time of the day between two changes of prices and factors. */
export interface DatedEnergy {
  /** Begin of the piece, epoch ms. */
  readonly pieceMs: number
  /** Of the local day, in slots of `slotMinutes`. */
  readonly slot: number
  readonly mj: bigint
}

/** What energy cost and gave off. */
export interface EnergyBill {
  /** Null = a part of it has no price. */
  readonly usd: number | null
  readonly assumed: boolean
  /** Null = nobody entered a factor for a part of it. */
  readonly co2eKg: number | null
}

/** Prices and factors of one window, and how finely energy has to be read for them. */
export interface Tariff {
  /** Begins of pieces, epoch ms, the first is that of the window; a bucket has what holds at its begin. */
  readonly pieces: readonly number[]
  readonly slotMinutes: number
  bill(parts: Iterable<DatedEnergy>): EnergyBill
}

/** The site's row in force, of the one site there is. */
export function siteAt({ sites }: Pick<FacilityBook, 'sites'>, atMs: number): SiteRow | null {
  return facilityAt({ ...NO_FACILITY, sites }, atMs).sites[0] ?? null
}

/** `more`: other moments at which a window has to be cut. */
export function tariffOf(
  window: TimeWindow,
  given: {
    readonly prices: PriceBook
    readonly book: FacilityBook
    readonly more?: readonly number[]
  },
): Tariff {
  const { prices, book, more = [] } = given
  const changes = [...prices.changes(window), ...book.sites.map(({ from_ms }) => from_ms), ...more]
  const cuts = changes.map(ceilBucket).filter((ms) => ms > window.fromMs && ms < window.toMs)
  const pieces = [...new Set([window.fromMs, ...cuts])].toSorted((a, b) => a - b)
  const tariffs = new Map(pieces.map((ms) => [ms, prices.tariff(ms)]))
  const factors = new Map(pieces.map((ms) => [ms, microCarbonAt(book, ms)]))
  const slotMinutes = slotOf([...tariffs.values()])
  return {
    pieces,
    slotMinutes,
    bill(parts) {
      let money: bigint | null = 0n
      let carbon: bigint | null = 0n
      let assumed = false
      for (const { pieceMs, slot, mj } of parts) {
        if (mj === 0n) continue
        const tariff = tariffs.get(pieceMs)
        const price = tariff === undefined ? null : tariffPriceAt(tariff, slot * slotMinutes)
        money = price === null || money === null ? null : money + mj * price.microUsd
        assumed ||= price?.isAssumed ?? false
        const factor = factors.get(pieceMs) ?? null
        carbon = factor === null || carbon === null ? null : carbon + mj * factor
      }
      return {
        usd: money === null ? null : Number(money) / (MJ_PER_KWH * MICRO_USD),
        assumed,
        co2eKg: carbon === null ? null : Number(carbon) / (MJ_PER_KWH * MICRO_CARBON),
      }
    },
  }
}

/** The grid's factor at a moment, millionths of a kg CO2e per kWh; null = nobody entered one. */
export function microCarbonAt(book: Pick<FacilityBook, 'sites'>, atMs: number): bigint | null {
  const kg = siteAt(book, atMs)?.grid_kg_co2e_per_kwh ?? null
  return kg === null ? null : BigInt(Math.round(kg * MICRO_CARBON))
}

/** Moments inside a window at which the grid's factor changes, rising, in whole minutes. */
export function carbonChanges(
  book: Pick<FacilityBook, 'sites'>,
  { fromMs, toMs }: TimeWindow,
): readonly number[] {
  const starts = book.sites.map(({ from_ms }) => Math.ceil(from_ms / MINUTE_MS) * MINUTE_MS)
  return [...new Set(starts)]
    .filter((ms) => ms > fromMs && ms < toMs)
    .toSorted((a, b) => a - b)
    .filter((ms) => microCarbonAt(book, ms) !== microCarbonAt(book, ms - MINUTE_MS))
}

/** The longest slot of the day that no period of a tariff begins within, in whole buckets. */
function slotOf(tariffs: readonly (readonly TariffPeriod[])[]): number {
  const changing = tariffs.filter((tariff) => tariff.length > 1)
  if (changing.length === 0) return DAY_MINUTES
  const edges = changing.flat().map(({ fromMinute }) => fromMinute)
  return Math.max(SLOT_MINUTES_MIN, edges.reduce(commonDivisor, DAY_MINUTES))
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))
