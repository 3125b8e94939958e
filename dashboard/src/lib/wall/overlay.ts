import type { WallPlaces } from './places.ts'
import { cellAt } from './arrange.ts'
import type { Stage, View } from './view.ts'

/** Names, cursor, selection and the box that is drawn, over the cells. */
export interface Overlay {
  readonly places: WallPlaces
  readonly view: View
  readonly stage: Stage
  readonly colours: {
    readonly ink: string
    readonly quiet: string
    readonly mark: string
    readonly paper: string
  }
  readonly font: string
  /** Name of a hall as it is printed. */
  readonly hallName: (hall: number) => string
  readonly cursor: number | null
  readonly selected: Uint8Array | null
  /** What was found last. */
  readonly found: { readonly first: number; readonly count: number } | null
  readonly box: {
    readonly x0: number
    readonly y0: number
    readonly x1: number
    readonly y1: number
  } | null
}

export function drawOverlay(pen: CanvasRenderingContext2D, overlay: Overlay): void {
  const { stage } = overlay
  pen.clearRect(0, 0, stage.width, stage.height)
  drawNames(pen, overlay)
  drawSelected(pen, overlay)
  drawFound(pen, overlay)
  drawCursor(pen, overlay)
  drawBox(pen, overlay)
}

function drawNames(pen: CanvasRenderingContext2D, overlay: Overlay): void {
  const { places, view, stage, colours, font, hallName } = overlay
  const { geometry, left, top } = view
  pen.textBaseline = 'alphabetic'
  pen.font = `600 ${13 * stage.ratio}px ${font}`
  pen.fillStyle = colours.ink
  for (const { hall, x, y } of geometry.halls) {
    const at = y - top + 14 * stage.ratio
    if (at > -20 * stage.ratio && at < stage.height + 20 * stage.ratio)
      pen.fillText(hallName(hall), Math.max(0, x - left), at)
  }
  if (!geometry.hasRackNames) return
  pen.font = `${10.5 * stage.ratio}px ${font}`
  pen.fillStyle = colours.quiet
  for (const [at, rack] of places.racks.entries()) {
    const x = (geometry.rackX[at] ?? 0) - left
    const y = (geometry.rackY[at] ?? 0) - top - 3 * stage.ratio
    const width = rack.across * geometry.pitch
    if (x > stage.width || x + width < 0 || y < 0 || y > stage.height + 14 * stage.ratio) continue
    const name = fitting(pen, rack.name, width)
    if (name !== '') pen.fillText(name, x, y)
  }
}

/** The name, or its end where only that fits; nothing rather than half a word. */
function fitting(pen: CanvasRenderingContext2D, name: string, width: number): string {
  if (pen.measureText(name).width <= width) return name
  const end = /[^-_. ]*$/.exec(name)?.[0] ?? ''
  return end !== '' && pen.measureText(end).width <= width ? end : ''
}

function drawSelected(
  pen: CanvasRenderingContext2D,
  { places, view, stage, selected, colours }: Overlay,
): void {
  if (selected === null) return
  const { geometry, left, top } = view
  pen.strokeStyle = colours.mark
  pen.lineWidth = stage.ratio
  pen.beginPath()
  for (let device = 0; device < selected.length; device += 1) {
    if (selected[device] === 0) continue
    const { x, y } = cellAt(places, geometry, device)
    if (x > left + stage.width || y > top + stage.height || x < left - 50 || y < top - 50) continue
    pen.rect(x - left - 0.5, y - top - 0.5, geometry.cell + 1, geometry.cell + 1)
  }
  pen.stroke()
}

function drawFound(
  pen: CanvasRenderingContext2D,
  { places, view, stage, found, colours }: Overlay,
): void {
  if (found === null) return
  const box = boxOf(places, view, found)
  pen.strokeStyle = colours.mark
  pen.lineWidth = 2 * stage.ratio
  const edge = 3 * stage.ratio
  pen.strokeRect(
    box.x - view.left - edge,
    box.y - view.top - edge,
    box.width + 2 * edge,
    box.height + 2 * edge,
  )
}

function drawCursor(
  pen: CanvasRenderingContext2D,
  { places, view, stage, cursor, colours }: Overlay,
): void {
  if (cursor === null) return
  const { x, y } = cellAt(places, view.geometry, cursor)
  const [px, py] = [x - view.left, y - view.top]
  const { cell } = view.geometry
  // Light within dark: seen over every colour.
  for (const [edge, colour] of [
    [3 * stage.ratio, colours.ink],
    [1 * stage.ratio, colours.paper],
  ] as const) {
    pen.strokeStyle = colour
    pen.lineWidth = 2 * stage.ratio
    pen.strokeRect(px - edge, py - edge, cell + 2 * edge, cell + 2 * edge)
  }
}

function drawBox(pen: CanvasRenderingContext2D, { view, stage, box, colours }: Overlay): void {
  if (box === null) return
  pen.strokeStyle = colours.mark
  pen.lineWidth = stage.ratio
  pen.setLineDash([4 * stage.ratio, 3 * stage.ratio])
  pen.strokeRect(box.x0 - view.left, box.y0 - view.top, box.x1 - box.x0, box.y1 - box.y0)
  pen.setLineDash([])
}

/** What some devices that follow each other take up. */
export function boxOf(
  places: WallPlaces,
  { geometry }: Pick<View, 'geometry'>,
  { first, count }: { readonly first: number; readonly count: number },
): { x: number; y: number; width: number; height: number } {
  let [x0, y0, x1, y1] = [Infinity, Infinity, 0, 0]
  for (let device = first; device < first + count; device += 1) {
    const { x, y } = cellAt(places, geometry, device)
    x0 = Math.min(x0, x)
    y0 = Math.min(y0, y)
    x1 = Math.max(x1, x + geometry.cell)
    y1 = Math.max(y1, y + geometry.cell)
  }
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }
}
