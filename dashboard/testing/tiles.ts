import type { Picture } from './png.ts'

/** TEST ONLY. A picture as the mean colours of its tiles: what of a page any font leaves. Pure. */

/** Pixels that a tile is wide and high. */
export const TILE_PX = 16

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Mean colours of the tiles in a box of a picture, a pixel each; the last of a row or column may be of fewer pixels. */
export function tilesOf(picture: Picture, { x, y, width, height }: Box): Picture {
  const columns = Math.ceil(width / TILE_PX)
  const rows = Math.ceil(height / TILE_PX)
  const rgb = new Uint8Array(columns * rows * 3)
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const left = x + column * TILE_PX
      const top = y + row * TILE_PX
      const right = Math.min(left + TILE_PX, x + width)
      const bottom = Math.min(top + TILE_PX, y + height)
      rgb.set(mean(picture, { left, top, right, bottom }), (row * columns + column) * 3)
    }
  return { width: columns, height: rows, rgb }
}

interface Edges {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

function mean({ width, rgb }: Picture, { left, top, right, bottom }: Edges): number[] {
  let [red, green, blue] = [0, 0, 0]
  for (let y = top; y < bottom; y += 1)
    for (let at = (y * width + left) * 3; at < (y * width + right) * 3; at += 3) {
      red += rgb[at] ?? 0
      green += rgb[at + 1] ?? 0
      blue += rgb[at + 2] ?? 0
    }
  const pixels = (right - left) * (bottom - top)
  return [red, green, blue].map((sum) => Math.round(sum / pixels))
}

/** Pictures one below the other, a line of grey between them: to be stored, and looked at, as one. */
export function stacked(pictures: readonly Picture[]): Picture {
  const width = Math.max(...pictures.map((picture) => picture.width))
  const height = pictures.reduce((sum, picture) => sum + picture.height + 1, -1)
  const rgb = new Uint8Array(width * height * 3).fill(128)
  let top = 0
  for (const picture of pictures) {
    for (let row = 0; row < picture.height; row += 1) {
      const line = picture.rgb.subarray(row * picture.width * 3, (row + 1) * picture.width * 3)
      rgb.set(line, (top + row) * width * 3)
    }
    top += picture.height + 1
  }
  return { width, height, rgb }
}

/** What was stacked, by its sizes. */
export function unstacked(
  { width, rgb }: Picture,
  sizes: readonly { readonly columns: number; readonly rows: number }[],
): Picture[] {
  let top = 0
  return sizes.map(({ columns, rows }) => {
    const part = new Uint8Array(columns * rows * 3)
    for (let row = 0; row < rows; row += 1) {
      const from = (top + row) * width * 3
      part.set(rgb.subarray(from, from + columns * 3), row * columns * 3)
    }
    top += rows + 1
    return { width: columns, height: rows, rgb: part }
  })
}

/** Each pixel as a square, large enough to be looked at; the marked ones (by place in the picture) with a red frame. */
export function magnified(picture: Picture, times: number, marked: ReadonlySet<number>): Picture {
  const width = picture.width * times
  const height = picture.height * times
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = Math.floor(y / times) * picture.width + Math.floor(x / times)
      const isFrame = x % times === 0 || y % times === 0
      const colour = picture.rgb.subarray(at * 3, at * 3 + 3)
      rgb.set(isFrame && marked.has(at) ? [255, 0, 0] : colour, (y * width + x) * 3)
    }
  return { width, height, rgb }
}
