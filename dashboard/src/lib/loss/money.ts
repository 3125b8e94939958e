import { decimal, type Lang, type MaybeNumber, MISSING } from '#lib/format.ts'
import { usdText } from '#lib/energy/units.ts'

/** Dollars and device-hours of this page as text. */

/** Whole dollars to the last digit: columns that sum as printed. */
export function wholeUsd(usd: MaybeNumber, lang: Lang): string {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return MISSING
  return `${usd < 0 ? '−' : ''}$${decimal(Math.abs(usd), lang)}`
}

/** Dollars of a headline or a row: short from a million on. */
export const shortUsd = usdText

/** Device-hours: one decimal for the few of one device. */
export function hoursText(hours: MaybeNumber, lang: Lang): string {
  if (hours === null || hours === undefined || !Number.isFinite(hours)) return MISSING
  return decimal(hours, lang, Math.abs(hours) < 100 ? 1 : 0)
}
