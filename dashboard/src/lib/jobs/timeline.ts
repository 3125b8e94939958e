import type { SeriesAnswer } from '#schemas/api.ts'
import { type ChartSpec, ratioRange } from '#lib/chart/options.ts'
import { bucketsOf, type Column } from '#lib/chart/series.ts'
import { type Lang, percent } from '#lib/format.ts'
import type { Sheet } from '#lib/csv.ts'

/** Busy of a job over time with its finer tiers, as a chart. */
export interface Timeline {
  readonly spec: ChartSpec
  readonly times: number[]
  readonly columns: Column[]
  /** Names and colours of the lines that are there, busy first. */
  readonly lines: readonly { readonly label: string; readonly colour: `--${string}` }[]
}

/** Buckets by their middle, a column for each line. */
export const timelineSheet = ({ times, columns, lines }: Timeline): Sheet => ({
  header: ['time', ...lines.map(({ label }) => label)],
  rows: times.map((ms, at) => [
    new Date(ms).toISOString(),
    ...columns.map((column) => column[at] ?? null),
  ]),
})

const COLOURS = ['--series', '--zone-ok', '--zone-watch'] as const

/** `answers` are of one window and grid, busy first; a tier that nobody gives is left out. Null = nothing is known. */
export function timelineOf(
  answers: readonly SeriesAnswer[],
  { names, lang, timeZone }: { names: readonly string[]; lang: Lang; timeZone: string },
): Timeline | null {
  const given = answers.flatMap(({ groups: [series] }, at) =>
    series !== undefined && series.values.some((value) => value !== null)
      ? [{ series, label: names[at] ?? '', colour: COLOURS[at] ?? COLOURS[0] }]
      : [],
  )
  const [first] = given
  if (first === undefined) return null
  return {
    times: bucketsOf(first.series).times,
    columns: given.map(({ series }) => series.values),
    lines: given.map(({ label, colour }) => ({ label, colour })),
    spec: {
      lines: given.map(({ label, colour }, at) => ({
        label,
        colour,
        width: at === 0 ? 2 : 1.25,
        ...(at === 0 ? {} : { dash: at === 1 ? [6, 3] : [2, 3] }),
      })),
      hatchGapsOf: 0,
      yRange: ratioRange([0, 1]),
      yText: (value) => percent(value, lang),
      yWidth: 56,
      marginRight: 20,
      showTimes: true,
      timeZone,
      lang,
    },
  }
}
