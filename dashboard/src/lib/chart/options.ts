import type uPlot from 'uplot'
import type { Lang } from '#lib/format.ts'
import { clock, day } from '#lib/time.ts'

/** A chart as data -> the options of the drawing library. Pure: the same spec gives the same picture. */

const DEFAULT_WIDTH = 1.5

/** A colour token of the style sheet, such as `--series`; charts follow the theme through it. */
export type Token = `--${string}`

export interface LineSpec {
  readonly label: string
  readonly colour: Token
  readonly width?: number
  readonly dash?: readonly number[]
  /** Fills down to the bottom of the plot. */
  readonly fill?: Token
  /** Holds each value until the next: codes and counters, which have nothing in between. */
  readonly stepped?: boolean
}

/** A fixed horizontal line with a label in the right margin: the load lines. */
export interface LevelLine {
  readonly value: number
  readonly text: string
  readonly colour: Token
  readonly width: number
  readonly dash: readonly number[]
  /** Where it stood from which moment on, oldest first; absent = at `value` all the time. */
  readonly steps?: readonly { readonly atMs: number; readonly value: number }[]
}

/** A moment on the time axis that belongs to what is charted: a fault, an alert that fired. */
export interface Marker {
  readonly atMs: number
  readonly colour: Token
  /** What it is, told under the cursor. */
  readonly text?: string
}

export interface ChartSpec {
  readonly lines: readonly LineSpec[]
  /** Fills between two lines, by their position in `lines`. */
  readonly band?: { readonly upper: number; readonly lower: number; readonly fill: Token }
  /** Position in `lines` of the one whose missing stretches are hatched. */
  readonly hatchGapsOf?: number
  /** What is expected after `fromMs`: its own band, a stroke at its begin, and no hatching of what is not there yet. */
  readonly ahead?: {
    readonly upper: number
    readonly lower: number
    readonly fill: Token
    readonly fromMs: number
  }
  readonly levels?: readonly LevelLine[]
  readonly markers?: readonly Marker[]
  /** From the extremes of the data (null when there is none) to the ends of the y axis. */
  readonly yRange: (min: number | null, max: number | null) => readonly [number, number]
  readonly yText: (value: number) => string
  /** Smallest distance of two y labels, px. */
  readonly ySpace?: number
  /** Distances of y labels that read well; powers of two for bytes. */
  readonly yIncrements?: readonly number[]
  readonly yWidth: number
  readonly marginRight?: number
  readonly showTimes: boolean
  /** Charts with the same key share their cursor. */
  readonly sync?: string
  readonly timeZone: string
  readonly lang: Lang
}

/** What only the browser knows: size, colours, the site's clock and who listens. */
export interface ChartHost {
  readonly width: number
  readonly height: number
  /** Everything that has a size is this much larger: pictures to save. */
  readonly scale: number
  /** Points of a line that a pixel stands for. */
  readonly density: number
  readonly colour: (token: Token) => string
  readonly font: string
  readonly tzDate: (ms: number) => Date
  readonly xRange: () => readonly [number, number]
  readonly hooks: uPlot.Hooks.Arrays
}

/** Options for uPlot; times are epoch ms. */
export function chartOptions(spec: ChartSpec, host: ChartHost): uPlot.Options {
  const px = (size: number) => size * host.scale
  return {
    width: px(host.width),
    height: px(host.height),
    ms: 1,
    tzDate: host.tzDate,
    legend: { show: false },
    padding: [px(8), px(spec.marginRight ?? 8), spec.showTimes ? 0 : px(4), 0],
    scales: {
      x: { time: true, range: () => [...host.xRange()] },
      y: { range: (_plot, min, max) => [...spec.yRange(min, max)] },
    },
    axes: [timeAxis(spec, host), valueAxis(spec, host)],
    series: [{}, ...spec.lines.map((line) => lineSeries(line, spec, host))],
    bands: [spec.band, spec.ahead]
      .filter((band) => band !== undefined)
      .map(({ upper, lower, fill }) => ({
        series: [upper + 1, lower + 1],
        fill: host.colour(fill),
      })),
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 0, show: spec.lines.length > 0 },
      ...(spec.sync === undefined
        ? {}
        : { sync: { key: spec.sync, setSeries: false, scales: ['x', null] } }),
    },
    hooks: host.hooks,
  }
}

/** From so many points a pixel on, all lines of a chart together, no stroke is wider than one px. */
const CROWDED = 8

/**
 * How wide a line of a chart is drawn, px, where each line has so many points a pixel. Browsers without a graphics card
 * draw strokes up to one px many times faster than wider ones, and so many points leave no room between strokes.
 */
export function strokeWidth(line: LineSpec, lines: readonly LineSpec[], density: number): number {
  const width = line.width ?? DEFAULT_WIDTH
  const stroked = lines.filter((one) => one.width !== 0)
  return stroked.length * density > CROWDED ? Math.min(1, width) : width
}

function lineSeries(line: LineSpec, spec: ChartSpec, host: ChartHost): uPlot.Series {
  return {
    label: line.label,
    stroke: host.colour(line.colour),
    width: strokeWidth(line, spec.lines, host.density) * host.scale,
    points: { show: false },
    // A missing value is a gap, never a bridge.
    spanGaps: false,
    ...(line.dash === undefined ? {} : { dash: line.dash.map((length) => length * host.scale) }),
    ...(line.fill === undefined ? {} : { fill: host.colour(line.fill) }),
  }
}

function timeAxis(spec: ChartSpec, host: ChartHost): uPlot.Axis {
  return {
    show: spec.showTimes,
    stroke: host.colour('--ink-2'),
    font: scaledFont(host),
    size: 36 * host.scale,
    gap: 6 * host.scale,
    space: 72 * host.scale,
    grid: { stroke: host.colour('--grid'), width: host.scale },
    ticks: { show: false },
    values: (_plot, splits, _axis, _space, increment) =>
      timeLabels(splits, increment, spec.timeZone, spec.lang),
  }
}

function valueAxis(spec: ChartSpec, host: ChartHost): uPlot.Axis {
  return {
    stroke: host.colour('--ink-2'),
    font: scaledFont(host),
    size: spec.yWidth * host.scale,
    gap: 6 * host.scale,
    space: (spec.ySpace ?? 36) * host.scale,
    grid: { stroke: host.colour('--grid'), width: host.scale },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((value) => spec.yText(value)),
    ...(spec.yIncrements === undefined ? {} : { incrs: [...spec.yIncrements] }),
  }
}

/** The drawing library multiplies by the screen's ratio itself. */
const scaledFont = ({ font, scale }: ChartHost) =>
  font.replace(/(\d+)px/, (_all, size: string) => `${Number(size) * scale}px`)

const DAY_MS = 86_400_000

/** Clock times, with the date under the first one and under each first one of a new day. */
export function timeLabels(
  splits: readonly number[],
  incrementMs: number,
  zone: string,
  lang: Lang,
): string[] {
  let lastDay = ''
  return splits.map((ms) => {
    const date = day(ms, lang, zone)
    const isNew = date !== lastDay
    lastDay = date
    if (incrementMs >= DAY_MS) return date
    return isNew ? `${clock(ms, lang, zone)}\n${date}` : clock(ms, lang, zone)
  })
}

/** A y axis of ratios: always shows `keep`, gives the data 2 points of air, stays within 0..1. */
export function ratioRange(keep: readonly [number, number]) {
  return (min: number | null, max: number | null): readonly [number, number] => [
    min === null ? keep[0] : Math.max(0, Math.min(keep[0], min - 0.02)),
    max === null ? keep[1] : Math.min(1, Math.max(keep[1], max + 0.02)),
  ]
}

/** A y axis for any gauge: 10 % of air on both sides, not below zero unless the data is. */
export function looseRange(min: number | null, max: number | null): readonly [number, number] {
  if (min === null || max === null) return [0, 1]
  const air = max === min ? Math.max(Math.abs(max) * 0.1, 1e-9) : (max - min) * 0.1
  const bottom = min - air
  return [min >= 0 ? Math.max(0, bottom) : bottom, max + air]
}
