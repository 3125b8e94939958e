import type { ChartSpec } from '#lib/chart/options.ts'
import { decimal, type Lang } from '#lib/format.ts'

/** The two charts of the energy page: power of the site and of IT above, their ratio below. */

interface Words {
  readonly lang: Lang
  readonly timeZone: string
  readonly total: string
  readonly it: string
  readonly ratio: string
  readonly target: { readonly value: number; readonly text: string }
  /** Long and short right margins: the target's label needs room that a phone does not have. */
  readonly isNarrow: boolean
}

const SYNC = 'energy'

/** Both charts keep these, so that their time axes stand exactly above each other. */
const margins = (isNarrow: boolean) => ({ yWidth: 56, marginRight: isNarrow ? 12 : 92 })

export function powerSpec({ lang, timeZone, total, it, isNarrow }: Words): ChartSpec {
  return {
    lines: [
      { label: total, colour: '--ink-2', width: 1.5 },
      { label: it, colour: '--series', width: 2 },
    ],
    band: { upper: 0, lower: 1, fill: '--series-band' },
    hatchGapsOf: 1,
    yRange: (min, max) => {
      if (min === null || max === null) return [0, 1]
      const air = Math.max((max - min) * 0.12, max * 0.01)
      return [Math.max(0, min - air), max + air]
    },
    yText: (mw) => `${decimal(mw, lang, mw < 10 ? 1 : 0)} MW`,
    ...margins(isNarrow),
    showTimes: false,
    sync: SYNC,
    timeZone,
    lang,
  }
}

export function ratioSpec({ lang, timeZone, ratio, target, isNarrow }: Words): ChartSpec {
  return {
    lines: [
      { label: ratio, colour: '--series-band', width: 0 },
      { label: ratio, colour: '--series-band', width: 0 },
      { label: ratio, colour: '--series', width: 2 },
    ],
    band: { upper: 0, lower: 1, fill: '--series-band' },
    hatchGapsOf: 2,
    levels: [
      {
        value: target.value,
        text: isNarrow ? '' : target.text,
        colour: '--zone-watch',
        width: 1.5,
        dash: [6, 4],
      },
    ],
    yRange: (min, max) => [
      Math.max(1, Math.min(target.value, min ?? target.value) - 0.015),
      Math.max(target.value, max ?? target.value) + 0.015,
    ],
    yText: (value) => decimal(value, lang, 2),
    yIncrements: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    ySpace: 24,
    ...margins(isNarrow),
    showTimes: true,
    sync: SYNC,
    timeZone,
    lang,
  }
}
