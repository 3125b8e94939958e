import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** A4 in points, and what is kept free at its edges. */
const MARGIN = { left: 40, right: 40, top: 40, bottom: 52 } as const

export type Weight = 'regular' | 'bold'

/** A place on a page and how wide it is, points from the left and upper edge. */
export interface Line {
  readonly x: number
  readonly width: number
}

export interface TextLook {
  readonly size: number
  readonly weight?: Weight
  readonly colour?: string
  readonly align?: 'left' | 'right' | 'center'
}

const INK = '#0e1c24'

/** Noto Sans SC has Latin and Chinese; of each only the glyphs that are used are embedded. */
async function fontBytes(): Promise<Readonly<Record<Weight, Uint8Array>>> {
  const bytesOf = (file: string) =>
    readFile(fileURLToPath(import.meta.resolve(`@expo-google-fonts/noto-sans-sc/${file}`)))
  const [regular, bold] = await Promise.all([
    bytesOf('400Regular/NotoSansSC_400Regular.ttf'),
    bytesOf('700Bold/NotoSansSC_700Bold.ttf'),
  ])
  return { regular, bold }
}

/** What a sheet says of itself; `at` stands for the time of writing, so that the same report is the same bytes. */
export interface SheetHead {
  readonly title: string
  readonly language: string
  readonly at: Date
}

/** Pages that fill from above: text and shapes are put at `y`, which goes down with them. */
export class Sheet {
  readonly #pdf: PDFKit.PDFDocument
  readonly #bytes: Promise<Uint8Array>
  readonly #widths = new Map<string, number>()
  /** Heights of one line by size and weight. */
  readonly #lines = new Map<string, number>()
  y: number = MARGIN.top

  private constructor(pdf: PDFKit.PDFDocument) {
    this.#pdf = pdf
    const chunks: Uint8Array[] = []
    this.#bytes = new Promise((resolve, reject) => {
      pdf.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      pdf.on('end', () => resolve(Buffer.concat(chunks)))
      pdf.on('error', reject)
    })
  }

  static async open({ title, language, at }: SheetHead): Promise<Sheet> {
    // Large, and most processes that could write a report never do.
    const [{ default: PdfKit }, fonts] = await Promise.all([import('pdfkit'), fontBytes()])
    const pdf = new PdfKit({
      size: 'A4',
      margin: 0,
      bufferPages: true,
      lang: language,
      displayTitle: true,
      info: {
        Title: title,
        Creator: 'Plimsoll',
        Producer: 'Plimsoll',
        CreationDate: at,
        ModDate: at,
      },
    })
    for (const weight of ['regular', 'bold'] as const)
      pdf.registerFont(weight, Buffer.from(fonts[weight]))
    return new Sheet(pdf)
  }

  /** The whole breadth between the margins. */
  get line(): Line {
    return { x: MARGIN.left, width: this.#pdf.page.width - MARGIN.left - MARGIN.right }
  }

  /** What is left of the page below `y`. */
  get room(): number {
    return this.#pdf.page.height - MARGIN.bottom - this.y
  }

  /** Begins a page unless this much fits on the one that is open. */
  need(height: number): boolean {
    if (height <= this.room) return false
    this.nextPage()
    return true
  }

  nextPage(): void {
    this.#pdf.addPage()
    this.y = MARGIN.top
  }

  /** Text that fits on one line is as high as one line, which is most of a table: only the rest is laid out. */
  heightOf(text: string, width: number, look: TextLook): number {
    const isOne = !text.includes('\n') && this.widthOf(text, look) <= width
    const laid = isOne ? ' ' : narrow(text)
    this.#use(look)
    const key = isOne ? `${look.size} ${look.weight ?? ''}` : ''
    const known = key === '' ? undefined : this.#lines.get(key)
    if (known !== undefined) return known
    const height = this.#pdf.heightOfString(laid, { width, lineGap: look.size * 0.1 })
    if (key !== '') this.#lines.set(key, height)
    return height
  }

  widthOf(text: string, look: TextLook): number {
    const key = `${look.size} ${look.weight ?? ''} ${text}`
    const known = this.#widths.get(key)
    if (known !== undefined) return known
    this.#use(look)
    const width = this.#pdf.widthOfString(narrow(text))
    this.#widths.set(key, width)
    return width
  }

  /** Text at `y`, which stays where it is. */
  textAt(text: string, { x, width }: Line, look: TextLook): void {
    this.#use(look)
    this.#pdf.fillColor(look.colour ?? INK).text(narrow(text), x, this.y, {
      width,
      align: look.align ?? 'left',
      lineGap: look.size * 0.1,
    })
  }

  /** Text over the whole breadth; `y` goes below it. Returns nothing; begins a page where it does not fit. */
  paragraph(text: string, look: TextLook, after: number): void {
    if (text === '') return
    const height = this.heightOf(text, this.line.width, look)
    this.need(height)
    this.textAt(text, this.line, look)
    this.y += height + after
  }

  box({ x, width }: Line, height: number, fill: string): void {
    if (width > 0) this.#pdf.rect(x, this.y, width, height).fill(fill)
  }

  rule(colour: string): void {
    const { x, width } = this.line
    this.#pdf
      .moveTo(x, this.y)
      .lineTo(x + width, this.y)
      .lineWidth(0.5)
      .stroke(colour)
  }

  /** Writes a line at the foot of every page and closes the sheet. */
  async close(footOf: (page: number, pages: number) => string): Promise<Uint8Array> {
    const { start, count } = this.#pdf.bufferedPageRange()
    for (let page = start; page < start + count; page += 1) {
      this.#pdf.switchToPage(page)
      this.y = this.#pdf.page.height - 34
      this.textAt(footOf(page - start + 1, count), this.line, { size: 7.5, colour: '#4a5a64' })
    }
    this.#pdf.end()
    return this.#bytes
  }

  #use({ size, weight = 'regular' }: TextLook): void {
    this.#pdf.font(weight).fontSize(size)
  }
}

const QUOTES: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019]/g, "'"],
  [/[\u201c\u201d]/g, '"'],
]

/** The font's curved quotes are as wide as a Chinese sign: right between such, a hole in an English word. */
function narrow(text: string): string {
  if (/[\u3000-\u9fff\uff00-\uffef]/.test(text)) return text
  return QUOTES.reduce((plain, [curved, straight]) => plain.replaceAll(curved, straight), text)
}
