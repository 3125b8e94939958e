import type uPlot from 'uplot'
import type { Mark } from '#lib/chart/marks.ts'
import type { ChartSpec, LevelLine, Token } from '#lib/chart/options.ts'

/** What uPlot has no option for: load lines under the data, moments and notes across it. */

/** How it is drawn: colours of the theme, and canvas px of one px of the design. */
export interface Brush {
  readonly colour: (token: Token) => string
  readonly font: string
  readonly ratio: number
}

/** Canvas px of a value, or null when it lies outside the plot. */
function yOf(plot: uPlot, value: number): number | null {
  const { min, max } = plot.scales['y'] ?? {}
  if (min === undefined || max === undefined || value < min || value > max) return null
  return plot.valToPos(value, 'y', true)
}

/** Corners of a level, canvas px: flat between its changes, upright at them; none before it began. */
function levelPath(plot: uPlot, { value, steps }: LevelLine): (readonly [x: number, y: number])[] {
  const { bbox } = plot
  const { min, max } = plot.scales['x'] ?? {}
  if (steps === undefined || min === undefined || max === undefined)
    return [[bbox.left, plot.valToPos(value, 'y', true)]]
  return steps.flatMap((step, at) => {
    const [fromMs, toMs] = [Math.max(min, step.atMs), Math.min(max, steps[at + 1]?.atMs ?? max)]
    if (toMs <= fromMs) return []
    const y = plot.valToPos(step.value, 'y', true)
    return [
      [plot.valToPos(fromMs, 'x', true), y] as const,
      [plot.valToPos(toMs, 'x', true), y] as const,
    ]
  })
}

export function drawLevels(
  plot: uPlot,
  levels: ChartSpec['levels'],
  { colour, font, ratio }: Brush,
): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.font = scaleFont(font, ratio)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  for (const level of levels ?? []) {
    const y = yOf(plot, level.value)
    if (y === null) continue
    ctx.strokeStyle = colour(level.colour)
    ctx.fillStyle = colour(level.colour)
    ctx.lineWidth = level.width * ratio
    ctx.setLineDash(level.dash.map((length) => length * ratio))
    ctx.beginPath()
    for (const [x, at] of levelPath(plot, level)) ctx.lineTo(x, at)
    ctx.lineTo(bbox.left + bbox.width + (level.text === '' ? 0 : 6 * ratio), y)
    ctx.stroke()
    ctx.fillText(level.text, bbox.left + bbox.width + 10 * ratio, y)
  }
  ctx.restore()
}

/** Stretches of time without a value are hatched: unknown is a thing to see, not an absence. At least one px wide. */
export function drawUnknown(
  plot: uPlot,
  gaps: readonly (readonly [fromMs: number, toMs: number])[],
  { colour, ratio }: Brush,
): void {
  if (gaps.length === 0) return
  const { ctx, bbox } = plot
  const right = bbox.left + bbox.width
  ctx.save()
  ctx.beginPath()
  let drawnTo = -Infinity
  for (const [fromMs, toMs] of gaps) {
    const from = Math.max(bbox.left, plot.valToPos(fromMs, 'x', true), drawnTo)
    const to = Math.min(right, Math.max(plot.valToPos(toMs, 'x', true), from + ratio))
    if (to <= from) continue
    ctx.rect(from, bbox.top, to - from, bbox.height)
    drawnTo = to
  }
  ctx.clip()
  hatch(plot, colour('--hatch'), ratio)
  ctx.restore()
}

function hatch({ ctx, bbox: box }: uPlot, colour: string, ratio: number): void {
  const step = 5 * Math.SQRT2 * ratio
  ctx.strokeStyle = colour
  ctx.lineWidth = ratio
  ctx.beginPath()
  for (let x = box.left - box.height; x < box.left + box.width; x += step) {
    ctx.moveTo(x, box.top + box.height)
    ctx.lineTo(x + box.height, box.top)
  }
  ctx.stroke()
}

/** Where the past ends and what is expected begins. */
export function drawNow(plot: uPlot, ahead: ChartSpec['ahead'], { colour, ratio }: Brush): void {
  const { min, max } = plot.scales['x'] ?? {}
  const at = ahead?.fromMs
  if (at === undefined || min === undefined || max === undefined || at < min || at > max) return
  const { ctx, bbox } = plot
  const x = plot.valToPos(at, 'x', true)
  ctx.save()
  ctx.strokeStyle = colour('--ink-3')
  ctx.lineWidth = ratio
  ctx.setLineDash([2 * ratio, 3 * ratio])
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  ctx.restore()
}

export function drawMarkers(
  plot: uPlot,
  markers: ChartSpec['markers'],
  { colour, ratio }: Brush,
): void {
  const { ctx, bbox } = plot
  const { min, max } = plot.scales['x'] ?? {}
  if (min === undefined || max === undefined) return
  ctx.save()
  ctx.lineWidth = ratio
  for (const marker of markers ?? []) {
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

/** What people wrote: a diamond at the foot with a dashed line, and for a stretch a bar along the foot. */
export function drawNotes(plot: uPlot, notes: readonly Mark[], { colour, ratio }: Brush): void {
  const { ctx, bbox } = plot
  const { min, max } = plot.scales['x'] ?? {}
  if (min === undefined || max === undefined) return
  const foot = bbox.top + bbox.height
  const size = 4.5 * ratio
  ctx.save()
  ctx.strokeStyle = colour('--ink-2')
  ctx.fillStyle = colour('--ink-2')
  ctx.lineWidth = ratio
  ctx.setLineDash([3 * ratio, 3 * ratio])
  for (const { fromMs, toMs } of notes) {
    if (fromMs > max || (toMs ?? fromMs) < min) continue
    const from = plot.valToPos(Math.max(fromMs, min), 'x', true)
    if (toMs !== null) {
      const to = plot.valToPos(Math.min(toMs, max), 'x', true)
      ctx.globalAlpha = 0.08
      ctx.fillRect(from, bbox.top, to - from, bbox.height)
      ctx.globalAlpha = 1
      ctx.fillRect(from, foot - 3 * ratio, to - from, 3 * ratio)
    }
    if (fromMs < min) continue
    ctx.beginPath()
    ctx.moveTo(from, bbox.top)
    ctx.lineTo(from, foot - size)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(from, foot - 2 * size)
    ctx.lineTo(from + size, foot - size)
    ctx.lineTo(from, foot)
    ctx.lineTo(from - size, foot - size)
    ctx.fill()
  }
  ctx.restore()
}

function scaleFont(font: string, ratio: number): string {
  return font.replace(/(\d+(?:\.\d+)?)px/, (_all, size: string) => `${Number(size) * ratio}px`)
}
