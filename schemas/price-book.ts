import type { ElectricityPrice, JournalBody, PriceLine } from './journal.ts'
import { modelKey } from './models/model.ts'

/** Lines, currency rates and electricity as people entered them; null = nobody entered any. */
export type PriceDocument = Pick<
  Extract<JournalBody, { kind: 'prices' }>,
  'lines' | 'currencies' | 'electricity'
>

/** What an hour of a device is taken to cost where no price line was ever entered; printed as assumed. */
export const ASSUMED_USD_PER_HOUR = 2
/** The same for a kWh of electricity. */
export const ASSUMED_USD_PER_KWH = 0.08
/** Prices are whole millionths of a dollar, so that sums of money are exact. */
export const MICRO_USD = 1_000_000

const MINUTE_MS = 60_000

export interface Price {
  /** Millionths of a US dollar, for one device hour or one kWh. */
  readonly microUsd: bigint
  /** Nobody entered a price at all. */
  readonly isAssumed: boolean
}

/** Electricity from `fromMinute` of the local day until the next period begins. */
export interface TariffPeriod {
  readonly fromMinute: number
  /** Null = its currency has no rate then. */
  readonly price: Price | null
}

/** Prices in force at any time. A minute has the price of its beginning. */
export interface PriceBook {
  /** Of one device hour; null = a book was entered and says nothing of this model, pool or currency then. */
  deviceHour(place: { readonly model: string; readonly pool: string }, atMs: number): Price | null
  /** The periods of a local day, in their order; at least one. The last began the evening before. */
  tariff(atMs: number): readonly TariffPeriod[]
  /** Minutes inside (from, to) at which any price may change, rising: between them all prices stand. */
  changes(window: { readonly fromMs: number; readonly toMs: number }): readonly number[]
}

const ASSUMED_HOUR = assumed(ASSUMED_USD_PER_HOUR)
const ASSUMED_TARIFF: readonly TariffPeriod[] = [
  { fromMinute: 0, price: assumed(ASSUMED_USD_PER_KWH) },
]

function assumed(usd: number): Price {
  return { microUsd: BigInt(Math.round(usd * MICRO_USD)), isAssumed: true }
}

/** Beginning of the first whole minute of a price. */
const firstMinute = (ms: number) => Math.ceil(ms / MINUTE_MS) * MINUTE_MS

/**
 * The book of a document. Of the lines in force the most specific counts: model and pool, then model, then pool, then
 * any; of those the one that began last, and of two of one moment the dearer, so that their order says nothing. Models
 * are compared as the model catalogue compares their names.
 */
export function priceBook(document: PriceDocument | null): PriceBook {
  const { lines, currencies, electricity } = document ?? NOTHING
  const rates = ratesOf(currencies)
  const byPlace = linesByPlace(lines)
  const tariffs = electricity.toSorted((a, b) => b.from_ms - a.from_ms)
  const starts = changesOf({ lines, currencies, electricity })
  const usd = (amount: number, currency: string, atMs: number): Price | null => {
    const rate = rates(currency, atMs)
    if (rate === null) return null
    return { microUsd: BigInt(Math.round(amount * rate * MICRO_USD)), isAssumed: false }
  }
  return {
    deviceHour({ model, pool }, atMs) {
      if (lines.length === 0) return ASSUMED_HOUR
      const key = modelKey(model)
      for (const place of [placeKey(key, pool), placeKey(key, ''), placeKey('', pool), ANY]) {
        const begun = inForce(byPlace.get(place) ?? [], atMs)
        if (begun.length === 0) continue
        // A line whose currency has no rate says that there is a price, not that another one holds.
        const prices = begun
          .map((line) => usd(line.per_hour, line.currency, atMs))
          .filter((price) => price !== null)
        return prices.toSorted((x, y) => (x.microUsd < y.microUsd ? 1 : -1))[0] ?? null
      }
      return null
    },
    tariff(atMs) {
      if (electricity.length === 0) return ASSUMED_TARIFF
      const line = tariffs.find(({ from_ms }) => firstMinute(from_ms) <= atMs)
      if (line === undefined) return [{ fromMinute: 0, price: null }]
      return line.periods
        .toSorted((a, b) => a.from_minute - b.from_minute)
        .map(({ from_minute, per_kwh }) => ({
          fromMinute: from_minute,
          price: usd(per_kwh, line.currency, atMs),
        }))
    },
    changes: ({ fromMs, toMs }) => starts.filter((ms) => ms > fromMs && ms < toMs),
  }
}

const NOTHING: PriceDocument = { lines: [], currencies: [], electricity: [] }

const placeKey = (model: string, pool: string) => JSON.stringify([model, pool])
const ANY = placeKey('', '')

/** Lines by model and pool, the newest first. */
function linesByPlace(lines: readonly PriceLine[]): ReadonlyMap<string, readonly PriceLine[]> {
  const newest = lines.toSorted((a, b) => b.from_ms - a.from_ms)
  return Map.groupBy(newest, ({ model, pool }) =>
    placeKey(model === '' ? '' : modelKey(model), pool),
  )
}

/** The newest lines that have begun: more than one only where several begin in one minute. */
function inForce(newestFirst: readonly PriceLine[], atMs: number): readonly PriceLine[] {
  const begun = newestFirst.filter(({ from_ms }) => firstMinute(from_ms) <= atMs)
  const newest = begun[0]?.from_ms
  return begun.filter(({ from_ms }) => from_ms === newest)
}

/** US dollars for one unit of a currency; null when nobody said. */
function ratesOf(currencies: PriceDocument['currencies']) {
  const newest = currencies.toSorted((a, b) => b.from_ms - a.from_ms || b.usd - a.usd)
  const byCurrency = Map.groupBy(newest, ({ currency }) => currency)
  return (currency: string, atMs: number): number | null => {
    const rates = byCurrency.get(currency) ?? []
    const rate = rates.find(({ from_ms }) => firstMinute(from_ms) <= atMs)
    return rate?.usd ?? (currency === 'USD' ? 1 : null)
  }
}

/** When prices change: lines, tariffs, and rates of currencies that they are in. */
function changesOf({ lines, currencies, electricity }: PriceDocument): readonly number[] {
  const priced: readonly (PriceLine | ElectricityPrice)[] = [...lines, ...electricity]
  const used = new Set(priced.map(({ currency }) => currency))
  const rates = currencies.filter(({ currency }) => used.has(currency))
  const starts = [...priced, ...rates].map(({ from_ms }) => firstMinute(from_ms))
  return [...new Set(starts)].toSorted((a, b) => a - b)
}

/** The price of a tariff at a minute of the local day: before the first period the last one still counts. */
export function tariffPriceAt(tariff: readonly TariffPeriod[], minuteOfDay: number): Price | null {
  const begun = tariff.findLast(({ fromMinute }) => fromMinute <= minuteOfDay)
  return (begun ?? tariff.at(-1))?.price ?? null
}
