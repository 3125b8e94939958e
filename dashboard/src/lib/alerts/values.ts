import { decimal, duration, type Lang, MISSING, percent } from '#lib/format.ts'
import type { AlertTexts } from '#lib/i18n/en-alerts.ts'
import { usdText } from '#lib/energy/units.ts'

/** A figure of a rule in its unit, as schemas/alerts/signals.ts names units. Missing is a dash. */
export function valueText(
  value: number | null,
  unit: string | null,
  { m, lang }: { readonly m: AlertTexts; readonly lang: Lang },
): string {
  if (value === null || !Number.isFinite(value)) return MISSING
  if (unit === 'ratio') return percent(value, lang)
  if (unit === 'seconds') return duration(value * 1000, lang)
  if (unit === 'usd_per_hour') return m.perHour(usdText(value, lang))
  const whole = Number.isInteger(value) || Math.abs(value) >= 1_000
  const number = decimal(value, lang, whole ? 0 : unit === 'pue' ? 3 : 1)
  const known = Object.entries(m.units).find(([name]) => name === unit)
  return known === undefined ? number : known[1](number)
}
