import type { PriceLine } from '#schemas/journal.ts'
import type { SettingsAnswer } from '#schemas/api-settings.ts'
import { wallTime, wallTimeMs } from '#lib/channels/wall-time.ts'

/** A price as it is typed, and what it would be as a line. */

export interface PriceDraft {
  readonly model: string
  readonly pool: string
  readonly amount: string
  readonly currency: string
  /** Site time as it is typed; empty = since ever. */
  readonly from: string
}

type Prices = Pick<SettingsAnswer['prices'], 'lines' | 'currencies'>

/** A draft of a line that is there, to be changed. */
export const draftOf = (line: PriceLine, zone: string): PriceDraft => ({
  model: line.model,
  pool: line.pool,
  amount: String(line.per_hour),
  currency: line.currency,
  from: line.from_ms === 0 ? '' : wallTime(line.from_ms, zone),
})

/** Currencies that can be chosen: dollars, and those that have a rate. */
export const currenciesOf = ({ currencies }: Prices): string[] => [
  ...new Set(['USD', ...currencies.map(({ currency }) => currency)]),
]

export type Drafted =
  | { readonly line: PriceLine; readonly problem: null }
  | { readonly line: null; readonly problem: 'amount' | 'from' | 'currency' }

/** The line of a draft, or what is wrong with it. */
export function lineOf(draft: PriceDraft, { currencies }: Prices, zone: string): Drafted {
  const per_hour = draft.amount.trim() === '' ? Number.NaN : Number(draft.amount.replace(',', '.'))
  if (!Number.isFinite(per_hour) || per_hour < 0) return { line: null, problem: 'amount' }
  const from_ms = draft.from === '' ? 0 : wallTimeMs(draft.from, zone)
  if (from_ms === null) return { line: null, problem: 'from' }
  const { currency } = draft
  const hasRate =
    currency === 'USD' ||
    currencies.some((rate) => rate.currency === currency && rate.from_ms <= from_ms)
  if (!hasRate) return { line: null, problem: 'currency' }
  const [model, pool] = [draft.model.trim(), draft.pool.trim()]
  return { line: { from_ms, model, pool, per_hour, currency }, problem: null }
}

/** What stood for the same model and pool when a line begins; null = nothing. */
export function replacedBy(line: PriceLine, { lines }: Prices): PriceLine | null {
  const same = lines.filter(
    (other) =>
      other.model === line.model && other.pool === line.pool && other.from_ms <= line.from_ms,
  )
  return same.toSorted((a, b) => a.from_ms - b.from_ms).at(-1) ?? null
}
