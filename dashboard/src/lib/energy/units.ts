import { decimal, type Lang, type MaybeNumber, MISSING, type Rounding } from '#lib/format.ts'

/** Energy, power, money and carbon of a site as text. A missing value is a dash, never a zero. */

/** Narrow no-break space: keeps number and unit on one line. */
const GAP = '\u202f'

const isMissing = (value: MaybeNumber): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value)

/** kWh as MWh; small amounts stay kWh. */
export function energyText(kwh: MaybeNumber, lang: Lang): string {
  if (isMissing(kwh)) return MISSING
  if (Math.abs(kwh) < 1_000) return `${decimal(kwh, lang, Math.abs(kwh) < 100 ? 1 : 0)}${GAP}kWh`
  const mwh = kwh / 1_000
  return `${decimal(mwh, lang, Math.abs(mwh) < 1_000 ? 1 : 0)}${GAP}MWh`
}

/** kg of CO2 equivalents as tonnes; small amounts stay kg. */
export function carbonText(kg: MaybeNumber, lang: Lang): string {
  if (isMissing(kg)) return MISSING
  if (Math.abs(kg) < 1_000) return `${decimal(kg, lang, Math.abs(kg) < 100 ? 1 : 0)}${GAP}kg`
  const tonnes = kg / 1_000
  return `${decimal(tonnes, lang, Math.abs(tonnes) < 1_000 ? 1 : 0)}${GAP}t`
}

/** US dollars: whole ones, from a million on in millions. */
export function usdText(usd: MaybeNumber, lang: Lang): string {
  if (isMissing(usd)) return MISSING
  const sign = usd < 0 ? '−' : ''
  const amount = Math.abs(usd)
  if (amount >= 1e6) return `${sign}$${decimal(amount / 1e6, lang, 2)}${GAP}M`
  return `${sign}$${decimal(amount, lang, amount < 10 ? 2 : 0)}`
}

/** kW as MW; small loads stay kW. */
export function powerText(kw: MaybeNumber, lang: Lang): string {
  if (isMissing(kw)) return MISSING
  if (Math.abs(kw) < 1_000) return `${decimal(kw, lang, 1)}${GAP}kW`
  return megawatts(kw / 1_000, lang)
}

/** MW; kilowatts are told where the site is small. A change has as many decimals as what it is `of`. */
export function megawatts(mw: MaybeNumber, lang: Lang, of: MaybeNumber = mw): string {
  if (isMissing(mw)) return MISSING
  return `${decimal(mw, lang, Math.abs(of ?? mw) < 10 ? 3 : 2)}${GAP}MW`
}

/** A change with its sign. */
export function signed(value: number, text: (amount: number) => string): string {
  return `${value < 0 ? '−' : '+'}${text(Math.abs(value))}`
}

/** A ratio of energies with three decimals; bounds round outwards, so that they hold the true value. */
export function pueText(ratio: MaybeNumber, lang: Lang, rounding: Rounding = 'nearest'): string {
  if (isMissing(ratio)) return MISSING
  const thousandths = ratio * 1_000
  // 1e-6 forgives binary representation: 1.142 x 1000 is 1141.9999….
  if (rounding === 'down') return decimal(Math.floor(thousandths + 1e-6) / 1_000, lang, 3)
  if (rounding === 'up') return decimal(Math.ceil(thousandths - 1e-6) / 1_000, lang, 3)
  return decimal(ratio, lang, 3)
}
