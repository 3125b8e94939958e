import { expect, it } from 'vitest'
import { decodePng, encodePng, type Picture } from './png.ts'
import { difference, largestPatch } from './tile-difference.ts'
import { magnified, stacked, TILE_PX, tilesOf, unstacked } from './tiles.ts'

type Colour = readonly [number, number, number]
const WHITE: Colour = [255, 255, 255]
const BLUE: Colour = [10, 103, 159]
const GREY: Colour = [215, 215, 215]

const FILTERED = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAAFCAYAAABvsz2cAAAACklEQVR4nGPgEpH7r2FkozhzFwAAACNJREFUc4KRW1T+v5yc3EkmRkZGBhBmZucRbBAQEHjKAhMBAMUoBsrRtfq8AAAAAElFTkSuQmCC',
  'base64',
)

/** A picture by what colour stands where. */
function drawn(width: number, height: number, colourAt: (x: number, y: number) => Colour): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rgb.set(colourAt(x, y), (y * width + x) * 3)
  return { width, height, rgb }
}

it('a PNG of ours is read back, and one with alpha, every filter and data in two chunks', () => {
  const picture = drawn(7, 5, (x, y) => [x * 30, y * 50, (x * y * 11) % 256])
  expect(decodePng(encodePng(picture))).toEqual(picture)
  // 2 x 5 pixels, a line for each filter (none, sub, up, average, Paeth); made by Python's zlib from the values below.
  expect(Array.from(decodePng(FILTERED).rgb)).toEqual([
    10, 20, 30, 40, 50, 60, 11, 21, 31, 41, 51, 61, 12, 22, 32, 42, 52, 62, 13, 23, 33, 43, 53, 63,
    14, 24, 34, 44, 54, 64,
  ])
  expect(() => decodePng(Buffer.from('GIF89a'))).toThrow('not a PNG')
})

it('a tile is the mean of its pixels, at the edges of those it has', () => {
  const picture = drawn(40, 20, (x) => (x < 8 ? [0, 0, 0] : [200, 100, 50]))
  const tiles = tilesOf(picture, { x: 0, y: 0, width: 40, height: 20 })
  expect([tiles.width, tiles.height]).toEqual([3, 2])
  expect(Array.from(tiles.rgb.subarray(0, 6))).toEqual([100, 50, 25, 200, 100, 50])
  expect(Array.from(tiles.rgb.subarray(15))).toEqual([200, 100, 50])
  const inner = tilesOf(picture, { x: 8, y: 4, width: TILE_PX, height: TILE_PX })
  expect(Array.from(inner.rgb)).toEqual([200, 100, 50])
})

it('pictures are stacked, taken apart again, and shown large with frames', () => {
  const parts = [drawn(3, 2, () => BLUE), drawn(2, 4, () => GREY)]
  const all = stacked(parts)
  expect([all.width, all.height]).toEqual([3, 7])
  const sizes = parts.map(({ width, height }) => ({ columns: width, rows: height }))
  expect(unstacked(all, sizes)).toEqual(parts)
  const large = magnified(
    drawn(2, 1, () => BLUE),
    4,
    new Set([1]),
  )
  expect([large.width, large.height]).toEqual([8, 4])
  expect(Array.from(large.rgb.subarray(0, 3))).toEqual([...BLUE])
  expect(Array.from(large.rgb.subarray(12, 15))).toEqual([255, 0, 0])
})

/** Tiles of a page: lines of grey text of some width every third row, and a blue bar in row 20. */
const page = (textTo: number, bar: Colour = BLUE, wrapped = 0) =>
  drawn(40, 30 + wrapped, (x, row) => {
    const y = row < 12 ? row : Math.max(12, row - wrapped)
    if (y === 20 && x > 5 && x < 25) return bar
    return y % 3 === 0 && y < 18 && x > 2 && x < textTo ? GREY : WHITE
  })

it('wider letters and a line more are no difference; where the line came in is counted', () => {
  expect(difference(page(20), page(20))).toEqual({ tiles: [], lacking: 0, added: 0 })
  expect(difference(page(20), page(23)).tiles).toEqual([])
  const wrapped = difference(page(20), page(20, BLUE, 2))
  expect(wrapped).toEqual({ tiles: [], lacking: 0, added: 2 })
  expect(difference(page(20, BLUE, 2), page(20)).lacking).toBe(2)
})

it('another colour, what is gone and what is new are differences, in one patch', () => {
  const isBar = { column: 6, row: 20 }
  for (const colour of [WHITE, [10, 120, 100], [168, 16, 60]] as const) {
    const { tiles, lacking, added } = difference(page(20), page(20, colour))
    expect([lacking, added]).toEqual([0, 0])
    expect(tiles).toContainEqual(isBar)
    expect(largestPatch(tiles)).toHaveLength(19)
    expect(difference(page(20, colour), page(20)).tiles).toHaveLength(19)
  }
})

it('a patch is of tiles that touch, at corners too', () => {
  const tiles = [
    { column: 0, row: 0 },
    { column: 5, row: 5 },
    { column: 6, row: 6 },
    { column: 5, row: 7 },
    { column: 9, row: 9 },
  ]
  expect(largestPatch(tiles)).toHaveLength(3)
  expect(largestPatch([])).toEqual([])
})
