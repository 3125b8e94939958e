import { type Span, spansOf } from '#lib/errors/sections.ts'

/** docs/numbers.md as it is shown: headings, paragraphs, lists and formulas. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string; readonly id: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }

/** As addresses name a heading: `Loss and who pays` is `#loss-and-who-pays`. */
export const slugOf = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')

/** Blocks of the page without its first heading. Links keep their text only: they lead to files. */
export function numberBlocks(docs: string): Block[] {
  return docs
    .split(/\n\s*\n/)
    .map((block) => block.replace(/^\n+|\s+$/g, ''))
    .filter((block) => block !== '' && !block.startsWith('# '))
    .map(blockOf)
}

function blockOf(block: string): Block {
  const heading = /^(#{2,3}) (.+)$/.exec(block)
  if (heading !== null) {
    const text = heading[2] ?? ''
    return { kind: 'heading', level: heading[1] === '##' ? 2 : 3, text, id: slugOf(text) }
  }
  if (block.startsWith('    ')) return { kind: 'code', text: block.replaceAll(/^ {4}/gm, '') }
  if (block.startsWith('- '))
    return {
      kind: 'list',
      items: block
        .split(/\n?^- /m)
        .slice(1)
        .map(textSpans),
    }
  return { kind: 'paragraph', spans: textSpans(block) }
}

const textSpans = (text: string) =>
  spansOf(
    text
      .replaceAll(/\s*\n\s*/g, ' ')
      .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
      .replaceAll(/(?<![\w*])\*([^*]+)\*(?![\w*])/g, '$1'),
  )
