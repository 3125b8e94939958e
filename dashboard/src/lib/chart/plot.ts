import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { drawLevels, drawMarkers, drawNotes, drawNow, drawUnknown } from '#lib/chart/draw.ts'
import { type GroundPoint, groundOf } from '#lib/chart/ground.ts'
import type { Mark } from '#lib/chart/marks.ts'
import { chartOptions, type ChartSpec, strokeWidth } from '#lib/chart/options.ts'
import { colourReader } from '#lib/chart/plot-colours.ts'
import type { Drawn } from '#lib/chart/decimate.ts'
import { quarterly } from '#lib/chart/site-clock.ts'

/** The only importer of uPlot: a spec and its data as a plot in an element. */

const FONT =
  '12px "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC", "Noto Sans CJK SC", sans-serif'

export interface PlotInput {
  readonly spec: ChartSpec
  readonly drawn: Drawn
  readonly width: number
  readonly height: number
  readonly scale: number
  /** Colours of the light theme, whatever is shown. */
  readonly isLight?: boolean
  /** Asked at every drawing: they change without a new plot. */
  readonly now: () => {
    readonly from: number
    readonly to: number
    readonly gaps: readonly (readonly [fromMs: number, toMs: number])[]
    readonly notes: readonly Mark[]
  }
  readonly oncursor?: (plot: uPlot) => void
  readonly onselect?: (plot: uPlot) => void
}

const clocks = new Map<string, (ms: number) => Date>()

/** What stands on the site's clocks, in the fields of a date of this machine's zone. */
function siteClock(timeZone: string): (ms: number) => Date {
  const known = clocks.get(timeZone)
  if (known !== undefined) return known
  const made = quarterly((ms) => uPlot.tzDate(new Date(ms), timeZone))
  clocks.set(timeZone, made)
  return made
}

export function buildPlot(target: HTMLElement, input: PlotInput): uPlot {
  const { spec, drawn, now, oncursor, onselect } = input
  const colour = colourReader(target, { isLight: input.isLight === true })
  const brush = () => ({ colour, font: FONT, ratio: window.devicePixelRatio * input.scale })
  const options = chartOptions(spec, {
    width: Math.max(1, input.width),
    height: input.height,
    scale: input.scale,
    density: drawn.density,
    colour,
    font: FONT,
    tzDate: siteClock(spec.timeZone),
    xRange: () => {
      const { from, to } = now()
      return [from, to]
    },
    hooks: {
      drawAxes: [
        (plot) => drawUnknown(plot, now().gaps, brush()),
        (plot) => drawLevels(plot, spec.levels, brush()),
        (plot) => drawNow(plot, spec.ahead, brush()),
      ],
      draw: [
        (plot) => drawNotes(plot, now().notes, brush()),
        (plot) => drawMarkers(plot, spec.markers, brush()),
      ],
      ...(oncursor === undefined ? {} : { setCursor: [oncursor] }),
      ...(onselect === undefined ? {} : { setSelect: [onselect] }),
    },
  })
  for (const [at, line] of spec.lines.entries()) {
    const series = options.series[at + 1]
    const stepped = line.stepped === true ? uPlot.paths.stepped : undefined
    if (series === undefined) continue
    if (stepped !== undefined) series.paths = stepped({ align: 1 })
    const linear = line.fill === undefined ? undefined : uPlot.paths.linear?.()
    if (stepped === undefined && linear !== undefined) series.paths = groundedPaths(linear)
  }
  return new uPlot(options, [drawn.times, ...drawn.columns], target)
}

/** Paths whose area has fewer corners than the line over it. */
function groundedPaths(build: uPlot.Series.PathBuilder): uPlot.Series.PathBuilder {
  return (plot, at, first, last) => {
    const paths = build(plot, at, first, last)
    const corners = paths?.fill == null ? null : groundOf(plot.data[at] ?? [], first, last)
    return corners === null ? paths : { ...paths, fill: areaOf(plot, corners) }
  }
}

function areaOf(plot: uPlot, corners: readonly GroundPoint[]): Path2D {
  const area = new Path2D()
  const xOf = ({ index }: GroundPoint) => plot.valToPos(plot.data[0][index] ?? 0, 'x', true)
  for (const corner of corners) area.lineTo(xOf(corner), plot.valToPos(corner.value, 'y', true))
  const zero = plot.valToPos(0, 'y', true)
  for (const corner of [corners.at(-1), corners[0]])
    if (corner !== undefined) area.lineTo(xOf(corner), zero)
  return area
}

/** Other data for a plot of scale 1. Data of other lines than the spec's is left out: its plot comes next. */
export function setDrawn(plot: uPlot, spec: ChartSpec, drawn: Drawn): void {
  if (drawn.columns.length !== spec.lines.length) return
  for (const [at, line] of spec.lines.entries()) {
    const series = plot.series[at + 1]
    if (series !== undefined) series.width = strokeWidth(line, spec.lines, drawn.density)
  }
  plot.setData([drawn.times, ...drawn.columns])
}

/** Moves the cursor of the charts that share it; only the mouse does that by itself. */
export function shareCursor(plot: uPlot, time: number, left: number): void {
  const shared = plot.cursor.sync
  if (shared?.values === undefined) return
  shared.values[0] = time
  const { width, height } = plot.rect
  uPlot.sync(shared.key).pub('mousemove', plot, left, 0, width, height, plot.cursor.idx ?? 0)
}

/** The chart once more in the light theme, as large as it would be on a screen of `ratio` px per px. */
export async function pictureOf(
  input: Omit<PlotInput, 'scale' | 'oncursor' | 'onselect'>,
  ratio: number,
): Promise<HTMLCanvasElement> {
  const room = document.createElement('div')
  room.style.cssText = 'position:fixed;left:-20000px;top:0'
  document.body.append(room)
  const { sync: _, ...spec } = input.spec
  const plot = buildPlot(room, {
    ...input,
    spec,
    scale: ratio / window.devicePixelRatio,
    isLight: true,
  })
  // It is drawn at the end of this turn.
  await new Promise((drawn) => requestAnimationFrame(drawn))
  const copy = document.createElement('canvas')
  const { canvas } = plot.ctx
  copy.width = canvas.width
  copy.height = canvas.height
  copy.getContext('2d')?.drawImage(canvas, 0, 0)
  plot.destroy()
  room.remove()
  return copy
}
