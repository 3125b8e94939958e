import type { Geometry } from './arrange.ts'
import type { Fill, Scale } from './classes.ts'
import type { WallPlaces } from './places.ts'

/** Cells as pixels. Everything in sight is painted anew: at 50,000 cells that is a few milliseconds, and nothing can go stale. */

/** One colour per class, as canvas memory has it (ABGR on little-endian machines), and what lies behind. */
export interface Palette {
  readonly colours: Uint32Array
  readonly paper: number
}

export interface Picture {
  readonly pixels: Uint32Array
  readonly width: number
  readonly height: number
}

export interface PaintInput {
  readonly places: WallPlaces
  readonly geometry: Geometry
  readonly scale: Scale
  readonly column: Uint8Array
  readonly palette: Palette
  /** Classes that stand out; empty = all. The others are drawn as if they were behind glass. */
  readonly shown: ReadonlySet<number>
  /** Point of the geometry that is drawn at the upper left corner. */
  readonly left: number
  readonly top: number
}

/** From where on a shape can be told from a filled cell, px. */
const SHAPE_CELL_MIN = 4

export function paint(picture: Picture, input: PaintInput): void {
  const { pixels, width, height } = picture
  const { places, geometry, scale, column, palette, shown, left, top } = input
  const { pitch, cell, rackX, rackY } = geometry
  pixels.fill(palette.paper)
  const faded = palette.colours.map((colour) => blend(colour, palette.paper, 0.14))
  const colours = palette.colours.map((colour, at) =>
    shown.size === 0 || shown.has(at) ? colour : (faded[at] ?? colour),
  )
  const fills = scale.classes.map(({ fill }): Fill =>
    cell >= SHAPE_CELL_MIN || fill === 'none' ? fill : 'solid',
  )
  const tiny = scale.classes.map(
    ({ fill }) => cell < SHAPE_CELL_MIN && (fill === 'ring' || fill === 'hatch'),
  )
  const flat = colours.map((colour, at) =>
    tiny[at] === true ? blend(colour, palette.paper, 0.55) : colour,
  )
  for (const [at, rack] of places.racks.entries()) {
    const x = (rackX[at] ?? 0) - left
    const y = (rackY[at] ?? 0) - top
    if (x >= width || y >= height || x + rack.across * pitch <= 0 || y + rack.lines * pitch <= 0)
      continue
    for (let device = rack.first; device < rack.first + rack.count; device += 1) {
      const kind = scale.classOf[column[device] ?? 255] ?? 0
      const x0 = x + (places.across[device] ?? 0) * pitch
      const y0 = y + (places.down[device] ?? 0) * pitch
      const [from, to] = [Math.max(0, x0), Math.min(width, x0 + cell)]
      const [begin, end] = [Math.max(0, y0), Math.min(height, y0 + cell)]
      if (from >= to || begin >= end) continue
      const colour = flat[kind] ?? 0
      const fill = fills[kind]
      if (fill === 'solid') {
        for (let line = begin; line < end; line += 1) {
          const start = line * width
          for (let px = start + from; px < start + to; px += 1) pixels[px] = colour
        }
      } else if (fill !== undefined && fill !== 'none') {
        shape(picture, { fill, colour, behind: palette.paper, cell, x0, y0, from, to, begin, end })
      }
    }
  }
}

interface Cell {
  readonly fill: Fill
  readonly colour: number
  readonly behind: number
  readonly cell: number
  readonly x0: number
  readonly y0: number
  readonly from: number
  readonly to: number
  readonly begin: number
  readonly end: number
}

function shape({ pixels, width }: Picture, at: Cell): void {
  const { fill, colour, behind, cell, x0, y0, from, to, begin, end } = at
  const edge = cell >= 10 ? 2 : 1
  const last = cell - 1
  for (let line = begin; line < end; line += 1) {
    const dy = line - y0
    for (let px = from; px < to; px += 1) {
      const dx = px - x0
      const isOn =
        fill === 'ring'
          ? dx < edge || dy < edge || dx > last - edge || dy > last - edge
          : fill === 'hatch'
            ? (dx + dy) % 4 === 0
            : dx !== dy && dx !== last - dy
      if (isOn) pixels[line * width + px] = colour
      else if (fill === 'cross') pixels[line * width + px] = behind
    }
  }
}

/** A colour laid over another, by channel. */
export function blend(over: number, under: number, share: number): number {
  let mixed = 0
  for (const shift of [0, 8, 16]) {
    const [a, b] = [(over >>> shift) & 255, (under >>> shift) & 255]
    mixed |= Math.round(a * share + b * (1 - share)) << shift
  }
  return (mixed | 0xff000000) >>> 0
}
