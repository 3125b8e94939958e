import type { ExploreAnswer, ExploreGroup, ExploreMetric } from '#schemas/api-explore.ts'
import {
  looseRange,
  ratioRange,
  type ChartSpec,
  type LineSpec,
  type Token,
} from '#lib/chart/options.ts'
import { bucketsOf, extremesOf, type Column } from '#lib/chart/series.ts'
import type { CsvCell } from '#lib/csv.ts'
import { chartedAs } from '#lib/device/metric-chart.ts'
import { percent, quantity, type Lang, type MaybeNumber } from '#lib/format.ts'

/** An answer of Explore as lines of a chart and rows of a table. Pure; tested beside it. */

const COLOURS = 8
const DASHES = [[], [8, 4], [2, 3]] as const
const BEFORE_DASH = [2, 4] as const

/** How the line of a group looks: eight colours, then the same with other dashes. */
export function lookOf(at: number): { readonly colour: Token; readonly dash: readonly number[] } {
  return {
    colour: `--line-${(at % COLOURS) + 1}`,
    dash: DASHES[Math.floor(at / COLOURS) % DASHES.length] ?? [],
  }
}

/** A value in the unit that people expect: counters as a rate. */
export function valueText(metric: ExploreMetric, value: MaybeNumber, lang: Lang): string {
  const { unit, factor } = chartedAs(metric)
  return quantity(value === null || value === undefined ? value : value * factor, unit, lang)
}

/** Of what a counter's values are per second, or null: `joules` are read as watts. */
export const rateOf = (metric: ExploreMetric) => chartedAs(metric).rate

export interface Line {
  readonly group: ExploreGroup
  /** Name of the group; empty where nothing is grouped. */
  readonly name: string
  readonly at: number
  readonly isHidden: boolean
  /** The same group a week before. */
  readonly before: ExploreGroup | null
}

/** The groups of an answer with their names, beside those of a week before. */
export function linesOf(
  answer: ExploreAnswer,
  before: ExploreAnswer | null,
  hidden: readonly string[],
): Line[] {
  const old = new Map(before?.groups.map((group) => [group.key, group]))
  return answer.groups.map((group, at) => {
    const key = group.key ?? ''
    const name = answer.group_by === 'tenant' ? (answer.names?.tenant[key] ?? key) : key
    return { group, name, at, isHidden: hidden.includes(key), before: old.get(group.key) ?? null }
  })
}

/** Figures of one line for the table. */
export function figuresOf({ group }: Line) {
  const found = extremesOf(group.values)
  return {
    last: found?.last.value ?? null,
    lowest: found?.min.value ?? null,
    highest: found?.max.value ?? null,
  }
}

interface Words {
  readonly lang: Lang
  readonly timeZone: string
  readonly before: string
}

/** Times, columns and spec of the lines that are drawn. */
export function chartOf(
  answer: ExploreAnswer,
  lines: readonly Line[],
  { lang, timeZone, before }: Words,
): { readonly spec: ChartSpec; readonly times: number[]; readonly columns: Column[] } {
  const drawn = lines.filter(({ isHidden }) => !isHidden)
  const { metric } = answer
  const { unit, factor } = chartedAs(metric)
  const isRatio = unit === 'ratio'
  const isBusy = drawn.length > COLOURS
  const now = drawn.map(({ name, at }): LineSpec => {
    const { colour, dash } = lookOf(at)
    const isAlone = lines.length === 1
    return {
      label: name === '' ? metric.label[lang] : name,
      colour,
      dash,
      width: isBusy ? 1.25 : 2,
      stepped: metric.kind === 'enum',
      ...(isAlone ? { fill: '--series-soft' as const } : {}),
    }
  })
  const old = drawn.filter((line) => line.before !== null)
  const past = old.map(({ name, at }): LineSpec => ({
    label: `${name} ${before}`.trim(),
    colour: lookOf(at).colour,
    dash: BEFORE_DASH,
    width: 1.25,
  }))
  const count = answer.groups[0]?.values.length ?? 0
  const series = {
    t0: answer.t0,
    step_ms: answer.step_ms,
    values: Array.from({ length: count }, () => null),
  }
  const spec: ChartSpec = {
    lines: [...now, ...past],
    ...(lines.length === 1 && drawn.length === 1 ? { hatchGapsOf: 0 } : {}),
    yRange: isRatio ? (min, max) => ratioRange([min ?? 0, max ?? 1])(min, max) : looseRange,
    yText: (value) =>
      isRatio ? percent(value, lang).replace(/[.,]0/, '') : quantity(value * factor, unit, lang),
    yWidth: 72,
    marginRight: 16,
    showTimes: true,
    timeZone,
    lang,
  }
  const sized = (values: readonly (number | null)[]): Column =>
    Array.from({ length: count }, (_, at) => values[at] ?? null)
  return {
    spec,
    times: bucketsOf(series).times,
    columns: [
      ...drawn.map(({ group }) => sized(group.values)),
      ...old.map((line) => sized(line.before?.values ?? [])),
    ],
  }
}

export const csvHeader = (answer: ExploreAnswer): string[] => [
  'from',
  ...(answer.group_by === null ? [] : [answer.group_by]),
  `${answer.metric.name} ${answer.stat} (${answer.metric.unit}${answer.metric.kind === 'counter' ? ' per second' : ''})`,
  'coverage',
]

/** One row for each step of each line that is drawn. */
export function csvRows(answer: ExploreAnswer, lines: readonly Line[]): CsvCell[][] {
  return lines
    .filter(({ isHidden }) => !isHidden)
    .flatMap(({ group }) =>
      group.values.map((value, at): CsvCell[] => [
        new Date(answer.t0 + at * answer.step_ms).toISOString(),
        ...(answer.group_by === null ? [] : [group.key ?? '']),
        value,
        group.coverage[at] ?? null,
      ]),
    )
}
