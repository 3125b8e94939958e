import type uPlot from 'uplot'
import type { ChartSpec, Token } from '#lib/chart/options.ts'
import { nullRuns } from '#lib/chart/series.ts'

/** What uPlot has no option for: load lines under the data, and moments across it. */

type Colour = (token: Token) => string

/** Canvas px of a value, or null when it lies outside the plot. */
function yOf(plot: uPlot, value: number): number | null {
  const { min, max } = plot.scales['y'] ?? {}
  if (min === undefined || max === undefined || value < min || value > max) return null
  return plot.valToPos(value, 'y', true)
}

export function drawLevels(plot: uPlot, spec: ChartSpec, colour: Colour, font: string): void {
  const { ctx, bbox } = plot
  const ratio = window.devicePixelRatio
  ctx.save()
  ctx.font = scaleFont(font, ratio)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  for (const level of spec.levels ?? []) {
    const y = yOf(plot, level.value)
    if (y === null) continue
    ctx.strokeStyle = colour(level.colour)
    ctx.fillStyle = colour(level.colour)
    ctx.lineWidth = level.width * ratio
    ctx.setLineDash(level.dash.map((length) => length * ratio))
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width + 6 * ratio, y)
    ctx.stroke()
    ctx.fillText(level.text, bbox.left + bbox.width + 10 * ratio, y)
  }
  ctx.restore()
}

/** Stretches without a value in the given line are hatched: unknown is a thing to see, not an absence. */
export function drawUnknown(plot: uPlot, spec: ChartSpec, colour: Colour): void {
  if (spec.hatchGapsOf === undefined) return
  const times = plot.data[0]
  const values = plot.data[spec.hatchGapsOf + 1]
  const first = times?.[0]
  const second = times?.[1]
  if (times === undefined || values === undefined || first === undefined || second === undefined) {
    return
  }
  const { ctx, bbox } = plot
  const half = (second - first) / 2
  const right = bbox.left + bbox.width
  ctx.save()
  ctx.beginPath()
  for (const [start, end] of nullRuns(values)) {
    const from = Math.max(bbox.left, plot.valToPos((times[start] ?? 0) - half, 'x', true))
    const to = Math.min(right, plot.valToPos((times[end] ?? 0) + half, 'x', true))
    if (to > from) ctx.rect(from, bbox.top, to - from, bbox.height)
  }
  ctx.clip()
  hatch(ctx, bbox, colour('--hatch'))
  ctx.restore()
}

function hatch(ctx: CanvasRenderingContext2D, box: uPlot.BBox, colour: string): void {
  const step = 5 * Math.SQRT2 * window.devicePixelRatio
  ctx.strokeStyle = colour
  ctx.lineWidth = window.devicePixelRatio
  ctx.beginPath()
  for (let x = box.left - box.height; x < box.left + box.width; x += step) {
    ctx.moveTo(x, box.top + box.height)
    ctx.lineTo(x + box.height, box.top)
  }
  ctx.stroke()
}

export function drawMarkers(plot: uPlot, spec: ChartSpec, colour: Colour): void {
  const { ctx, bbox } = plot
  const { min, max } = plot.scales['x'] ?? {}
  if (min === undefined || max === undefined) return
  const ratio = window.devicePixelRatio
  ctx.save()
  ctx.lineWidth = ratio
  for (const marker of spec.markers ?? []) {
    if (marker.atMs < min || marker.atMs > max) continue
    const x = plot.valToPos(marker.atMs, 'x', true)
    ctx.strokeStyle = colour(marker.colour)
    ctx.fillStyle = colour(marker.colour)
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    // A flag at the top: a moment is told by its shape, not only by its colour.
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x + 7 * ratio, bbox.top + 3.5 * ratio)
    ctx.lineTo(x, bbox.top + 7 * ratio)
    ctx.fill()
  }
  ctx.restore()
}

function scaleFont(font: string, ratio: number): string {
  return font.replace(/(\d+(?:\.\d+)?)px/, (_all, size: string) => `${Number(size) * ratio}px`)
}
