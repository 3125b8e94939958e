import { type Span, spansOf } from '#lib/errors/sections.ts'

/** A block of the guide: a paragraph, or a table with a head. */
export type GuideBlock =
  | { readonly kind: 'text'; readonly spans: readonly Span[] }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly (readonly (readonly Span[])[])[]
    }

export interface GuideSection {
  /** As GitHub makes anchors of headings: small letters, dashes. */
  readonly anchor: string
  readonly title: string
  readonly blocks: readonly GuideBlock[]
}

/** `docs/pipeline.md#lag` as an address of this site. */
export const guideHref = (docs: string) => `/pipeline/guide#${docs.split('#')[1] ?? ''}`

/** The text of docs/pipeline.md as sections; links become their words. */
export function guideSections(text: string): GuideSection[] {
  return text.split(/^#{1,2} /m).flatMap((part): GuideSection[] => {
    const [title = '', ...lines] = part.trim().split('\n')
    if (title === '') return []
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-')
    const blocks = lines
      .join('\n')
      .split(/\n\s*\n/)
      .map((block) => block.trim())
      .filter((block) => block !== '')
    return [{ anchor, title, blocks: blocks.map(blockOf) }]
  })
}

function blockOf(block: string): GuideBlock {
  const lines = block.split('\n')
  if (!block.startsWith('|')) return { kind: 'text', spans: spansOf(withoutLinks(lines.join(' '))) }
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => withoutLinks(cell.trim()))
  const [head = '', , ...rows] = lines
  return { kind: 'table', head: cells(head), rows: rows.map((row) => cells(row).map(spansOf)) }
}

const withoutLinks = (text: string) => text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
