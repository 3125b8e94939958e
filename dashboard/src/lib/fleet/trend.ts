import { percent, type Lang } from '#lib/format.ts'
import { ratioRange, type ChartSpec } from '#lib/chart/options.ts'
import type { Messages } from '#lib/i18n/en.ts'
import type { LevelSteps } from '#lib/site-zones.ts'

/** The fleet's two charts as data: utilization with its bounds on the load lines, coverage below. */

interface Words {
  readonly lang: Lang
  readonly timeZone: string
  readonly m: Messages
}

const WIDTHS = { ticket: 1, watch: 1, warn: 1.5, danger: 2.5 } as const
const DASHES = { ticket: [2, 4], watch: [6, 4], warn: [10, 3], danger: [] } as const
const SYNC = 'fleet'

/** Both charts keep these, so that their time axes stand exactly above each other. */
const MARGINS = { yWidth: 48, marginRight: 92 } as const

/** The forecast's three lines after those of the past: its band and its median. */
const AHEAD_LINES = ['p90', 'p10', 'p50'] as const

/** The stretch that is drawn whatever the data: all lines with air around them. */
function roomOf(levels: readonly LevelSteps[]): readonly [number, number] {
  const lines = levels.flatMap(({ steps }) => steps.map(({ below }) => below))
  if (lines.length === 0) return [0.55, 0.8]
  return [Math.max(0, Math.min(...lines) - 0.05), Math.min(1, Math.max(...lines) + 0.05)]
}

/** `ahead`: where the forecast begins and what its median is called; null = only the past. */
export function trendSpec(
  { lang, timeZone, m }: Words,
  levels: readonly LevelSteps[],
  ahead: { readonly fromMs: number; readonly label: string } | null = null,
): ChartSpec {
  return {
    lines: [
      { label: m.util.bounds('', ''), colour: '--series-band', width: 0 },
      { label: m.util.bounds('', ''), colour: '--series-band', width: 0 },
      { label: m.fleet.legendValue, colour: '--series', width: 2 },
      ...(ahead === null
        ? []
        : AHEAD_LINES.map((line) => ({
            label: ahead.label,
            colour: '--series' as const,
            width: line === 'p50' ? 2 : 0,
            dash: [5, 4],
          }))),
    ],
    ...(ahead === null
      ? {}
      : { ahead: { upper: 3, lower: 4, fill: '--series-soft', fromMs: ahead.fromMs } }),
    band: { upper: 0, lower: 1, fill: '--series-band' },
    hatchGapsOf: 2,
    levels: levels.flatMap(({ zone, steps }) => {
      const last = steps.at(-1)
      if (last === undefined) return []
      return [
        {
          value: last.below,
          text: `${Math.round(last.below * 100)} ${m.zone[zone]}`,
          colour: `--zone-${zone}` as const,
          width: WIDTHS[zone],
          dash: DASHES[zone],
          steps: steps.map(({ atMs, below }) => ({ atMs, value: below })),
        },
      ]
    }),
    yRange: ratioRange(roomOf(levels)),
    yText: (ratio) => percent(ratio, lang).replace(/[.,]0/, ''),
    ...MARGINS,
    showTimes: true,
    sync: SYNC,
    timeZone,
    lang,
  }
}

export function coverageSpec({ lang, timeZone, m }: Words): ChartSpec {
  return {
    lines: [
      { label: m.fleet.coverage, colour: '--known', width: 1, fill: '--known', stepped: true },
    ],
    yRange: () => [0, 1],
    yText: (ratio) => (ratio === 0 || ratio === 1 ? percent(ratio, lang).replace(/[.,]0/, '') : ''),
    ySpace: 18,
    ...MARGINS,
    showTimes: false,
    sync: SYNC,
    timeZone,
    lang,
  }
}
