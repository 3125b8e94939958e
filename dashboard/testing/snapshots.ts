import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { decodePng, encodePng, type Picture } from './png.ts'
import { type Section, type Shot, type Theme, THEMES } from './snapshot-page.ts'
import { difference, largestPatch, type Tile } from './tile-difference.ts'
import { magnified, stacked, TILE_PX, unstacked } from './tiles.ts'

/** TEST ONLY. How the main pages look, as stored in dashboard/snapshots, and what of a page is different from it. */

const folder = join(import.meta.dirname, '../snapshots')
const jsonPath = (name: string) => join(folder, `${name}.json`)
const pngPath = (name: string, theme: Theme) => join(folder, `${name}-${theme}.png`)

/** The sections of a page, whose tiles stand one below the other in its two pictures. */
const Sizes = z.array(z.object({ name: z.string(), columns: z.int(), rows: z.int() }))

/** Rows that a section may have more or less: a line of text in each of two or three places. */
const MOST_ROWS = 4
/** Tiles that may differ: of a section (of a small one, as many as a patch), of a page, and touching one another. */
const MOST_OF_SECTION = 0.02
const MOST_OF_PAGE = 0.01
const MOST_IN_PATCH = 8

/** @throws if nothing is stored for the page */
export function storedSections(name: string, theme: Theme): Section[] {
  const sizes = Sizes.parse(JSON.parse(readFileSync(jsonPath(name), 'utf8')))
  const pictures = unstacked(decodePng(readFileSync(pngPath(name, theme))), sizes)
  return pictures.map((tiles, at) => ({ name: sizes[at]?.name ?? '', tiles }))
}

/**
 * Stores a page; a picture that is the same but for edges of letters stays the file it is.
 * @throws if the sections of the themes are not the same
 */
export function storeSections(name: string, shots: Readonly<Record<Theme, Shot>>): void {
  const [sizes, others] = THEMES.map((theme) =>
    shots[theme].sections.map(({ name: section, tiles }) => ({
      name: section,
      columns: tiles.width,
      rows: tiles.height,
    })),
  ).map((one) => JSON.stringify(one, null, 2))
  if (sizes === undefined || sizes !== others)
    throw new Error(`${name}: sections are of other sizes in dark: ${sizes} ${others}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(jsonPath(name), `${sizes}\n`)
  for (const theme of THEMES) {
    const picture = stacked(shots[theme].sections.map(({ tiles }) => tiles))
    const path = pngPath(name, theme)
    const before = existsSync(path) ? decodePng(readFileSync(path)) : null
    if (before === null || !isAlike(before, picture)) writeFileSync(path, encodePng(picture))
  }
}

/** Levels of 255 by which letters drawn twice may differ in a tile. */
const MOST_BETWEEN_RUNS = 2

function isAlike(one: Picture, other: Picture): boolean {
  if (one.width !== other.width || one.height !== other.height) return false
  return one.rgb.every((value, at) => Math.abs(value - (other.rgb[at] ?? 0)) <= MOST_BETWEEN_RUNS)
}

interface Verdict {
  /** A line for each thing that differs too much, empty = looks as stored. */
  readonly lines: readonly string[]
  /** Tiles that differ, by section. */
  readonly tiles: readonly (readonly Tile[])[]
}

/** What of the page is not as it was expected, section by section. */
export function compared(expected: readonly Section[], found: readonly Section[]): Verdict {
  if (expected.length !== found.length) {
    const beyond = (of: readonly Section[], other: readonly Section[]) =>
      of
        .filter(({ name }) => !other.some((one) => one.name === name))
        .map(({ name }) => `"${name}"`)
    const counts = `${found.length} sections instead of ${expected.length}`
    const lacking = `lacking: ${beyond(expected, found).join(', ') || 'none'}`
    const added = `new: ${beyond(found, expected).join(', ') || 'none'}`
    return { lines: [`the page has ${counts}; ${lacking}; ${added}`], tiles: [] }
  }
  const pairs = found.map(({ name, tiles }, at) => {
    const of = difference(expected[at]?.tiles ?? tiles, tiles)
    return { name, size: tiles.width * tiles.height, of }
  })
  const lines = pairs.flatMap(({ name, size, of }) => {
    const patch = largestPatch(of.tiles)
    const why = [
      ...(of.lacking > MOST_ROWS ? [`lacks ${of.lacking * TILE_PX} px of height`] : []),
      ...(of.added > MOST_ROWS ? [`has ${of.added * TILE_PX} px of height more`] : []),
      ...(of.tiles.length > Math.max(MOST_IN_PATCH, MOST_OF_SECTION * size)
        ? [`${of.tiles.length} of ${size} tiles differ`]
        : []),
      ...(patch.length > MOST_IN_PATCH
        ? [`${patch.length} tiles that touch differ, ${placeOf(patch)}`]
        : []),
    ]
    return why.length === 0 ? [] : [`"${name}" ${why.join('; ')}`]
  })
  const all = pairs.reduce((sum, { of }) => sum + of.tiles.length, 0)
  const size = pairs.reduce((sum, pair) => sum + pair.size, 0)
  if (all > MOST_OF_PAGE * size) lines.push(`${all} of ${size} tiles of the page differ`)
  return { lines, tiles: pairs.map(({ of }) => of.tiles) }
}

function placeOf(patch: readonly Tile[]): string {
  const left = Math.min(...patch.map(({ column }) => column)) * TILE_PX
  const top = Math.min(...patch.map(({ row }) => row)) * TILE_PX
  return `from ${left} px right and ${top} px down of its corner`
}

const TIMES = 8

/** Writes what was expected and what was found. @returns the folder, which outlives the test run */
export function writePictures(
  { name, theme }: { readonly name: string; readonly theme: Theme },
  { screen, sections }: Shot,
): string {
  const expected = storedSections(name, theme)
  const { tiles } = compared(expected, sections)
  const found = stacked(sections.map((section) => section.tiles))
  const marked = new Set<number>()
  let top = 0
  for (const [at, section] of sections.entries()) {
    for (const { column, row } of tiles[at] ?? []) marked.add((top + row) * found.width + column)
    top += section.tiles.height + 1
  }
  const kept = mkdtempSync(join(process.env['PLIMSOLL_KEPT'] ?? tmpdir(), 'plimsoll-visual-'))
  const write = (what: string, png: Buffer) =>
    writeFileSync(join(kept, `${name}-${theme}-${what}.png`), png)
  const wanted = stacked(expected.map((section) => section.tiles))
  write('expected', encodePng(magnified(wanted, TIMES, new Set())))
  write('found', encodePng(magnified(found, TIMES, marked)))
  write('screen', screen)
  return kept
}
