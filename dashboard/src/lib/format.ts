import type { MetricUnit } from '#schemas/metric-definition.ts'

/**
 * Numbers as text. The only place where a ratio becomes a percent. A missing value is an em dash, never
 * a zero; who shows it says why in a title (ui/Missing.svelte).
 */

export type Lang = 'en' | 'zh'
export type MaybeNumber = number | null | undefined

export const MISSING = '—'

const TAGS = { en: 'en-GB', zh: 'zh-CN' } as const satisfies Record<Lang, string>
/** Narrow no-break space: keeps number and unit on one line. */
const GAP = '\u202f'

/** BCP 47 tag of a screen language, for Intl. */
export function intlTag(lang: Lang): string {
  return TAGS[lang]
}

/** Made once: a table of a page asks for hundreds. */
const formats = new Map<string, Intl.NumberFormat>()

/** A plain number with at most `digits` decimals, grouped as the language does. */
export function decimal(value: MaybeNumber, lang: Lang, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING
  const key = `${lang}${digits}`
  let format = formats.get(key)
  if (format === undefined) {
    format = new Intl.NumberFormat(intlTag(lang), {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
    formats.set(key, format)
  }
  return format.format(value)
}

export type Rounding = 'nearest' | 'down' | 'up'

/**
 * A ratio 0..1 as percent with one decimal. Coverage rounds down and bounds outwards, so that "100.0 %"
 * always means all of it and printed bounds always hold the true value.
 */
export function percent(ratio: MaybeNumber, lang: Lang, rounding: Rounding = 'nearest'): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return MISSING
  return `${decimal(percentNumber(ratio, rounding), lang, 1)}${GAP}%`
}

/** As `percent`, without the sign: for the big figure, whose sign is set smaller. Never -0. */
export function percentNumber(ratio: number, rounding: Rounding = 'nearest'): number {
  // 1e-9 forgives binary representation: 0.57 x 1000 is 569.9999….
  const tenths = ratio * 1000
  if (rounding === 'down') return Math.floor(tenths + 1e-9) / 10
  if (rounding === 'up') return Math.max(0, Math.ceil(tenths - 1e-9)) / 10
  return Math.round(tenths) / 10
}

type Step = readonly [size: number, unit: string, digits: number]

const SCALES: Partial<Record<MetricUnit, readonly Step[]>> = {
  watts: [
    [1e6, 'MW', 2],
    [1e4, 'kW', 1],
    [0, 'W', 0],
  ],
  joules: [
    [1e9, 'GJ', 2],
    [1e6, 'MJ', 2],
    [1e3, 'kJ', 1],
    [0, 'J', 0],
  ],
  hertz: [
    [1e9, 'GHz', 2],
    [0, 'MHz', 0],
  ],
  bytes: [
    [2 ** 40, 'TiB', 2],
    [2 ** 30, 'GiB', 1],
    [0, 'MiB', 0],
  ],
  bytes_per_second: [
    [1e9, 'GB/s', 1],
    [1e6, 'MB/s', 1],
    [0, 'kB/s', 1],
  ],
}
/** The divisor of the smallest step, whose threshold is zero. */
const SMALLEST: Partial<Record<MetricUnit, number>> = {
  hertz: 1e6,
  bytes: 2 ** 20,
  bytes_per_second: 1e3,
}

/** A value in its catalogue unit as text with the unit a person expects. */
export function quantity(value: MaybeNumber, unit: MetricUnit, lang: Lang): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING
  const steps = SCALES[unit]
  if (steps !== undefined) return scaled(value, unit, steps, lang)
  if (unit === 'ratio') return percent(value, lang)
  if (unit === 'celsius') return `${decimal(value, lang, Number.isInteger(value) ? 0 : 1)}${GAP}°C`
  if (unit === 'seconds') return duration(value * 1000, lang)
  if (unit === 'volts') return `${decimal(value, lang, 3)}${GAP}V`
  if (unit === 'bitmask') return `0x${Math.round(value).toString(16).padStart(4, '0')}`
  return decimal(value, lang, Number.isInteger(value) ? 0 : 2)
}

function scaled(value: number, unit: MetricUnit, steps: readonly Step[], lang: Lang): string {
  const step = steps.find(([size]) => Math.abs(value) >= size)
  if (step === undefined) return MISSING
  const [size, name, digits] = step
  // A kilowatt step starts at 10 kW: below, whole watts say more.
  const divisor = size === 0 ? (SMALLEST[unit] ?? 1) : size === 1e4 ? 1e3 : size
  return `${decimal(value / divisor, lang, digits)}${GAP}${name}`
}

const WORDS = {
  en: { d: 'd', h: 'h', min: 'min', s: 's', ms: 'ms' },
  zh: { d: '天', h: '小时', min: '分钟', s: '秒', ms: '毫秒' },
} as const satisfies Record<Lang, Record<string, string>>

/** A length of time, ms, in its two largest units: `34 s`, `12 min`, `3 h 20 min`, `4 d 2 h`. */
export function duration(ms: MaybeNumber, lang: Lang): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return MISSING
  const words = WORDS[lang]
  const join = (count: number, word: string) => `${count}${GAP}${word}`
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (ms > 0 && ms < 1000) return join(Math.round(ms), words.ms)
  if (seconds < 60) return join(seconds, words.s)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return join(minutes, words.min)
  const hours = Math.floor(minutes / 60)
  const [big, small, bigWord, smallWord] =
    hours < 24
      ? [hours, minutes % 60, words.h, words.min]
      : [Math.floor(hours / 24), hours % 24, words.d, words.h]
  return small === 0 ? join(big, bigWord) : `${join(big, bigWord)} ${join(small, smallWord)}`
}
