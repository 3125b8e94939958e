import { ERRORS } from '#schemas/errors.ts'

/** A piece of a paragraph: plain, strong or code. */
export interface Span {
  readonly kind: 'text' | 'strong' | 'code'
  readonly text: string
}

/** Every code with its one line and, where docs/errors.md says more, its paragraphs. */
export interface ErrorSection {
  readonly code: string
  readonly status: number
  readonly summary: string
  readonly paragraphs: readonly (readonly Span[])[]
}

/** `docs` is the text of docs/errors.md: a heading per code, paragraphs below. */
export function errorSections(docs: string): ErrorSection[] {
  const bodies = new Map<string, string>()
  for (const part of docs.split(/^#{2,3} /m).slice(1)) {
    const [heading = '', ...lines] = part.split('\n')
    const code = /\bE_[A-Z_]+\b/.exec(heading)?.[0]
    if (code !== undefined) bodies.set(code, lines.join('\n'))
  }
  return Object.entries(ERRORS).map(([code, { status, summary }]) => ({
    code,
    status,
    summary,
    paragraphs: (bodies.get(code) ?? '')
      .split(/\n\s*\n/)
      .map((text) => text.trim().replaceAll('\n', ' '))
      .filter((text) => text !== '')
      .map(spansOf),
  }))
}

/** The two marks that page uses: `**strong**` and `` `code` ``. */
export function spansOf(text: string): Span[] {
  return text
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (piece.startsWith('**')) return { kind: 'strong', text: piece.slice(2, -2) }
      if (piece.startsWith('`')) return { kind: 'code', text: piece.slice(1, -1) }
      return { kind: 'text', text: piece }
    })
}
