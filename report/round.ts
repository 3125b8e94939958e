import { wholesOf } from '#schemas/largest-remainder.ts'
import type { Figure, FigureUnit, Missing } from '#schemas/report/figure.ts'

/** Digits behind the point that a unit is printed with. */
const DECIMALS: Readonly<Record<FigureUnit, number>> = {
  percent: 1,
  points: 1,
  gpu_hours: 0,
  usd: 0,
  usd_per_hour: 2,
  minutes: 0,
  seconds: 0,
  hours: 1,
  days: 1,
  mwh: 1,
  kwh: 0,
  mw: 2,
  kw: 0,
  tonnes_co2e: 1,
  kelvin: 1,
  devices: 0,
  count: 0,
  ratio: 2,
}

/** What one of the unit is in the API's terms: percent and points are ratios there. */
const SCALE: Readonly<Partial<Record<FigureUnit, number>>> = { percent: 100, points: 100 }

export interface FigureOptions {
  /** Instead of the unit's own. */
  readonly decimals?: number
  /** A plus before what is above zero. */
  readonly signed?: boolean
}

/** A figure as the API answers it, rounded once. Halves go away from zero. */
export function figure(
  unit: FigureUnit,
  exact: number | null,
  options: FigureOptions & { readonly missing?: Missing } = {},
): Figure {
  const decimals = options.decimals ?? DECIMALS[unit]
  if (exact === null || !Number.isFinite(exact))
    return {
      unit,
      value: null,
      text: '',
      decimals,
      exact: null,
      missing: options.missing ?? 'not_known',
    }
  const value = roundTo(exact * (SCALE[unit] ?? 1), decimals)
  return {
    unit,
    value,
    text: digits(value, { decimals, ...options }),
    decimals,
    exact,
    missing: null,
  }
}

/**
 * Parts whose printed digits sum to the printed whole: largest-remainder rounding. Each part is within one last digit
 * of its own value; `whole` is printed as it is.
 */
export function partsOfWhole(
  unit: FigureUnit,
  parts: readonly number[],
  whole: number,
  options: FigureOptions = {},
): readonly Figure[] {
  const decimals = options.decimals ?? DECIMALS[unit]
  const scale = SCALE[unit] ?? 1
  const units = 10 ** decimals
  const target = Math.round(roundTo(whole * scale, decimals) * units)
  const exact = parts.map((part) => part * scale * units)
  const given = wholesOf(exact, target)
  return parts.map((part, at) => {
    const value = (given[at] ?? 0) / units
    return {
      unit,
      value,
      text: digits(value, { decimals, ...options }),
      decimals,
      exact: part,
      missing: null,
    }
  })
}

/** Rounded half away from zero, decimally: 1.005 is 1.01. */
export function roundTo(value: number, decimals: number): number {
  const sign = value < 0 ? -1 : 1
  const shifted = Math.abs(value) * 10 ** decimals
  // 71.35 is stored as 71.34999…: what is within a few ulps of a half is one.
  const rounded = Math.floor(shifted + 0.5 + shifted * 4 * Number.EPSILON)
  const result = (sign * rounded) / 10 ** decimals
  return result === 0 ? 0 : result
}

/** `302,400`, `-1.9`, `+0.4`. */
function digits(
  value: number,
  { decimals, signed }: { decimals: number; signed?: boolean | undefined },
): string {
  const [whole = '', part] = Math.abs(value).toFixed(decimals).split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  const sign = value < 0 ? '-' : signed === true && value > 0 ? '+' : ''
  return `${sign}${grouped}${part === undefined ? '' : `.${part}`}`
}
