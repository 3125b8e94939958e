import type { Picture } from './png.ts'

/**
 * TEST ONLY. How far two pictures of tiles differ in what another font does not change: where there is ink, how much of
 * it, in which colour. Pure.
 */

/** Levels of 255 by which a tile may leave the range of what stands around its place: brightness, blueness, redness. */
const TOLERANCE = [24, 5, 5] as const
/** Tiles to each side that count as around: text of another width or height stands there. */
const AROUND_COLUMNS = 3
const AROUND_ROWS = 2
/** Rows that one picture may be ahead of the other. */
const BAND = 10
/** What a row without a partner costs, against a share of 1 where all of a row's tiles differ. */
const ALONE_COST = 0.35

export interface Tile {
  readonly column: number
  readonly row: number
}

export interface Difference {
  /** Tiles of the found picture that differ from the rows they were laid beside. */
  readonly tiles: readonly Tile[]
  /** Rows of the expected picture that the found one lacks. */
  readonly lacking: number
  /** Rows of the found picture that the expected one lacks. */
  readonly added: number
}

/** Brightness, blueness and redness (YCbCr of ITU-R BT.601), three values a tile, and their range around each tile. */
interface Measured {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
  readonly least: Float32Array
  readonly most: Float32Array
}

function measured({ width, height, rgb }: Picture): Measured {
  const values = new Float32Array(rgb.length)
  for (let at = 0; at < rgb.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(at, at + 3)
    const brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    values.set([brightness, (blue - brightness) * 0.564, (red - brightness) * 0.713], at)
  }
  const range = (better: (...of: number[]) => number) =>
    spread(
      spread(values, { step: 3, count: width, around: AROUND_COLUMNS }, better),
      {
        step: width * 3,
        count: height,
        around: AROUND_ROWS,
      },
      better,
    )
  return { width, height, values, least: range(Math.min), most: range(Math.max) }
}

interface Axis {
  /** Values from one tile to the next. */
  readonly step: number
  /** Tiles in a line. */
  readonly count: number
  readonly around: number
}

/** The best value within some tiles to both sides along an axis. */
function spread(
  values: Float32Array,
  { step, count, around }: Axis,
  better: (...of: number[]) => number,
): Float32Array {
  return values.map((value, at) => {
    const place = Math.floor(at / step) % count
    let best = value
    for (let by = -Math.min(around, place); by <= Math.min(around, count - 1 - place); by += 1)
      best = better(best, values[at + by * step] ?? value)
    return best
  })
}

/** Whether a tile's colour is nowhere in the range around a place of the other picture. */
function isForeign(tiles: Measured, at: number, other: Measured, place: number): boolean {
  return TOLERANCE.some((tolerance, channel) => {
    const value = tiles.values[at + channel] ?? 0
    const least = other.least[place + channel] ?? 0
    const most = other.most[place + channel] ?? 0
    return value < least - tolerance || value > most + tolerance
  })
}

/** Columns in which a row of the one and a row of the other differ. */
function differing(expected: Measured, row: number, found: Measured, foundRow: number): number[] {
  const columns: number[] = []
  for (let column = 0; column < found.width; column += 1) {
    const at = (row * expected.width + Math.min(column, expected.width - 1)) * 3
    const foundAt = (foundRow * found.width + column) * 3
    if (isForeign(found, foundAt, expected, at) || isForeign(expected, at, found, foundAt))
      columns.push(column)
  }
  return columns
}

const TOGETHER = 1
const LACKING = 2

/**
 * Lays the rows of both beside each other so that the least differs, since a line that wraps moves all below it.
 * @param expectedTiles as wide as the found ones, give or take a tile
 */
export function difference(expectedTiles: Picture, foundTiles: Picture): Difference {
  const expected = measured(expectedTiles)
  const found = measured(foundTiles)
  if (isAsItWas(expected, found)) return { tiles: [], lacking: 0, added: 0 }
  const steps = alignment(expected, found)
  const tiles: Tile[] = []
  let [row, foundRow, lacking, added] = [expected.height, found.height, 0, 0]
  while (row > 0 || foundRow > 0) {
    const step = steps[row * (found.height + 1) + foundRow]
    if (step === TOGETHER) {
      row -= 1
      foundRow -= 1
      for (const column of differing(expected, row, found, foundRow))
        tiles.push({ column, row: foundRow })
    } else if (step === LACKING) {
      row -= 1
      lacking += 1
    } else {
      foundRow -= 1
      added += 1
    }
  }
  return { tiles, lacking, added }
}

/** Whether row beside row nothing differs, which needs no search. */
function isAsItWas(expected: Measured, found: Measured): boolean {
  if (expected.height !== found.height) return false
  for (let row = 0; row < found.height; row += 1)
    if (differing(expected, row, found, row).length > 0) return false
  return true
}

/** The last step of the cheapest way to every pair of rows, by dynamic programming. */
function alignment(expected: Measured, found: Measured): Uint8Array {
  const band = BAND + Math.abs(expected.height - found.height)
  const across = found.height + 1
  const steps = new Uint8Array((expected.height + 1) * across)
  const costs = new Float64Array(steps.length).fill(Infinity)
  costs[0] = 0
  for (let row = 0; row <= expected.height; row += 1) {
    const last = Math.min(found.height, row + band)
    for (let foundRow = Math.max(0, row - band); foundRow <= last; foundRow += 1) {
      const at = row * across + foundRow
      const offer = (cost: number, step: number) => {
        if (cost >= (costs[at] ?? Infinity)) return
        costs[at] = cost
        steps[at] = step
      }
      if (row > 0 && foundRow > 0) {
        const columns = differing(expected, row - 1, found, foundRow - 1)
        offer((costs[at - across - 1] ?? Infinity) + columns.length / found.width, TOGETHER)
      }
      if (row > 0) offer((costs[at - across] ?? Infinity) + ALONE_COST, LACKING)
      if (foundRow > 0) offer((costs[at - 1] ?? Infinity) + ALONE_COST, 0)
    }
  }
  return steps
}

/** The largest group of tiles that touch, corners included: another font leaves small ones, another colour does not. */
export function largestPatch(tiles: readonly Tile[]): readonly Tile[] {
  const name = (column: number, row: number) => `${column} ${row}`
  const left = new Map(tiles.map((tile) => [name(tile.column, tile.row), tile]))
  let largest: readonly Tile[] = []
  for (const [key, first] of left) {
    left.delete(key)
    const patch = [first]
    for (const { column, row } of patch)
      for (let near = 0; near < 9; near += 1) {
        const nearKey = name(column - 1 + (near % 3), row - 1 + Math.floor(near / 3))
        const tile = left.get(nearKey)
        if (tile === undefined) continue
        left.delete(nearKey)
        patch.push(tile)
      }
    if (patch.length > largest.length) largest = patch
  }
  return largest
}
