import type { Picture } from '#lib/chart/picture-event.ts'
import type { CsvCell } from '#lib/csv.ts'

/** A chart or a table as a picture that explains itself: title, legend, time zone, definition, "simulated". */

/** px per px of the page. */
export const PICTURE_RATIO = 2
const ROWS_MAX = 60
const CELL_CHARS_MAX = 48
const MARGIN = 20
const LINE = 18
const FONT =
  '"Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC", "Noto Sans CJK SC", sans-serif'

/** A sign beside its words. Colours as the light theme has them. */
export interface LegendItem {
  readonly label: string
  readonly colour: string
  readonly look: 'line' | 'fill' | 'hatch'
}

export interface PictureWords {
  readonly title: string
  /** Under the title: window, time zone, definition. */
  readonly lines: readonly string[]
  /** Printed as a stamp; null = real data. */
  readonly stamp: string | null
  readonly legend: readonly LegendItem[]
  readonly ink: string
  readonly muted: string
  readonly paper: string
}

/** Charts as they stand on the page, under their title. */
export function chartsPicture(
  pictures: readonly Picture[],
  words: PictureWords,
): HTMLCanvasElement {
  const left = Math.min(...pictures.map(({ box }) => box.left))
  const top = Math.min(...pictures.map(({ box }) => box.top))
  const size = {
    width: Math.max(...pictures.map(({ box }) => box.right)) - left,
    height: Math.max(...pictures.map(({ box }) => box.bottom)) - top,
  }
  return framed(size, words, (context, at) => {
    for (const { canvas, box } of pictures)
      context.drawImage(canvas, at.x + box.left - left, at.y + box.top - top, box.width, box.height)
  })
}

/** The first rows of a table; `rest` says how many there are besides. */
export function tablePicture(
  header: readonly string[],
  rows: readonly (readonly CsvCell[])[],
  { rest, ...words }: PictureWords & { readonly rest: (count: number) => string },
): HTMLCanvasElement {
  const shown = rows.slice(0, ROWS_MAX).map((row) => row.map(cellText))
  const measure = contextOf(document.createElement('canvas'))
  measure.font = `12px ${FONT}`
  const widths = header.map((name, at) =>
    Math.ceil(
      Math.max(
        ...[name, ...shown.map((row) => row[at] ?? '')].map(
          (text) => measure.measureText(text).width,
        ),
      ),
    ),
  )
  const gap = 16
  const more = rows.length - shown.length
  const size = {
    width: Math.max(
      360,
      widths.reduce((sum, width) => sum + width + gap, 0),
    ),
    height: (shown.length + 1 + (more > 0 ? 1 : 0)) * LINE + 6,
  }
  const isNumber = header.map((_name, at) => typeof rows[0]?.[at] === 'number')
  return framed(size, words, (context, at) => {
    const line = (cells: readonly string[], y: number) => {
      let x = at.x
      for (const [column, text] of cells.entries()) {
        const width = widths[column] ?? 0
        context.textAlign = isNumber[column] === true ? 'right' : 'left'
        context.fillText(text, isNumber[column] === true ? x + width : x, y)
        x += width + gap
      }
      context.textAlign = 'left'
    }
    context.font = `12px ${FONT}`
    context.fillStyle = words.muted
    line(header, at.y + 12)
    context.fillRect(at.x, at.y + LINE, size.width, 0.5)
    context.fillStyle = words.ink
    for (const [index, row] of shown.entries()) line(row, at.y + (index + 2) * LINE - 2)
    context.fillStyle = words.muted
    if (more > 0) context.fillText(rest(more), at.x, at.y + size.height - 6)
  })
}

function cellText(cell: CsvCell): string {
  if (cell === null) return '—'
  const text = typeof cell === 'number' ? String(Math.round(cell * 1e4) / 1e4) : cell
  return text.length > CELL_CHARS_MAX ? `${text.slice(0, CELL_CHARS_MAX - 1)}…` : text
}

interface Size {
  readonly width: number
  readonly height: number
}

function framed(
  body: Size,
  words: PictureWords,
  paint: (
    context: CanvasRenderingContext2D,
    at: { readonly x: number; readonly y: number },
  ) => void,
): HTMLCanvasElement {
  const { title, lines, stamp, legend, ink, muted, paper } = words
  const head = 26 + lines.length * LINE + 8
  const foot = legend.length > 0 ? LINE + 8 : 0
  const canvas = document.createElement('canvas')
  const width = body.width + 2 * MARGIN
  const height = body.height + head + foot + 2 * MARGIN
  canvas.width = Math.round(width * PICTURE_RATIO)
  canvas.height = Math.round(height * PICTURE_RATIO)
  const context = contextOf(canvas)
  context.scale(PICTURE_RATIO, PICTURE_RATIO)
  context.fillStyle = paper
  context.fillRect(0, 0, width, height)
  context.fillStyle = ink
  context.font = `600 16px ${FONT}`
  context.fillText(title, MARGIN, MARGIN + 16)
  context.font = `12px ${FONT}`
  context.fillStyle = muted
  for (const [at, line] of lines.entries())
    context.fillText(line, MARGIN, MARGIN + 26 + (at + 1) * LINE - 4)
  if (stamp !== null) paintStamp(context, stamp, { x: width - MARGIN, y: MARGIN, colour: muted })
  paint(context, { x: MARGIN, y: MARGIN + head })
  let x = MARGIN
  for (const item of legend) {
    const y = height - MARGIN - 4
    paintSign(context, item, { x, y: y - 9 })
    context.fillStyle = muted
    context.fillText(item.label, x + 24, y)
    x += 24 + context.measureText(item.label).width + 20
  }
  return canvas
}

function paintStamp(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, colour }: { readonly x: number; readonly y: number; readonly colour: string },
): void {
  context.font = `600 13px ${FONT}`
  const width = context.measureText(text).width + 16
  context.strokeStyle = colour
  context.lineWidth = 1
  context.strokeRect(x - width, y, width, 22)
  context.fillText(text, x - width + 8, y + 15)
  context.font = `12px ${FONT}`
}

function paintSign(
  context: CanvasRenderingContext2D,
  { colour, look }: LegendItem,
  { x, y }: { readonly x: number; readonly y: number },
): void {
  context.fillStyle = colour
  context.strokeStyle = colour
  context.lineWidth = 1
  if (look === 'line') context.fillRect(x, y + 4, 18, 2)
  else if (look === 'fill') context.fillRect(x, y, 18, 10)
  else {
    context.beginPath()
    for (let at = 0; at <= 18; at += 4) {
      context.moveTo(x + at, y + 10)
      context.lineTo(Math.min(18, at + 6) + x, y)
    }
    context.stroke()
  }
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('this browser draws no canvas')
  return context
}

/** Offers a canvas as a PNG file. */
export async function offerPng(name: string, canvas: HTMLCanvasElement): Promise<void> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'))
  if (blob === null) throw new Error('the picture is too large')
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
