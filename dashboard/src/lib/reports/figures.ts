import type { Figure, FigureUnit } from '#schemas/report/figure.ts'
import { duration, type Lang } from '#lib/format.ts'
import { TEXTS } from './texts.ts'

/** Figures of a report keep the digits that it prints: here they only get their unit. */

const SIGNS: Partial<Record<FigureUnit, string>> = {
  percent: '%',
  mwh: 'MWh',
  kwh: 'kWh',
  mw: 'MW',
  kw: 'kW',
  kelvin: 'K',
}

/** `71.4 %`, `-$319,200`, `2 h 35 min`; null = there is none, see `missing`. */
export function figureText(figure: Figure, lang: Lang): string | null {
  if (figure.value === null) return null
  const { units } = TEXTS[lang]
  const { unit, text } = figure
  if (unit === 'minutes') return minutesText(Math.round(figure.value), lang)
  if (unit === 'usd' || unit === 'usd_per_hour') {
    const money = text.replace(/^([-+]?)/, '$1$$')
    return unit === 'usd' ? money : units.perHour(money)
  }
  const sign = SIGNS[unit]
  if (sign !== undefined) return `${text}\u202f${sign}`
  const word = Reflect.get(units.words, unit)
  return typeof word === 'string' ? `${text}\u202f${word}` : text
}

const HOUR_MIN = 60

/** Hours and minutes however many there are, as the report says them: no day swallows its minutes. */
function minutesText(minutes: number, lang: Lang): string {
  const [hours, rest] = [Math.floor(minutes / HOUR_MIN), minutes % HOUR_MIN]
  const short = duration(rest * 60_000, lang)
  if (hours === 0) return rest === 0 ? `0\u202f${TEXTS[lang].units.minute}` : short
  const long = `${hours}\u202f${TEXTS[lang].units.words.hours}`
  return rest === 0 ? long : `${long} ${short}`
}
